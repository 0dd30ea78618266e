/**
 * Repairs one log, and recovers one whose flush failed. Promises: no byte is destroyed, since the whole old file stands in the
 * quarantine before anything changes; what counts afterwards is proven; a sound log is not touched; killed anywhere and run
 * again, it ends the same.
 *
 * A hole is never bridged. Behind one, every event was decided on a state that nobody can fold any more: with the hole skipped,
 * each reader would show a history that never was. So the chain ends before the first hole, and only if a person says so.
 * Source: durability rules, section 6.
 */
import {
  type Clock,
  emptyHead,
  type Failpoint,
  noFailpoint,
  type Randomness,
  StoreFault,
  systemClock,
  systemRandomness,
} from "@mission-ledger/core";
import { faultOf } from "../faults.ts";
import type { FilePort } from "../files/file-port.ts";
import { type NameWatch, watchNames } from "../files/name-watch.ts";
import { nodeFiles } from "../files/node-files.ts";
import { makeDirectories, type OpenedFile, openRegularIfThere, readOnly } from "../files/safe-files.ts";
import { inspectFile } from "../inspect.ts";
import { layoutOf, type StreamPaths } from "../layout.ts";
import { checkFileSystem, realRoot } from "../location/local-root.ts";
import { streamLock } from "../lock/stream-lock.ts";
import type { Finding } from "../log/fold.ts";
import { ledgerOrder } from "../order/ledger-order.ts";
import { type RewriteContext, rewriteLog } from "../rewrite/rewrite-log.ts";
import { openCopySource } from "./copy-source.ts";
import { planRepair, type RepairPlan } from "./plan.ts";
import { proveNewLines } from "./prove-lines.ts";
import type { RepairedState, RepairRefusal, RepairReport } from "./report.ts";

export interface RepairOptions {
  readonly directory: string;
  readonly stream: string;
  /**
   * Path of another copy of the log, from which missing records are taken if they are proven to belong there: those of a hole, and
   * those of this ledger that follow the last record, where a log was cut short or is gone.
   */
  readonly from?: string;
  /** End the chain before the first hole that nothing fills. What stands behind it is kept in the quarantine only. @defaultValue false */
  readonly acceptLoss?: boolean;
  /** Say what would be done. Takes no lock and writes nothing. @defaultValue false */
  readonly dryRun?: boolean;
  /** How long to wait for writers. @defaultValue 10000 */
  readonly lockTimeoutMs?: number;
  /** @defaultValue false */
  readonly allowUnsafeFileSystem?: boolean;
  /** @defaultValue the real disk */
  readonly files?: FilePort;
  readonly clock?: Clock;
  readonly randomness?: Randomness;
  readonly failpoint?: Failpoint;
}

/** Throws a `StoreFault`: `not_written` if the log is as it was; `unknown` if it has to be run again. */
export const repairStream = async ({
  directory,
  stream,
  from,
  acceptLoss = false,
  dryRun = false,
  lockTimeoutMs = 10_000,
  allowUnsafeFileSystem = false,
  files = nodeFiles,
  clock = systemClock,
  randomness = systemRandomness,
  failpoint = noFailpoint,
}: RepairOptions): Promise<RepairReport> => {
  const root = realRoot(files, directory);
  if (!allowUnsafeFileSystem) checkFileSystem(files, root);
  const layout = layoutOf(root);
  const paths = layout.of(stream);
  const details = { stream, path: paths.log };
  const names = watchNames(files, layout.locks, systemClock);
  const repair: Repair = {
    context: { files, layout, clock, randomness, failpoint },
    paths,
    names,
    lockTimeoutMs,
    from,
    acceptLoss,
    dryRun,
  };
  try {
    if (dryRun) return await repairLocked(repair);
    if (files.lstat(root) === undefined) throw noLedger(root);
    for (const folder of [layout.logs, layout.locks]) makeDirectories(files, folder);
    const lock = streamLock({
      files,
      path: paths.lock,
      timeoutMs: lockTimeoutMs,
      clock,
      randomness,
      failpoint,
      elapsed,
      names,
    });
    try {
      if (!lock.tryAcquire()) await lock.acquire();
      return await repairLocked(repair);
    } finally {
      lock.release();
      lock.close();
    }
  } catch (error) {
    throw faultOf(error, "catch-up", details);
  }
};

interface Repair {
  readonly context: RewriteContext;
  readonly paths: StreamPaths;
  readonly names: NameWatch;
  readonly lockTimeoutMs: number;
  readonly from: string | undefined;
  readonly acceptLoss: boolean;
  readonly dryRun: boolean;
}

const repairLocked = async (repair: Repair): Promise<RepairReport> => {
  const { context, paths, from } = repair;
  const { files, failpoint } = context;
  failpoint("repair:read");
  const opened = openRegularIfThere(files, paths.log, readOnly);
  try {
    const source = from === undefined ? undefined : openCopySource(files, from, paths);
    try {
      const plan = planRepair(files, opened?.fd, paths, source);
      return await carryOut(repair, opened, plan);
    } finally {
      source?.close();
    }
  } finally {
    if (opened !== undefined) files.close(opened.fd);
  }
};

const carryOut = async (
  repair: Repair,
  opened: OpenedFile | undefined,
  plan: RepairPlan,
): Promise<RepairReport> => {
  const { context, paths, acceptLoss, dryRun } = repair;
  const { files, failpoint } = context;
  const suspect = files.lstat(paths.suspect) !== undefined;
  const { found, state } = stateOf(files, opened, paths);
  const refusal = refusalOf(plan, opened !== undefined, acceptLoss);
  const { restored, setAside, missing, lost } = plan;
  const report = {
    stream: paths.stream,
    path: paths.log,
    suspect,
    found,
    restored,
    setAside,
    missing,
    lost,
    quarantined: undefined,
    before: state,
    after: state,
    writable: false,
  };
  if (refusal !== undefined) return { ...report, outcome: "refused", refusal };
  const writable = plan.remaining.size === 0;
  if (!plan.changed && !suspect) return { ...report, setAside: [], outcome: "sound", writable };
  const bytes = proveNewLines(plan, paths, files, opened?.fd);
  const after: RepairedState = { bytes, records: plan.records, head: plan.head };
  if (dryRun) return { ...report, outcome: "would_repair", after, writable };
  failpoint("repair:rewrite");
  const lines = plan.lines.read(files, opened?.fd ?? -1);
  const { quarantined } = rewriteLog(context, paths, lines, { reason: plan.changed ? "repair" : "recovery" });
  if (restored.some(({ how }) => how === "copy")) await coverNumbers(repair, plan.lastSeq);
  return { ...report, outcome: "repaired", quarantined, after, writable };
};

/** What counted in the old file, and where it ended. */
const stateOf = (
  files: FilePort,
  opened: OpenedFile | undefined,
  paths: StreamPaths,
): { readonly found: readonly Finding[]; readonly state: RepairedState } => {
  if (opened === undefined) return { found: [], state: { bytes: 0, records: 0, head: emptyHead } };
  const { findings, bytes, records, head } = inspectFile(files, opened.fd, paths, false);
  return { found: findings, state: { bytes, records, head } };
};

const refusalOf = (
  { newerAt, missing, records }: RepairPlan,
  exists: boolean,
  acceptLoss: boolean,
): RepairRefusal | undefined => {
  if (newerAt !== undefined) return { _tag: "NewerFormat", offset: newerAt };
  if (missing.length > 0 && !acceptLoss) return { _tag: "EventsMissing" };
  return exists || records > 0 ? undefined : { _tag: "NoLog" };
};

/** Readers of the whole ledger see records up to the counter. Best effort: the stream's next writer raises it too. */
const coverNumbers = async ({ context, names, lockTimeoutMs }: Repair, lastSeq: number): Promise<void> => {
  const order = ledgerOrder({ ...context, elapsed, names });
  try {
    names.generation();
    await order.exclusively(
      (highest) => (lastSeq > highest ? lastSeq : undefined),
      elapsed() + lockTimeoutMs,
    );
  } catch {
    // The log is repaired and durable, whatever becomes of the counter.
  } finally {
    order.close();
  }
};

const elapsed = (): number => performance.now();

const noLedger = (root: string): StoreFault =>
  new StoreFault("STORE_MISSING", `${root} is not there`, {
    outcome: "not_written",
    retryable: false,
    hint: "Name the ledger's directory.",
    details: { path: root },
  });

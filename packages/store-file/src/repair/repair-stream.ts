/**
 * Repairs one log, and recovers one whose flush failed. Promises: no byte is destroyed, since the whole old file stands in the
 * quarantine before anything changes; what counts afterwards is proven; a sound log is not touched; killed anywhere and run
 * again, it ends the same.
 *
 * A hole is never bridged. Behind one, every event was decided on a state that nobody can fold any more: with the hole skipped,
 * each reader would show a history that never was. So the chain ends before the first hole, and only if a person says so.
 * Source: durability rules, section 6.
 */
import { emptyHead, StoreFault } from "@mission-ledger/core";
import { faultOf } from "../faults.ts";
import type { FilePort } from "../files/file-port.ts";
import { makeDirectories, type OpenedFile, openRegularIfThere, readOnly } from "../files/safe-files.ts";
import { inspectFile } from "../inspect.ts";
import type { StreamPaths } from "../layout.ts";
import { type LedgerAccess, type LedgerPorts, ledgerAccess, underLock } from "../ledger-access.ts";
import type { Finding } from "../log/fold.ts";
import { rewriteLog } from "../rewrite/rewrite-log.ts";
import { openCopySource } from "./copy-source.ts";
import { planRepair, type RepairPlan } from "./plan.ts";
import { proveNewLines } from "./prove-lines.ts";
import type { RepairedState, RepairRefusal, RepairReport } from "./report.ts";

export interface RepairOptions extends LedgerPorts {
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
}

/** Throws a `StoreFault`: `not_written` if the log is as it was; `unknown` if it has to be run again. */
export const repairStream = async ({
  directory,
  stream,
  from,
  acceptLoss = false,
  dryRun = false,
  ...ports
}: RepairOptions): Promise<RepairReport> => {
  const access = ledgerAccess(directory, ports);
  const { files, layout } = access;
  const paths = layout.of(stream);
  const repair: Repair = { access, paths, from, acceptLoss, dryRun };
  try {
    if (dryRun) return await repairLocked(repair);
    if (files.lstat(layout.root) === undefined) throw noLedger(layout.root);
    // A lock without a log would stay, and look like a log that is gone.
    if (files.lstat(paths.log) === undefined && files.lstat(paths.lock) === undefined) {
      const look = await repairLocked({ ...repair, dryRun: true });
      if (look.outcome === "refused") return look;
    }
    for (const folder of [layout.logs, layout.locks]) makeDirectories(files, folder);
    return await underLock(access.lockAt(paths.lock), () => repairLocked(repair));
  } catch (error) {
    throw faultOf(error, "catch-up", { stream, path: paths.log });
  } finally {
    access.order.close();
  }
};

interface Repair {
  readonly access: LedgerAccess;
  readonly paths: StreamPaths;
  readonly from: string | undefined;
  readonly acceptLoss: boolean;
  readonly dryRun: boolean;
}

const repairLocked = async (repair: Repair): Promise<RepairReport> => {
  const { access, paths, from } = repair;
  const { files, failpoint } = access;
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
  const { access, paths, acceptLoss, dryRun } = repair;
  const { files, failpoint } = access;
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
  const { quarantined } = rewriteLog(access, paths, lines, {
    reason: plan.changed ? "repair" : "recovery",
    ...(opened === undefined ? {} : { of: opened }),
  });
  if (restored.some(({ how }) => how === "copy")) await coverNumbers(access, plan.lastSeq);
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
const coverNumbers = async ({ order, deadline }: LedgerAccess, lastSeq: number): Promise<void> => {
  try {
    await order.exclusively((highest) => (lastSeq > highest ? lastSeq : undefined), deadline());
  } catch {
    // The log is repaired and durable, whatever becomes of the counter.
  }
};

const noLedger = (root: string): StoreFault =>
  new StoreFault("STORE_MISSING", `${root} is not there`, {
    outcome: "not_written",
    retryable: false,
    hint: "Name the ledger's directory.",
    details: { path: root },
  });

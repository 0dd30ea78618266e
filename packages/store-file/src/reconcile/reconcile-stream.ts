/**
 * Deciding between the branches of a stream: one event behind the winner that names the losers, and a log in which they are
 * kept but no longer count. Promises: the decision is flushed and read back before it is reported; no byte of the old log is
 * destroyed; killed at any step the log is the old or the new one, and the same command id finishes it.
 */
import {
  type CancelSignal,
  type Commit,
  type DemotedBranch,
  digestOf,
  type EventEnvelope,
  encodeReconciliation,
  type RecordedEvent,
  reconciledType,
  reconciliationOf,
  StoreFault,
  sealCommit,
  timestamp,
} from "@mission-ledger/core";
import { commandIdReused, findingFault } from "../append/refusals.ts";
import { digestOfRecord } from "../branches/identity.ts";
import type { CopyRecord } from "../branches/read-copy.ts";
import { betweenFlushes, type CopyAccess, copyAccess } from "../copy/copy-access.ts";
import { layLines } from "../copy/lay-lines.ts";
import { type LogContents, readLog } from "../copy/log-contents.ts";
import { faultOf } from "../faults.ts";
import type { StreamPaths } from "../layout.ts";
import { type LedgerPorts, underLock } from "../ledger-access.ts";
import { ledgerOrigin } from "../location/ledger-origin.ts";
import { hardRecordBytes } from "../log/bounds.ts";
import { encodeRecord } from "../log/record.ts";
import { rewriteLog } from "../rewrite/rewrite-log.ts";
import { choose } from "./choose.ts";

export interface ReconcileOptions extends LedgerPorts {
  readonly directory: string;
  readonly stream: string;
  /** `local`, or the beginning of the digest or id of the last event of the branch that goes on. */
  readonly winner: string;
  readonly reason?: string;
  readonly actor: string;
  /** One id for one intention, repeated with every retry. @defaultValue a fresh one */
  readonly commandId?: string;
  readonly signal?: CancelSignal;
}

/** What a reconciliation proves: its event was flushed and read back as the end of the stream. */
export interface Reconciled {
  readonly stream: string;
  readonly commandId: string;
  readonly eventId: string;
  readonly revision: number;
  readonly digest: string;
  readonly position: string;
  readonly winner: string;
  readonly losers: readonly DemotedBranch[];
  /** Events that no longer count, in order. */
  readonly demoted: readonly RecordedEvent[];
  /** The command id was in the log already: this is what it decided then. */
  readonly repeated: boolean;
  /** Where the old log stands in full. */
  readonly quarantined: string | undefined;
}

/** Throws a `StoreFault`: `FORK_DETECTED` (not_written) if there is nothing of that name to decide about. */
export const reconcileStream = async ({
  directory,
  stream,
  winner,
  reason,
  actor,
  commandId,
  signal,
  ...ports
}: ReconcileOptions): Promise<Reconciled> => {
  const access = copyAccess(directory, ports);
  const paths = access.layout.of(stream);
  const id = commandId ?? access.randomness.uuid();
  const request: Request = { paths, winner, reason, actor, commandId: id };
  try {
    return await underLock(
      access.lockAt(paths.lock),
      () => betweenFlushes(access, paths, () => decide(access, request)),
      signal,
    );
  } catch (error) {
    if (signal?.aborted) throw error;
    throw faultOf(error, "catch-up", { stream, commandId: id });
  } finally {
    access.close();
  }
};

interface Request {
  readonly paths: StreamPaths;
  readonly winner: string;
  readonly reason: string | undefined;
  readonly actor: string;
  readonly commandId: string;
}

const digestOfRequest = ({ paths, winner, reason }: Request): string =>
  digestOf({ stream: paths.stream, type: "ReconcileStream", winner, reason: reason ?? null });

const decide = async (access: CopyAccess, request: Request): Promise<Reconciled> => {
  const { paths, commandId } = request;
  access.failpoint("reconcile:read");
  const log = readLog(access.files, paths);
  if (log.finding !== undefined) throw findingFault(log.finding, paths.stream, paths.log);
  const earlier = log.chain.find(({ record }) => record.commandId === commandId);
  if (earlier !== undefined) return repeated(access, request, log, earlier);
  if (log.open.length === 0) throw nothingToDecide(paths.stream);
  const { chain, against, losers } = choose(log, request.winner, paths.stream);
  const commit = commitOn(access, request, chain, losers);
  const origin = ledgerOrigin(access).id();
  const kept = log.chain.filter((copy, index) => chain[index] === copy);
  let quarantined: string | undefined;
  const waiting = access.order.exclusively((highest) => {
    const before = layLines([[chain.slice(kept.length), undefined]], Math.max(highest, log.lastSeq));
    const seq = before.highest + 1;
    const line = encodeRecord(commit, { origin, seq }, hardRecordBytes);
    const after = layLines(
      [
        [log.demoted, "demoted"],
        [against, "demoted"],
      ],
      seq,
    );
    access.failpoint("reconcile:rewrite");
    const lines = [...kept.map((copy) => copy.line), ...before.lines, line, ...after.lines];
    ({ quarantined } = rewriteLog(access, paths, lines, { reason: "reconcile" }));
    return after.highest;
  }, access.deadline());
  if (waiting !== undefined) await waiting;
  access.failpoint("reconcile:read-back");
  const now = readLog(access.files, paths);
  const record = now.chain.at(-1);
  const stands = record !== undefined && digestOfRecord(record.record) === commit.events[0]?.digest;
  if (!stands || now.open.length > 0 || now.finding !== undefined) throw notShown(request);
  return { ...proofOf(paths.stream, record), demoted: eventsOf(against), repeated: false, quarantined };
};

const commitOn = (
  { clock }: CopyAccess,
  request: Request,
  chain: readonly CopyRecord[],
  losers: readonly DemotedBranch[],
): Commit => {
  const { paths, actor, commandId, reason } = request;
  const last = chain.at(-1)?.record.events.at(-1) as RecordedEvent;
  const context = {
    stream: paths.stream,
    commandId,
    commandDigest: digestOfRequest(request),
    recordedAt: timestamp(clock.now()),
    actor,
  };
  const event = encodeReconciliation({
    type: reconciledType,
    winner: last.digest,
    losers,
    ...(reason === undefined ? {} : { reason }),
  });
  return sealCommit({ revision: last.revision, digest: last.digest }, context, [event]);
};

/** The decision stands; that it is durable is made sure again, since its first writer may have died before it was. */
const repeated = async (
  access: CopyAccess,
  request: Request,
  log: LogContents,
  earlier: CopyRecord,
): Promise<Reconciled> => {
  const { paths } = request;
  const { record } = earlier;
  if (record.commandDigest !== digestOfRequest(request))
    throw commandIdReused({ stream: paths.stream, commandId: record.commandId } as Commit);
  // In the order of the old file: numbers rise in a log, and the last one is taken for the highest.
  const all = [...log.chain, ...log.demoted, ...log.open].sort(
    (left, right) => left.record.seq - right.record.seq,
  );
  const lines = all.map(({ line }) => line);
  const waiting = access.order.exclusively((highest) => {
    rewriteLog(access, paths, lines, { reason: "reconcile" });
    return log.lastSeq > highest ? log.lastSeq : undefined;
  }, access.deadline());
  if (waiting !== undefined) await waiting;
  const proof = proofOf(paths.stream, earlier);
  return { ...proof, demoted: namedIn(log, proof.losers), repeated: true, quarantined: undefined };
};

/** What the losers named by a decision hold, as far as it is kept here. */
const namedIn = (log: LogContents, losers: readonly DemotedBranch[]): readonly RecordedEvent[] => {
  const byDigest = new Map(log.demoted.map((copy) => [digestOfRecord(copy.record), copy]));
  const named = new Set<CopyRecord>();
  for (const { digest } of losers)
    for (let at = byDigest.get(digest); at !== undefined && !named.has(at); ) {
      named.add(at);
      const { previous } = at.record;
      at = previous === null ? undefined : byDigest.get(previous);
    }
  return eventsOf(log.demoted.filter((copy) => named.has(copy)));
};

const eventsOf = (records: readonly CopyRecord[]): readonly RecordedEvent[] =>
  records.flatMap(({ record }) => record.events);

const proofOf = (
  stream: string,
  { record }: CopyRecord,
): Omit<Reconciled, "demoted" | "repeated" | "quarantined"> => {
  const event = record.events[record.events.length - 1] as RecordedEvent;
  const { winner, losers } = reconciliationOf(event as EventEnvelope) ?? { winner: "", losers: [] };
  const { id, revision, digest, position, commandId } = event;
  return { stream, commandId, eventId: id, revision, digest, position, winner, losers };
};

const nothingToDecide = (stream: string): StoreFault =>
  new StoreFault("FORK_DETECTED", `${stream} has no branch that waits for a decision`, {
    outcome: "not_written",
    retryable: false,
    hint: "Nothing has to be decided; if a merge just brought something, run `mled publish` first.",
    details: { stream, forks: 0 },
  });

const notShown = ({ paths, commandId }: Request): StoreFault =>
  new StoreFault("READBACK_FAILED", `the log of ${paths.stream} does not end with the decision`, {
    outcome: "unknown",
    retryable: true,
    hint: "Repeat the command with the same command id; if it happens again, distrust the disk.",
    details: { stream: paths.stream, commandId },
  });

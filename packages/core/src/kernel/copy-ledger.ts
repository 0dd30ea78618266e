/**
 * A ledger from one store to another. Promises: nothing is written unless every stream of the source is sound and the target
 * holds nothing but a beginning of it; cut off anywhere, the next run goes on and ends equal; done is said only after both
 * sides were read and their counts and sums are the same.
 */
import { headOfCommit } from "./event.ts";
import { eventLoopTurns } from "./event-loop-turns.ts";
import { StoreFault } from "./faults.ts";
import { type CancelSignal, type Clock, systemClock } from "./ports.ts";
import { type Progress, progressMeter } from "./progress.ts";
import {
  type Kept,
  nothingStands,
  streamOfEntry,
  type TransferEntry,
  type TransferExtent,
  type TransferSource,
  type TransferStanding,
  type TransferTarget,
} from "./transfer.ts";
import { emptySum, type StreamSum, sumStream, totalSum } from "./transfer-sums.ts";

export interface CopyOptions {
  readonly from: TransferSource;
  readonly to: TransferTarget;
  /** Only these; what else stands in the target is left alone. @defaultValue all, and nothing else may stand in the target */
  readonly streams?: readonly string[];
  /** Only say what would be copied, having read both sides. @defaultValue false */
  readonly dryRun?: boolean;
  readonly signal?: CancelSignal;
  /** Told about every 100 ms, and at the end of a phase; each phase counts its own events. */
  readonly onProgress?: (progress: CopyProgress) => void;
  readonly clock?: Clock;
}

export type CopyPhase = "copying" | "reading" | "verifying";

export interface CopyProgress extends Progress {
  readonly phase: CopyPhase;
}

export interface CopiedStream extends StreamSum {
  /** Of its events, how many this run has written. */
  readonly copied: number;
}

export interface CopyReport {
  /** What the source held when the copy began; the target holds the same. */
  readonly streams: readonly CopiedStream[];
  readonly records: number;
  readonly events: number;
  /** Lines that count for nothing and were kept with the logs. */
  readonly asides: number;
  /** SHA-256 over the sums of all streams. */
  readonly sum: string;
  /** How much was compared: everything, or what the target can hold. */
  readonly kept: Kept;
  /** What this run wrote. */
  readonly copied: { readonly streams: number; readonly records: number; readonly events: number };
  /** False for a dry run that found something to copy. */
  readonly equal: boolean;
}

/** Throws `COPY_DIVERGED` for a target that holds something else; for a source that is not sound its first problem, all of them in `details.problems`. */
export const copyLedger = async ({
  from,
  to,
  streams,
  dryRun = false,
  signal,
  onProgress = () => {},
  clock = systemClock,
}: CopyOptions): Promise<CopyReport> => {
  const kept: Kept = from.keeps === "lines" && to.keeps === "lines" ? "lines" : "commits";
  const chosen = streams === undefined ? undefined : new Set(streams);
  const isMeant = ({ stream }: TransferExtent): boolean => chosen?.has(stream) ?? true;
  const extents = (await from.extents(signal)).filter(isMeant);
  const told = (phase: CopyPhase, total?: number): ((events: number) => void) => {
    const meter = progressMeter({ clock, ...(total === undefined ? {} : { total }) });
    let passed = 0;
    return (events) => {
      passed += events;
      const progress = passed === total ? meter.now({ events: passed }) : meter.due({ events: passed });
      if (progress !== undefined) onProgress({ ...progress, phase });
    };
  };

  const turn = eventLoopTurns();
  const begun = (await to.extents(signal)).filter(isMeant);
  if (!dryRun) await to.settle(begun.map(({ stream }) => stream));
  const onRead = told("reading");
  const standing = await sumsOf(to, begun, { kept, signal, onRead, turn });
  const names = new Set(extents.map(({ stream }) => stream));
  const stray = [...standing.values()].find(({ stream, entries }) => entries > 0 && !names.has(stream));
  if (stray !== undefined) throw diverged(stray.stream, "is in the target and not in the source");

  const wanted = await survey(from, extents, { kept, standing, signal, onRead, turn });
  const sums = [...wanted.values()];
  const missing = extents.filter(
    ({ stream }) => (standing.get(stream)?.entries ?? 0) < (wanted.get(stream)?.entries ?? 0),
  );
  const plan = reportOf(sums, standing, kept);
  if (missing.length === 0) {
    if (!dryRun) await to.finish();
    return plan;
  }
  if (dryRun) return { ...plan, equal: false };

  const onCopied = told("copying", plan.copied.events);
  let isBegun = false;
  try {
    await write({
      from,
      to,
      missing,
      wanted,
      standing,
      kept,
      signal,
      turn,
      onWritten: (events) => {
        isBegun = true;
        onCopied(events);
      },
    });
    await to.finish();
    const written = await sumsOf(to, (await to.extents(signal)).filter(isMeant), {
      kept,
      signal,
      turn,
      onRead: told("verifying", plan.events),
    });
    for (const sum of sums) {
      const found = written.get(sum.stream) ?? emptySum(sum.stream);
      if (found.entries > sum.entries)
        throw diverged(sum.stream, "was written to in the target while it was copied");
      if (found.entries !== sum.entries || found.sum !== sum.sum) throw notEqual(sum, found);
    }
  } catch (error) {
    throw isBegun && error instanceof StoreFault ? onceBegun(error) : error;
  }
  return plan;
};

type Turn = () => Promise<void> | undefined;

interface SumsOptions {
  readonly kept: Kept;
  readonly signal: CancelSignal | undefined;
  readonly onRead: (events: number) => void;
  /** A source on the disk is read without a pause: an interrupt would come when all is done. */
  readonly turn: Turn;
}

/** What stands in the target, which is read as critically as the source. */
const sumsOf = async (
  target: TransferSource,
  extents: readonly TransferExtent[],
  { kept, signal, onRead, turn }: SumsOptions,
): Promise<ReadonlyMap<string, StreamSum>> => {
  const sums = new Map<string, StreamSum>();
  for (const extent of extents) {
    try {
      const { whole } = await sumStream(target, extent, {
        kept,
        onRead,
        turn,
        ...(signal === undefined ? {} : { signal }),
      });
      sums.set(extent.stream, whole);
    } catch (error) {
      throw error instanceof StoreFault ? ofTarget(error) : error;
    }
  }
  return sums;
};

/** Part of it stands in the target by now, whoever says of his own step that nothing was written. */
const onceBegun = (fault: StoreFault): StoreFault =>
  fault.outcome === "unknown"
    ? fault
    : new StoreFault(fault.code, fault.message, {
        outcome: "unknown",
        retryable: fault.retryable,
        hint: fault.hint === undefined ? goOn : `${fault.hint} ${goOn}`,
        details: fault.details,
        cause: fault,
      });

/** The two sides may bear the same names. */
const ofTarget = (fault: StoreFault): StoreFault =>
  new StoreFault(fault.code, `in the target: ${fault.message}`, {
    outcome: fault.outcome,
    retryable: fault.retryable,
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    details: { ...fault.details, side: "target" },
    cause: fault,
  });

/** Reads all of the source before anything is written. Collects what is wrong with it, so that it can be mended in one go. */
const survey = async (
  from: TransferSource,
  extents: readonly TransferExtent[],
  {
    kept,
    standing,
    signal,
    onRead,
    turn,
  }: SumsOptions & { readonly standing: ReadonlyMap<string, StreamSum> },
): Promise<ReadonlyMap<string, StreamSum>> => {
  const sums = new Map<string, StreamSum>();
  const problems: StoreFault[] = [];
  for (const extent of extents) {
    const { stream } = extent;
    const stands = standing.get(stream) ?? emptySum(stream);
    try {
      const { whole, begun } = await sumStream(from, extent, {
        kept,
        at: stands.entries,
        onRead,
        turn,
        ...(signal === undefined ? {} : { signal }),
      });
      if (begun === undefined || begun.sum !== stands.sum)
        throw diverged(stream, "does not stand in the target as it begins in the source");
      sums.set(stream, whole);
    } catch (error) {
      if (!(error instanceof StoreFault)) throw error;
      problems.push(error);
    }
  }
  if (problems.length > 0) throw notSound(problems);
  return sums;
};

interface WriteOptions {
  readonly from: TransferSource;
  readonly to: TransferTarget;
  readonly missing: readonly TransferExtent[];
  readonly wanted: ReadonlyMap<string, StreamSum>;
  readonly standing: ReadonlyMap<string, StreamSum>;
  readonly kept: Kept;
  readonly signal: CancelSignal | undefined;
  readonly turn: Turn;
  readonly onWritten: (events: number) => void;
}

/** Large enough that a flush is shared by many commits, small enough to be held in memory. */
const mostBatchBytes = 1_048_576;
const mostBatchEntries = 2_048;

const write = async ({
  from,
  to,
  missing,
  wanted,
  standing,
  kept,
  signal,
  turn,
  onWritten,
}: WriteOptions): Promise<void> => {
  const ends = new Map<string, TransferStanding>(
    missing.map(({ stream }) => [stream, standing.get(stream) ?? nothingStands]),
  );
  const seen = new Map<string, number>();
  let batch: TransferEntry[] = [];
  let after = new Map<string, TransferStanding>();
  let [bytes, events] = [0, 0];
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    await to.take({ entries: batch, after }, signal);
    onWritten(events);
    [batch, after, bytes, events] = [[], new Map(), 0, 0];
  };
  const put = (entry: TransferEntry): void => {
    const stream = streamOfEntry(entry);
    const end = ends.get(stream) ?? nothingStands;
    const at = (seen.get(stream) ?? 0) + 1;
    // The source may have been written anew since it was read through: no more than that is asked of it.
    if (at > (wanted.get(stream)?.entries ?? 0)) throw changed(stream);
    seen.set(stream, at);
    if (at <= end.entries) return;
    if (!after.has(stream)) after.set(stream, end);
    batch.push(entry);
    bytes += entry.bytes;
    ends.set(stream, { head: entry._tag === "Commit" ? headOfCommit(entry.commit) : end.head, entries: at });
    if (entry._tag === "Commit") events += entry.commit.events.length;
  };
  const takeAll = async (source: AsyncIterable<readonly TransferEntry[]>): Promise<void> => {
    for await (const entries of source) {
      const waiting = turn();
      if (waiting !== undefined) await waiting;
      signal?.throwIfAborted();
      for (const entry of entries) {
        if (entry._tag === "Aside" && kept === "commits") continue;
        put(entry);
        if (bytes >= mostBatchBytes || batch.length >= mostBatchEntries) await flush();
      }
    }
  };
  // The numbers that a target gives to what has none say the order, so it has to come in it.
  if (to.takes === "in_log_order" || from.keeps === "commits")
    await takeAll(from.readTogether(missing, signal));
  else for (const extent of missing) await takeAll(from.read(extent, signal));
  await flush();
};

const reportOf = (
  sums: readonly StreamSum[],
  standing: ReadonlyMap<string, StreamSum>,
  kept: Kept,
): CopyReport => {
  const total = (of: (sum: StreamSum) => number): number => sums.reduce((all, sum) => all + of(sum), 0);
  const before =
    (of: (sum: StreamSum) => number) =>
    (sum: StreamSum): number => {
      const stood = standing.get(sum.stream);
      return stood === undefined ? 0 : of(stood);
    };
  const records = ({ records }: StreamSum): number => records;
  const events = ({ events }: StreamSum): number => events;
  return {
    streams: sums.map((sum) => ({ ...sum, copied: sum.events - before(events)(sum) })),
    records: total(records),
    events: total(events),
    asides: total(({ asides }) => asides),
    sum: totalSum(sums),
    kept,
    copied: {
      streams: sums.filter(({ stream, entries }) => entries > (standing.get(stream)?.entries ?? 0)).length,
      records: total(records) - total(before(records)),
      events: total(events) - total(before(events)),
    },
    equal: true,
  };
};

/** What stands in the target is not the beginning of what the source holds. */
export const diverged = (stream: string, why: string): StoreFault =>
  new StoreFault("COPY_DIVERGED", `${stream} ${why}`, {
    outcome: "not_written",
    retryable: false,
    hint: "Copy to an empty target, or to one that was copied from this source and not written to since.",
    details: { stream },
  });

const goOn = "Run the same copy again: it says whether the target can be gone on with.";

const changed = (stream: string): StoreFault =>
  new StoreFault("LOG_REPLACED", `${stream} was written anew while it was copied`, {
    outcome: "unknown",
    retryable: true,
    hint: goOn,
    details: { stream },
  });

const notEqual = (wanted: StreamSum, found: StreamSum): StoreFault =>
  new StoreFault("READBACK_FAILED", `the target does not give ${wanted.stream} back as it was copied`, {
    outcome: "unknown",
    retryable: true,
    hint: goOn,
    details: {
      stream: wanted.stream,
      wanted: { entries: wanted.entries, events: wanted.events, sum: wanted.sum },
      found: { entries: found.entries, events: found.events, sum: found.sum },
    },
  });

const notSound = (problems: readonly StoreFault[]): StoreFault => {
  const first = problems[0] as StoreFault;
  const others = problems.length - 1;
  return new StoreFault(
    first.code,
    `nothing was copied: ${first.message}${others === 0 ? "" : ` (and ${others} more)`}`,
    {
      outcome: "not_written",
      retryable: first.retryable,
      ...(first.hint === undefined ? {} : { hint: first.hint }),
      details: {
        ...first.details,
        problems: problems.map(({ code, message, hint, details }) => ({
          code,
          stream: details.stream ?? null,
          message,
          hint: hint ?? null,
        })),
      },
      cause: first,
    },
  );
};

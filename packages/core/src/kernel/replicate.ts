/**
 * A ledger brought to a second store, as it grows. Promises: commits arrive with their ids, times, digests and in the order
 * of their streams, each proven by reading it back; run again after any end it goes on, and sends nothing twice; what
 * somebody else wrote in the target is never written over. Never throws for what either store answers, or does not answer:
 * that is in the report.
 */
import type { Commit } from "./event.ts";
import type { EventStore } from "./event-store.ts";
import { type Limit, limitOf } from "./limit.ts";
import { type CancelSignal, type Clock, systemClock, systemTimers, type Timers } from "./ports.ts";
import { type Progress, progressMeter } from "./progress.ts";
import { type News, newsSince, type ReplicaMemory } from "./replica-memory.ts";
import { type ReplicationReport, replicationRun } from "./replication-run.ts";

export interface ReplicateOptions {
  /** Whose streams are brought over; a category stands before the first `-` of a stream's name. */
  readonly categories: readonly string[];
  /** Only these. @defaultValue all of the categories */
  readonly streams?: readonly string[];
  /**
   * What was written just now, in its order: brought before all others, whatever is remembered, and without reading it from
   * the source again. @defaultValue none
   */
  readonly written?: readonly Commit[];
  /**
   * What is remembered of this target: a run looks at what is new, and at nothing else. Without it the ends of all streams
   * are compared. @defaultValue nothing
   */
  readonly memory?: ReplicaMemory;
  /** Compares all streams, whatever is remembered; what is found is remembered. @defaultValue false */
  readonly compareAll?: boolean;
  /** Only compare; send and remember nothing. @defaultValue false */
  readonly dryRun?: boolean;
  /**
   * Milliseconds after which it ends with what it has; nobody who does not answer is waited for any longer.
   * @defaultValue no limit
   */
  readonly withinMs?: number;
  readonly signal?: CancelSignal;
  /** Failures in a row, with nothing brought over between them, after which it ends. @defaultValue 8 */
  readonly maxFailures?: number;
  /** Streams that are brought over side by side. @defaultValue 4 */
  readonly sideBySide?: number;
  /** Told about every 100 ms how many events were sent. */
  readonly onProgress?: (progress: Progress) => void;
  readonly clock?: Clock;
  readonly timers?: Timers;
}

/** The stores stay open: whoever opened them closes them. */
export const replicate = async (
  from: EventStore,
  to: EventStore,
  {
    categories,
    streams: only,
    written = [],
    memory,
    compareAll = false,
    dryRun = false,
    withinMs,
    signal,
    maxFailures = 8,
    sideBySide = 4,
    onProgress = () => {},
    clock = systemClock,
    timers = systemTimers,
  }: ReplicateOptions,
): Promise<ReplicationReport> => {
  const limit = limitOf({
    timers,
    ...(withinMs === undefined ? {} : { withinMs }),
    ...(signal === undefined ? {} : { signal }),
  });
  const meter = progressMeter({ clock });
  const onSent = (events: number): void => {
    const progress = meter.due({ events });
    if (progress !== undefined) onProgress(progress);
  };
  const run = replicationRun({ from, to, written, limit, dryRun, maxFailures, sideBySide, onSent });
  const all = (): Promise<readonly string[]> =>
    run.during("reading", () => streamsOf(from, categories, limit));
  let news: News | undefined;
  try {
    await run.bring(written.map(({ stream }) => stream));
    if (only === undefined && memory !== undefined)
      news = await run.during("remembering", () => newsSince(from, categories, memory, limit));
    const isTold =
      news?.isRemembered === true &&
      !compareAll &&
      [...run.lacked].every((lacked) => news?.mayLack(...lacked));
    await run.bring(only ?? (isTold ? [...(news?.streams ?? [])] : await all()));
  } catch (error) {
    run.endedBy(error);
  }
  try {
    // Where the target never answered there is nothing new to remember.
    if (!dryRun && run.hasCompared) await news?.save(run.behind);
  } catch (error) {
    run.notRemembered(error);
  }
  limit.end();
  return run.report;
};

const streamsOf = async (
  from: EventStore,
  categories: readonly string[],
  limit: Limit,
): Promise<readonly string[]> => {
  const streams: string[] = [];
  for (const category of categories) streams.push(...(await limit.within(from.streams(category))));
  return streams;
};

/** The work on one stream: fold it, compare what is written down, hand over what was made. */
import {
  type CancelSignal,
  emptyHead,
  type Folded,
  type FoldSpec,
  isDecidedAgainst,
  type Json,
  LedgerError,
  refuseFold,
  type Snapshot,
  type SnapshotEntry,
  type SnapshotStore,
  type StreamHead,
  strayWarning,
  type Unkept,
  unkeptIn,
} from "@mission-ledger/core";
import { explainDifference, type FoundDifference, findDifference } from "./difference.ts";
import { foldStream } from "./fold-stream.ts";
import { type Ground, nameOf } from "./ground.ts";
import type { StreamOutcome, StreamProblem, ViewDifference, ViewName } from "./outcome.ts";

export interface Work {
  /** Look at the live views, and say where they differ. */
  readonly compare: boolean;
  /** Views that are taken over as they are. */
  readonly keep: readonly ViewName[];
  /** Take a log for right that does not hold what a live view has seen. */
  readonly accept: boolean;
}

export interface WorkOptions {
  readonly work: Work;
  /** Takes the views of a stream; absent where nothing is to be written. */
  readonly add?: (stream: string, entries: readonly SnapshotEntry[]) => Promise<void>;
  readonly signal: CancelSignal | undefined;
  readonly count: (events: number) => Promise<void> | undefined;
}

/** Throws what concerns more than this stream. Nothing is added of a stream with a problem. */
export const workOnStream = async (
  { store, snapshots, folds, inspect }: Ground,
  stream: string,
  { work: { compare, keep, accept }, add, signal, count }: WorkOptions,
): Promise<StreamOutcome> => {
  const found: FoundDifference[] = [];
  const nothing = {
    stream,
    revision: -1,
    events: 0,
    unknownEvents: 0,
    compared: 0,
    strays: [],
    differences: [],
  };
  try {
    const problem = inspect?.(stream);
    if (problem !== undefined) return { ...nothing, problem };
    const live = compare
      ? await Promise.all(folds.map((spec) => snapshots.load({ stream, ...nameOf(spec) })))
      : [];
    let compared = 0;
    let odd: Odd | undefined;
    const { folded, strays } = await foldStream(store, stream, folds, {
      live,
      meet: (index, { gaps, ...made }, snapshot) => {
        // A view of a log that lacks events is compared with nothing.
        if (gaps > 0) return;
        compared += 1;
        const spec = folds[index] as Ground["folds"][number];
        const unkept = unkeptIn(made.state);
        // Without an end, or no JSON at all: there is nothing to compare.
        if (unkept !== undefined) odd ??= { spec, unkept, to: made.head.revision };
        else {
          const difference = findDifference(spec, snapshot, made);
          if (difference !== undefined) found.push(difference);
        }
      },
      signal,
      count,
    });
    const { head, sinceSnapshot: events, gaps } = folded[0] ?? nothingFolded;
    if (gaps > 0) return { ...nothing, events, problem: lacksEvents(stream, gaps) };
    const told = strays.map((index) => ({
      stream,
      view: nameOf(folds[index] as Ground["folds"][number]),
      revision: (live[index] as Snapshot).head.revision,
    }));
    const missed: Snapshot[] = [];
    for (const index of accept ? [] : strays) {
      const snapshot = live[index] as Snapshot;
      if (!(await isDecidedAgainst(store, stream, snapshot.head, signal))) missed.push(snapshot);
    }
    const replaced = replacedLog(stream, missed, head);
    if (replaced !== undefined) return { ...nothing, events, strays: told, problem: replaced };
    odd ??= oddOf(folds, folded);
    if (odd !== undefined) await refuseFold(store, stream, odd.spec, odd.unkept, { to: odd.to, signal });
    if (add !== undefined && head.revision >= 0)
      await add(stream, [
        ...entriesOf(stream, folds, folded),
        ...(await liveEntries(snapshots, stream, keep)),
      ]);
    const differences: ViewDifference[] = compare ? await damagedIn(snapshots, stream, folds, live) : [];
    for (const difference of found)
      differences.push(await explainDifference(store, stream, difference, signal));
    const unknownEvents = Math.max(0, ...folded.map((one) => one.unknownEvents));
    return {
      stream,
      revision: head.revision,
      events,
      unknownEvents,
      compared,
      strays: told,
      differences,
      problem: null,
    };
  } catch (error) {
    if (!isOfOneStream(error, stream)) throw error;
    return { ...nothing, problem: problemOf(stream, error) };
  }
};

/** A view that JSON does not keep, where it stood. */
interface Odd {
  readonly spec: FoldSpec<unknown>;
  readonly unkept: Unkept;
  readonly to: number;
}

const oddOf = (folds: Ground["folds"], folded: readonly Folded<unknown>[]): Odd | undefined => {
  for (let index = 0; index < folds.length; index += 1) {
    const { state, head } = folded[index] as Folded<unknown>;
    const unkept = unkeptIn(state);
    if (unkept !== undefined) return { spec: folds[index] as FoldSpec<unknown>, unkept, to: head.revision };
  }
  return undefined;
};

/** Views that something is stored of, though none that `load` gives out. */
const damagedIn = async (
  snapshots: SnapshotStore,
  stream: string,
  folds: Ground["folds"],
  live: readonly (Snapshot | undefined)[],
): Promise<ViewDifference[]> => {
  const damaged: ViewDifference[] = [];
  for (const [index, spec] of folds.entries()) {
    const view = nameOf(spec);
    if (live[index] !== undefined || !(await snapshots.isDamaged?.({ stream, ...view }))) continue;
    damaged.push({
      stream,
      view,
      path: [],
      kind: "damaged",
      live: null,
      rebuilt: null,
      revision: -1,
      madeBy: null,
      more: 0,
    });
  }
  return damaged;
};

/** The live views of a stream, where there are any, as entries of a set. */
export const liveEntries = async (
  snapshots: SnapshotStore,
  stream: string,
  views: readonly ViewName[],
): Promise<readonly SnapshotEntry[]> => {
  const entries: SnapshotEntry[] = [];
  for (const { name, version } of views) {
    const key = { stream, name, version };
    const snapshot = await snapshots.load(key);
    if (snapshot !== undefined) entries.push({ key, snapshot });
  }
  return entries;
};

const entriesOf = (
  stream: string,
  folds: Ground["folds"],
  folded: readonly Folded<unknown>[],
): readonly SnapshotEntry[] =>
  folds.map((spec, index) => {
    const { head, state, unknownEvents } = folded[index] as Folded<unknown>;
    return { key: { stream, ...nameOf(spec) }, snapshot: { head, state: state as Json, unknownEvents } };
  });

const nothingFolded = { head: emptyHead, sinceSnapshot: 0, gaps: 0 };

/**
 * What is wrong with a log that does not hold the event that live views have seen last: they are the last that tells of it. A
 * view from before the first event tells of none.
 */
export const replacedLog = (
  stream: string,
  strays: readonly Pick<Snapshot, "head">[],
  { revision, digest }: StreamHead,
): StreamProblem | undefined => {
  const furthest = strays
    .map(({ head }) => head)
    .reduce((one, other) => (other.revision > one.revision ? other : one), emptyHead);
  if (furthest.revision < 0) return undefined;
  const end = { revision, digest };
  const { code, message } = strayWarning(stream, furthest, end);
  const remembered = { revision: furthest.revision, digest: furthest.digest };
  return { stream, code, message, details: { stream, remembered, end } };
};

const lacksEvents = (stream: string, gaps: number): StreamProblem => ({
  stream,
  code: "LOG_CORRUPT",
  message: `the log of ${stream} lacks events`,
  details: { stream, gaps },
});

const problemOf = (stream: string, { code, message, details }: LedgerError): StreamProblem => ({
  stream,
  code,
  message,
  details,
});

/** What is wrong with one log and says nothing about the others. */
const ofOneStream: ReadonlySet<string> = new Set([
  "FORK_DETECTED",
  "LOG_CONFLICTED",
  "LOG_CORRUPT",
  "LOG_REPLACED",
  "UNSAFE_FILE",
  "UNSUPPORTED_FORMAT",
]);

/** The same where it names the stream, and else of the whole store. */
const ofNamedStream: ReadonlySet<string> = new Set(["PERMISSION_DENIED", "STORAGE_ERROR"]);

const isOfOneStream = (error: unknown, stream: string): error is LedgerError =>
  LedgerError.is(error) &&
  (ofOneStream.has(error.code) || (ofNamedStream.has(error.code) && error.details.stream === stream));

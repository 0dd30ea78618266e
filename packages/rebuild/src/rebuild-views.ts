/** Makes views anew from the first event, beside the live ones, and puts them in their place in one step. */
import type { SnapshotEntry, SnapshotSet, SnapshotStore } from "@mission-ledger/core";
import { withForgotten } from "./forgotten.ts";
import { nameOf, refuseOddFolds, streamsOf } from "./ground.ts";
import type { ViewsOptions } from "./options.ts";
import type { ViewName } from "./outcome.ts";
import { type BeginSet, partOf } from "./part.ts";
import { beginRun, type Run, type RunOptions, type RunReport } from "./run.ts";
import { liveEntries, type Work } from "./work-on-stream.ts";

export interface RebuildOptions extends ViewsOptions {
  /** Go on with an interrupted rebuild of the same views, if there is one. @defaultValue true */
  readonly resume?: boolean;
  /**
   * Say where the live views differ from those that take their place, and leave those that stand at an event which the log does
   * not hold, with a problem `LOG_REPLACED`. Costs reading them. @defaultValue false: whatever they hold is replaced
   */
  readonly compare?: boolean;
  /**
   * Take the logs for right as they are, though views were made of more: after a copy was put back on purpose that is older. Views
   * of streams that the store does not hold any more are dropped then. @defaultValue false: they stay, and are told with the problems
   */
  readonly acceptReplaced?: boolean;
  /** Views of a category that stay as they are; all that are neither made nor kept are gone afterwards. @defaultValue none */
  readonly keep?: readonly ViewName[];
  /** What the views depend on beside their names and versions: a rebuild under another word begins anew. @defaultValue nothing */
  readonly plan?: string;
  /** Milliseconds of work that a kill may cost. @defaultValue 500 */
  readonly flushEveryMs?: number;
}

export interface RebuildReport extends RunReport {
  /** Streams taken over from an interrupted rebuild; nothing else is said of them here. */
  readonly resumed: number;
  /**
   * `at_once`: readers saw the former views or the new ones. `one_by_one`: each view for itself, by stores without sets. `not`:
   * no stream is sound or there is none, and all keep the views they have.
   */
  readonly switched: "at_once" | "not" | "one_by_one";
  /** Views that the snapshot store did not take, though it says so to nobody. Only where they are replaced one by one. */
  readonly lost: number;
}

/**
 * Every view of every stream, in one pass over each. The live views stay as they are until all new ones are made; a stream
 * whose log is damaged keeps the views it has; so do all where there is no stream at all, since what is remembered may be the
 * last that is left of an emptied store. Events that come meanwhile are not waited for: each view says which event it
 * has seen last, and whoever reads it goes on from there.
 *
 * For single streams, and where the snapshot store has no sets, each view is replaced for itself.
 *
 * Throws `TypeError` for folds that name no view or one twice; `PROJECTION_FAILED` with projection, event, stream and revision; the signal's error; what the stores throw. The
 * live views are untouched then, and the next call goes on where this one stopped.
 */
export const rebuildViews = async (options: RebuildOptions): Promise<RebuildReport> => {
  const { scope, snapshots, folds } = options;
  refuseOddFolds(folds);
  const begin: BeginSet | undefined = snapshots.beginSet?.bind(snapshots);
  return "category" in scope && begin !== undefined
    ? rebuildBeside(options, scope.category, begin)
    : rebuildInPlace(options);
};

const rebuildBeside = async (
  options: RebuildOptions,
  category: string,
  begin: BeginSet,
): Promise<RebuildReport> => {
  const { store, snapshots, folds, keep = [], resume = true, flushEveryMs = 500, signal } = options;
  const { acceptReplaced = false } = options;
  const plan = planOf(options, category);
  const part = partOf(await beginAt(begin, plan, resume), flushEveryMs);
  try {
    const finished = await part.set.finished();
    const streams = await store.streams(category);
    const todo = streams.filter((stream) => !finished.has(stream));
    const resumed = streams.filter((stream) => finished.has(stream));
    const run = beginRun(acceptReplaced ? options : await withForgotten(options, streams), {
      work: workOf(options),
      part,
      writes: { plan, flushEveryMs },
      todo,
      resumed,
    });
    run.report.enter("folding");
    await run.over(todo, "all");
    // Whatever came later is made by its first reader, who has little to read.
    const known = new Set([...streams, ...finished.keys()]);
    await run.over(
      (await store.streams(category)).filter((stream) => !known.has(stream)),
      "here",
    );
    signal?.throwIfAborted();
    const { streams: worked, problems } = run.ended();
    // Not one of them can be made, or the store holds nothing: all keep what they have.
    if (problems.length === worked && resumed.length === 0 && !(acceptReplaced && worked === 0)) {
      await part.set.discard();
      return endOf(run, { resumed: 0, switched: "not", lost: 0 });
    }
    run.report.enter("switching");
    try {
      // Last of all: what is in the set counts as done when an interrupted rebuild is gone on with.
      for (const { stream } of problems)
        await part.add(stream, await liveEntries(snapshots, stream, [...folds.map(nameOf), ...keep]));
      await part.flush();
      await part.set.activate();
    } catch (error) {
      // Whoever went on with it would take the damaged ones for done, and not tell them.
      if (problems.length > 0) await part.set.discard().catch(() => {});
      throw error;
    }
    return endOf(run, { resumed: resumed.length, switched: "at_once", lost: 0 });
  } finally {
    await part.leave();
  }
};

const beginAt = async (begin: BeginSet, plan: string, resume: boolean): Promise<SnapshotSet> => {
  const set = await begin({ plan });
  if (resume) return set;
  await set.discard();
  await set.close();
  return begin({ plan });
};

/** Nothing is written before all streams are done, so that a projection that throws leaves all of them alone. */
const rebuildInPlace = async (options: RebuildOptions): Promise<RebuildReport> => {
  const { store, scope, snapshots, signal } = options;
  const todo = await streamsOf(store, scope);
  const staged = new Map<string, readonly SnapshotEntry[]>();
  const wait = "streams" in scope;
  let lost = 0;
  const part: RunOptions["part"] = {
    add: async (stream, entries) => {
      if (wait) staged.set(stream, entries);
      else lost += await saveAll(snapshots, entries);
    },
    tick: async () => {},
  };
  const run = beginRun(options, {
    work: { ...workOf(options), keep: [] },
    part,
    writes: undefined,
    todo,
    resumed: [],
  });
  run.report.enter("folding");
  await run.over(todo, "here");
  signal?.throwIfAborted();
  run.report.enter("switching");
  for (const entries of staged.values()) lost += await saveAll(snapshots, entries);
  return endOf(run, { resumed: 0, switched: "one_by_one", lost });
};

/** A cache never throws; whether it took a view is seen only by asking for it. Answers how many it did not take. */
const saveAll = async (snapshots: SnapshotStore, entries: readonly SnapshotEntry[]): Promise<number> => {
  let lost = 0;
  for (const { key, snapshot } of entries) {
    await snapshots.save(key, snapshot);
    const { head } = (await snapshots.load(key)) ?? {};
    if (head?.revision !== snapshot.head.revision || head.digest !== snapshot.head.digest) lost += 1;
  }
  return lost;
};

const endOf = (run: Run, more: Omit<RebuildReport, keyof RunReport>): RebuildReport => {
  run.report.enter("done");
  return { ...run.ended(), ...more };
};

const workOf = ({ compare = false, keep = [], acceptReplaced = false }: RebuildOptions): Work => ({
  compare,
  accept: acceptReplaced,
  keep: keep.map(nameOf),
});

/** Two rebuilds may go on with each other only if they make the same. */
const planOf = ({ folds, keep = [], plan = "" }: RebuildOptions, category: string): string =>
  JSON.stringify({
    category,
    folds: folds.map(nameOf),
    keep: keep.map(nameOf),
    ...(plan === "" ? {} : { plan }),
  });

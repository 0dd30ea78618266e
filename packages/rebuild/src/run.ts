/** One run over streams: who works, what is counted, what is told. */
import { type Clock, systemClock } from "@mission-ledger/core";
import { type Crew, hand } from "./crew.ts";
import { nameOf } from "./ground.ts";
import type { ViewsOptions } from "./options.ts";
import type { StrayView, StreamOutcome, StreamProblem, ViewDifference } from "./outcome.ts";
import type { Part } from "./part.ts";
import { type Reporter, reporter, type Tally, type ViewProgress, viewsOf } from "./progress.ts";
import { queueOf } from "./queue.ts";
import { threads } from "./threads.ts";
import type { Work } from "./work-on-stream.ts";

/** What a run over streams found, whatever it was for. */
export interface RunReport {
  /** Streams that were worked on now, those with a problem among them. */
  readonly streams: number;
  /** Events folded now. */
  readonly events: number;
  /** Events that some view did not know. */
  readonly unknownEvents: number;
  /** Live views that were found and compared. */
  readonly compared: number;
  /** Live views that differ, all of them counted. */
  readonly differing: number;
  /** Live views whose last event is not in the log, all of them counted. */
  readonly straying: number;
  /** What of each view, in the order of the folds; all counted, also what is not told one by one. */
  readonly views: readonly ViewProgress[];
  readonly differences: readonly ViewDifference[];
  readonly strays: readonly StrayView[];
  /** Streams of which nothing was made; their live views are as they were. */
  readonly problems: readonly StreamProblem[];
}

export interface Run {
  readonly report: Reporter;
  /** Works on streams, on several threads if there are any and it is worth it. */
  over(streams: readonly string[], crew: "all" | "here"): Promise<void>;
  ended(): RunReport;
}

export interface RunOptions {
  readonly work: Work;
  readonly part: Pick<Part, "add" | "tick"> | undefined;
  /** Where threads write. */
  readonly writes: { readonly plan: string; readonly flushEveryMs: number } | undefined;
  /** Streams to come. */
  readonly todo: readonly string[];
  /** Streams taken over from an interrupted run. */
  readonly resumed: readonly string[];
}

export const beginRun = (options: ViewsOptions, { work, part, writes, todo, resumed }: RunOptions): Run => {
  const {
    folds,
    lost = [],
    signal,
    workers,
    onProgress = () => {},
    progressEveryMs = 100,
    maxTold = 1_000,
  } = options;
  const clock: Clock = options.clock ?? systemClock;
  const views = folds.map(nameOf);
  const weights = new Map<string, number>();
  const weigh = (stream: string): number => {
    const known = weights.get(stream);
    if (known !== undefined) return known;
    // A stream without events takes some work too, and a guess that is no number none away.
    const weight = Math.max(1, options.weigh?.(stream) || 0);
    weights.set(stream, weight);
    return weight;
  };
  const weightOf = (streams: readonly string[]): number =>
    streams.reduce((sum, stream) => sum + weigh(stream), 0);
  const tally: Tally = {
    events: 0,
    total: todo.length + resumed.length,
    done: resumed.length,
    resumed: resumed.length,
    work: weightOf(resumed),
    doneEvents: 0,
    views,
    made: views.map(() => resumed.length),
    differing: views.map(() => 0),
  };
  const told = reporter({
    tally,
    work: tally.work + weightOf(todo),
    weighed: options.weigh !== undefined,
    onProgress,
    everyMs: progressEveryMs,
    clock,
  });
  const sums = { streams: lost.length, unknownEvents: 0, compared: 0, differing: 0, straying: 0 };
  const differences: ViewDifference[] = [];
  const strays: StrayView[] = [];
  const problems: StreamProblem[] = [...lost];

  const finished = (outcome: StreamOutcome): void => {
    const { stream, problem } = outcome;
    sums.streams += 1;
    sums.unknownEvents += outcome.unknownEvents;
    sums.compared += outcome.compared;
    sums.differing += outcome.differences.length;
    sums.straying += outcome.strays.length;
    for (const stray of outcome.strays) if (strays.length < maxTold) strays.push(stray);
    for (const difference of outcome.differences) {
      const index = views.findIndex(({ name }) => name === difference.view.name);
      tally.differing[index] = (tally.differing[index] as number) + 1;
      if (differences.length < maxTold) differences.push(difference);
    }
    if (problem !== null) problems.push(problem);
    else
      tally.made.forEach((made, index) => {
        tally.made[index] = made + 1;
      });
    tally.done += 1;
    tally.doneEvents += outcome.events;
    tally.work += weigh(stream);
    options.onStream?.(outcome);
    told.tick();
  };
  const count = (events: number): void => {
    tally.events += events;
    told.tick();
  };

  const own = { ground: options, work, part };
  const crewOf = (wanted: "all" | "here"): readonly [Crew, hands: number] =>
    workers !== undefined && workers.count > 1 && wanted === "all"
      ? [threads({ ...workers, own, writes, views, signal }), workers.count]
      : [hand({ ...own, signal }), 1];

  return {
    report: told,
    over: async (streams, wanted) => {
      if (streams.length === 0) return;
      const [crew, hands] = crewOf(wanted);
      tally.total = Math.max(tally.total, tally.done + streams.length);
      await crew.run(queueOf({ streams, weigh, hands }), { count, finished });
    },
    ended: () => ({
      ...sums,
      events: tally.events,
      views: viewsOf(tally),
      differences,
      strays,
      problems,
    }),
  };
};

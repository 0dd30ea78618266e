/** How far a rebuild is, as data. */
import { type Clock, type Progress, progressMeter } from "@mission-ledger/core";
import type { ViewName } from "./outcome.ts";

/** `listing` the streams, `folding` them, `switching` to the new views, `done`. Verifying never switches. */
export type Phase = "listing" | "folding" | "switching" | "done";

export interface RebuildProgress extends Progress {
  readonly phase: Phase;
  readonly streams: {
    /** With those of an interrupted rebuild that is gone on with. */
    readonly done: number;
    readonly total: number;
    /** Taken over from an interrupted rebuild. */
    readonly resumed: number;
  };
  /** Part of the work that is done: never shrinks, and is 1 at the end and only there. */
  readonly share: number;
  /** Each view, in the order of the folds. */
  readonly views: readonly ViewProgress[];
}

export interface ViewProgress extends ViewName {
  /** Streams of which it was made. */
  readonly streams: number;
  /** Streams whose live view was found to differ. */
  readonly differing: number;
}

/** What a rebuild counts while it runs. */
export interface Tally {
  events: number;
  total: number;
  done: number;
  resumed: number;
  /** Of the weight of all streams, what is done. */
  work: number;
  /** Events of streams that are done. */
  doneEvents: number;
  readonly views: readonly ViewName[];
  /** By index of the view. */
  readonly made: number[];
  readonly differing: number[];
}

export interface Reporter {
  /** Reports if it is time to. */
  tick(): void;
  /** Reports now. */
  enter(phase: Phase): void;
}

export interface ReporterOptions {
  readonly tally: Tally;
  /** The weight of all streams. */
  readonly work: number;
  /** Weights are about the number of events, so that events of streams in work may be counted in. */
  readonly weighed: boolean;
  readonly onProgress: (progress: RebuildProgress) => void;
  readonly everyMs: number;
  readonly clock: Clock;
}

export const reporter = ({ tally, work, weighed, onProgress, everyMs, clock }: ReporterOptions): Reporter => {
  const reached = () => ({
    events: tally.events,
    work: tally.work + (weighed ? Math.max(0, tally.events - tally.doneEvents) : 0),
  });
  const meter = progressMeter({ begun: reached(), work, everyMs, clock });
  let phase: Phase = "listing";
  let share = 0;
  const report = (progress: Progress): void => {
    // Streams that came meanwhile make the whole larger; what was said once is not taken back.
    share = phase === "done" ? 1 : Math.max(share, Math.min(progress.share ?? 0, mostBeforeTheEnd));
    const { total, done, resumed } = tally;
    onProgress({
      ...progress,
      phase,
      share,
      streams: { done, total, resumed },
      views: viewsOf(tally),
    });
  };
  return {
    tick: () => {
      const progress = meter.due(reached());
      if (progress !== undefined) report(progress);
    },
    enter: (next) => {
      phase = next;
      report(meter.now(reached()));
    },
  };
};

export const viewsOf = ({
  views,
  made,
  differing,
}: Pick<Tally, "views" | "made" | "differing">): readonly ViewProgress[] =>
  views.map((view, index) => ({
    ...view,
    streams: made[index] as number,
    differing: differing[index] as number,
  }));

/** The switch is part of the work too. */
const mostBeforeTheEnd = 0.999;

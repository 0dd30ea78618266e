/** Progress of long passes over the log, as data: how much is done, how fast it goes, how long it will take. */
import { type Clock, systemClock } from "./ports.ts";

export interface Progress {
  /** Events gone through, with those of an interrupted run that is being gone on with. */
  readonly events: number;
  /** Position of the last of them in the whole log, where the pass is in log order. */
  readonly position?: string;
  /** Events there are to go through; absent where counting them would cost as much as the pass. */
  readonly total?: number;
  /** Part of the work that is done, from 0 to 1; absent where nobody knows how much there is. */
  readonly share?: number;
  /** Events a second over the last ten seconds; absent until there is something to measure. */
  readonly perSecond?: number;
  /** Milliseconds of work left at that rate; absent while `share` or the rate is not known. */
  readonly leftMs?: number;
  /** Milliseconds since this run began. */
  readonly elapsedMs: number;
}

export type OnProgress = (progress: Progress) => void;

/** How far a pass has come, as its loop counts it. */
export interface Reached {
  readonly events: number;
  readonly position?: string | null;
  /** The same in the unit of `work`, where events are not what takes the time. @defaultValue `events` */
  readonly work?: number;
}

export interface ProgressMeterOptions {
  /** What was done before this run; it counts as done and not into the rate. @defaultValue nothing */
  readonly begun?: Reached;
  /** @defaultValue unknown */
  readonly total?: number;
  /** All of the work in another unit than events, such as the bytes of a log. @defaultValue `total` */
  readonly work?: number;
  /** Milliseconds between two reports. @defaultValue 100 */
  readonly everyMs?: number;
  readonly clock?: Clock;
}

export interface ProgressMeter {
  /** A report if one is due, so that a loop may ask after each batch. */
  due(reached: Reached): Progress | undefined;
  /** A report now: for the end. */
  now(reached: Reached): Progress;
}

interface Sample {
  readonly at: number;
  readonly events: number;
  readonly work: number;
}

/** A rate that forgets slow starts and follows a change of pace, yet does not jump with each report. */
const windowMs = 10_000;
const samplesInWindow = 100;

/** Measures a pass. The rate is that of the last ten seconds; a clock that steps back begins them anew. */
export const progressMeter = ({
  begun = { events: 0 },
  total,
  work = total,
  everyMs = 100,
  clock = systemClock,
}: ProgressMeterOptions = {}): ProgressMeter => {
  const sampleOf = (reached: Reached, at: number): Sample => ({
    at,
    events: reached.events,
    work: reached.work ?? reached.events,
  });
  let samples: Sample[] = [sampleOf(begun, clock.now())];
  let reportedAt = samples[0]?.at ?? 0;
  let elapsedMs = 0;
  let seenAt = reportedAt;

  const report = (reached: Reached, at: number): Progress => {
    const sample = sampleOf(reached, at);
    // A clock that stepped back says nothing about how long it took.
    if (at < seenAt) samples = [sample];
    else elapsedMs += at - seenAt;
    seenAt = at;
    reportedAt = at;
    while (samples.length > 1 && (samples[0] as Sample).at < at - windowMs) samples.shift();
    const first = samples[0] as Sample;
    const last = samples.at(-1) as Sample;
    if (at - last.at >= windowMs / samplesInWindow) samples.push(sample);
    const seconds = (at - first.at) / 1_000;
    const workPerSecond = (sample.work - first.work) / seconds;
    const share = work === undefined ? undefined : work <= 0 ? 1 : Math.min(1, sample.work / work);
    const { events, position } = reached;
    return {
      events,
      ...(position === undefined || position === null ? {} : { position }),
      ...(total === undefined ? {} : { total }),
      ...(share === undefined ? {} : { share }),
      ...(seconds > 0 ? { perSecond: (events - first.events) / seconds } : {}),
      ...(work !== undefined && seconds > 0 && workPerSecond > 0
        ? { leftMs: (Math.max(0, work - sample.work) / workPerSecond) * 1_000 }
        : {}),
      elapsedMs,
    };
  };

  return {
    due: (reached) => {
      const at = clock.now();
      return at >= reportedAt && at - reportedAt < everyMs ? undefined : report(reached, at);
    },
    now: (reached) => report(reached, clock.now()),
  };
};

/** What rebuilding and verifying are told. */
import type { CancelSignal, Clock } from "@mission-ledger/core";
import type { Ground, Scope } from "./ground.ts";
import type { StreamOutcome, StreamProblem } from "./outcome.ts";
import type { RebuildProgress } from "./progress.ts";
import type { WorkersOptions } from "./threads.ts";

export interface ViewsOptions extends Ground {
  readonly scope: Scope;
  /** Aborting ends the work after the block of events at hand, with the signal's error. */
  readonly signal?: CancelSignal;
  /** Streams of a category are shared out over threads. @defaultValue one, this thread */
  readonly workers?: WorkersOptions;
  /**
   * Streams of the category that the store does not list, although something is known of them: nothing is made of them, they
   * are told with the problems, and the views that are left of them stay. @defaultValue none
   */
  readonly lost?: readonly StreamProblem[];
  /** About how many events a stream has, where that is cheaply known. @defaultValue all streams alike */
  readonly weigh?: (stream: string) => number;
  /** Called now and then, at each change of phase, and at the end. What it throws ends the work. */
  readonly onProgress?: (progress: RebuildProgress) => void;
  /** Called with each stream that is done. What it throws ends the work. */
  readonly onStream?: (outcome: StreamOutcome) => void;
  /** Milliseconds between two calls of `onProgress`. @defaultValue 100 */
  readonly progressEveryMs?: number;
  /** Differences and problems that are told one by one; the rest is counted. @defaultValue 1000 */
  readonly maxTold?: number;
  /** Measures progress. @defaultValue the system's */
  readonly clock?: Clock;
}

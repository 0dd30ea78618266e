/** What a rig is: one kind of fault, run against the built packages until a goal is reached or the time is over. */

export interface RigRun {
  /** Units to reach; `Infinity` when only the time ends the run. */
  readonly goal: number;
  /** When to stop, in milliseconds of `performance.now()`. */
  readonly deadline: number;
  /** Repeats the run as far as the rig is deterministic. */
  readonly seed: number;
  /** A folder of the rig's own, removed after the run. */
  readonly scratch: string;
  /** The rig may stop when it has so many. @defaultValue 20 */
  readonly mostFailures?: number;
  /** Says something in between; goes to standard error. */
  readonly note: (text: string) => void;
}

export interface RigResult {
  /** Units done, counted where they happen. */
  readonly done: number;
  /** What went wrong, each with what replays it. None means that the rig passed. */
  readonly failures: readonly string[];
  /** What was measured or counted besides. */
  readonly figures: Readonly<Record<string, number | string>>;
}

export interface Rig {
  /** Of the target, `F01`. */
  readonly id: string;
  /** Of the file, and the word that `pnpm torture` takes. */
  readonly name: string;
  readonly title: string;
  /** What `done` counts, in the plural. */
  readonly unit: string;
  /** The goal of a push; 0 for a rig that only runs long. */
  readonly perPush: number;
  /** The goal of a long run without `--minutes`. */
  readonly longRun: number;
  /** Processor cores that it keeps busy. @defaultValue 1 */
  readonly cores?: number;
  /** Answers why it cannot run here. @defaultValue it can */
  readonly skip?: () => Promise<string | undefined> | string | undefined;
  readonly run: (run: RigRun) => Promise<RigResult>;
}

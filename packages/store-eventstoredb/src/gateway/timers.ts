/** Time as the gateway uses it, so that a test decides when a deadline has passed. */

export interface Timers {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs a task once after so many milliseconds, unless the returned function is called before. */
  after(milliseconds: number, task: () => void): () => void;
}

export const systemTimers: Timers = {
  now: () => Date.now(),
  after: (milliseconds, task) => {
    const timer = setTimeout(task, milliseconds);
    return () => clearTimeout(timer);
  },
};

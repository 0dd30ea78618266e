/** Time as the store needs it: how long something has taken, and to be woken. A test puts its own in. */
import type { CancelSignal } from "@mission-ledger/core";

export interface Timers {
  /** Milliseconds that never step back. */
  now(): number;
  /** Runs once, later. Answers how to call it off. */
  after(milliseconds: number, run: () => void): () => void;
}

export const systemTimers: Timers = {
  now: () => performance.now(),
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Waits so long, or until one of the signals aborts; it never rejects. */
export const pause = (
  timers: Timers,
  milliseconds: number,
  ...signals: readonly (CancelSignal | undefined)[]
): Promise<void> =>
  new Promise((resolve) => {
    const given = signals.filter((signal) => signal !== undefined);
    const end = (): void => {
      cancel();
      for (const signal of given) signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = timers.after(milliseconds, end);
    for (const signal of given) signal.addEventListener("abort", end);
    if (given.some(({ aborted }) => aborted)) end();
  });

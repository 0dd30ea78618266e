/** Time as the store needs it: how long something has taken, and to be woken. */
import type { CancelSignal } from "@mission-ledger/core";
import { systemTimers, type Timers } from "./gateway/timers.ts";

/** The system's, whose time never steps back. */
export const steadyTimers: Timers = { ...systemTimers, now: () => performance.now() };

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

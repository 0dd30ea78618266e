/** Time as a store on a server needs it: how long something has taken, and to be woken. A test decides both. */
import {
  type CancelSignal,
  type Clock,
  systemClock,
  systemTimers,
  type Timers as WakeUps,
} from "@mission-ledger/core";

export type Timers = Clock & WakeUps;

/** The system's, with the time of day. */
export const datedTimers: Timers = { ...systemClock, ...systemTimers };

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

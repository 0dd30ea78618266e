/** Time that passes only when nothing else is left to do: hours of waiting in milliseconds, the same way each time. */
import type { Timers } from "../timers.ts";

export interface VirtualTimers extends Timers {
  /** Lets time pass until the promise settles. Throws if nothing is left that could settle it, or after so long. */
  until<A>(promise: Promise<A>, longestMs?: number): Promise<A>;
  /** Lets so much time pass. */
  pass(milliseconds: number): Promise<void>;
  /** Timers that nobody has called off. */
  readonly pending: number;
}

interface Timer {
  readonly at: number;
  readonly number: number;
  readonly run: () => void;
}

export const virtualTimers = (): VirtualTimers => {
  let now = 0;
  let numbers = 0;
  const timers = new Set<Timer>();

  const next = (): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers)
      if (
        first === undefined ||
        timer.at < first.at ||
        (timer.at === first.at && timer.number < first.number)
      )
        first = timer;
    return first;
  };
  /** Everything that can happen without time passing. */
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const step = (timer: Timer): void => {
    timers.delete(timer);
    now = Math.max(now, timer.at);
    timer.run();
  };

  return {
    now: () => now,
    after: (milliseconds, run) => {
      numbers += 1;
      const timer = { at: now + Math.max(0, milliseconds), number: numbers, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    until: async (promise, longestMs = Number.POSITIVE_INFINITY) => {
      const end = now + longestMs;
      let isSettled = false;
      const done = (): void => {
        isSettled = true;
      };
      promise.then(done, done);
      for (;;) {
        await settle();
        if (isSettled) return promise;
        const timer = next();
        if (timer === undefined) throw new Error("nothing is left to happen, and it is still pending");
        if (timer.at > end) throw new Error(`still pending after ${longestMs} ms`);
        step(timer);
      }
    },
    pass: async (milliseconds) => {
      const end = now + milliseconds;
      for (;;) {
        await settle();
        const timer = next();
        if (timer === undefined || timer.at > end) break;
        step(timer);
      }
      now = end;
    },
    get pending() {
      return timers.size;
    },
  };
};

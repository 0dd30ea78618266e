/** Calls that change nothing, tried again while a server restarts or a cluster elects. */
import type { CancelSignal, Randomness } from "@mission-ledger/core";
import { isPassing } from "./faults.ts";
import { pause, type Timers } from "./timers.ts";

export interface Patience {
  /**
   * The task's answer, from as many tries as the time allows. A server that has never answered, or was waited for in vain since, is
   * not waited for: nobody is at home, and people want to know. Rethrows the last failure.
   */
  patiently<A>(task: () => Promise<A>, options?: PatienceOptions): Promise<A>;
  /** Waits before the next try; longer each time, and never as long as somebody else. */
  backOff(tries: number, signal?: CancelSignal): Promise<void>;
}

export interface PatienceOptions {
  /** When to give up, as `timers.now()` counts. @defaultValue after the store's patience */
  readonly until?: number;
  readonly signal?: CancelSignal;
}

export interface PatienceSetup {
  readonly timers: Timers;
  readonly randomness: Randomness;
  readonly patienceMs: number;
  /** Aborted when the store closes: nobody waits on. */
  readonly closing: CancelSignal;
}

/** Milliseconds. Source: a leader is elected within some 100 ms to 2.3 s; a server's own timeouts are 2 to 3 s. */
const firstPauseMs = 25;
const longestPauseMs = 1_500;
/** A server that listens answers the second or third try after a reset. */
const strangerMs = 500;
/** Tries after an error that nobody has named: it may pass, or be what the server says of that request for ever. */
const mostUnknown = 3;

export const patienceOf = ({ timers, randomness, patienceMs, closing }: PatienceSetup): Patience => {
  let hasAnswered = false;
  const backOff = (tries: number, signal?: CancelSignal): Promise<void> => {
    const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(tries, 10));
    return pause(timers, longest * (0.5 + randomness.fraction() / 2), closing, signal);
  };
  return {
    backOff,
    patiently: async (task, { until, signal } = {}) => {
      const begun = timers.now();
      for (let tries = 0; ; tries += 1) {
        try {
          const answer = await task();
          hasAnswered = true;
          return answer;
        } catch (error) {
          const giveUp = until ?? begun + (hasAnswered ? patienceMs : strangerMs);
          if (!isPassing(error) || (error.kind === "unknown" && tries >= mostUnknown)) throw error;
          if (closing.aborted || signal?.aborted) throw error;
          if (timers.now() >= giveUp) {
            // Those who wait behind this one are not kept as long again, one after the other.
            if (until === undefined) hasAnswered = false;
            throw error;
          }
          await backOff(tries, signal);
        }
      }
    },
  };
};

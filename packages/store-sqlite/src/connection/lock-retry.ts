/** Waiting for SQLite's write lock in our own way: its own starves processes (durability rules, section 11). */
import { type CancelSignal, type Randomness, StoreFault } from "@mission-ledger/core";
import { isBusy } from "../faults.ts";
import { holderOf } from "./locks.ts";

export interface LockRetryOptions {
  readonly path: string;
  readonly timeoutMs: number;
  readonly randomness: Randomness;
  /** Milliseconds that never step back. */
  readonly elapsed: () => number;
}

export interface LockRetry {
  /** Runs `attempt` until it no longer finds the database busy. Throws `LOCK_TIMEOUT`, or what the signal aborts with. */
  patiently<A>(attempt: () => A, signal?: CancelSignal): Promise<A>;
  /** The same inside a transaction, where nothing else may run in between: it sleeps with the whole thread. */
  stubbornly<A>(attempt: () => A): A;
}

/**
 * Source: durability rules, section 11 (0.2 to 10 ms, with jitter). Most of it is longer than a command takes: whoever has just
 * let the lock go is the first to have it again, and with it knows already what stands in the log and has the pages at hand.
 */
const shortestMs = 0.2;
const longestMs = 10;
/** Of a thread that sleeps, with a transaction open: nobody is let in before it goes on. */
const longestSleepMs = 1;

export const lockRetry = ({ path, timeoutMs, randomness, elapsed }: LockRetryOptions): LockRetry => {
  /** The same over all waits: who has waited longer must not ask less often, or newcomers would overtake. */
  const between = (shortest: number, longest: number): number =>
    shortest + randomness.fraction() * (longest - shortest);
  const timeIsOver = (error: unknown): StoreFault => {
    const holder = holderOf(path);
    return new StoreFault("LOCK_TIMEOUT", `another writer has held ${path} for ${timeoutMs} ms`, {
      outcome: "not_written",
      retryable: true,
      hint:
        holder === undefined
          ? "Try again. A program that keeps a transaction open on the database keeps writers out."
          : `Process ${holder} has it. If it hangs, continue or end it: its lock ends with it. Then try again.`,
      details: {
        path,
        timeoutMs,
        ...(holder === undefined ? {} : { holder: { pid: holder, proven: true } }),
      },
      cause: error,
    });
  };
  return {
    patiently: async (attempt, signal) => {
      const began = elapsed();
      for (;;) {
        try {
          return attempt();
        } catch (error) {
          if (!isBusy(error)) throw error;
          if (elapsed() - began >= timeoutMs) throw timeIsOver(error);
        }
        await timer(between(shortestMs, longestMs), signal);
        signal?.throwIfAborted();
      }
    },
    stubbornly: (attempt) => {
      const began = elapsed();
      for (;;) {
        try {
          return attempt();
        } catch (error) {
          if (!isBusy(error)) throw error;
          if (elapsed() - began >= timeoutMs) throw timeIsOver(error);
          sleep(between(shortestMs, longestSleepMs));
        }
      }
    },
  };
};

const bed = new Int32Array(new SharedArrayBuffer(4));
const sleep = (milliseconds: number): void => {
  Atomics.wait(bed, 0, 0, milliseconds);
};

const timer = (milliseconds: number, signal: CancelSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timeout);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timeout = setTimeout(wake, milliseconds);
    signal?.addEventListener("abort", wake);
  });

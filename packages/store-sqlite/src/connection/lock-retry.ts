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

/** Source: durability rules, section 11. */
const shortestMs = 0.2;
const longestMs = 10;
/** Below this a timer would wait five times too long; the thread sleeps instead, for less than a flush takes it. */
const timerMs = 1;

export const lockRetry = ({ path, timeoutMs, randomness, elapsed }: LockRetryOptions): LockRetry => {
  /** Even over all waits: who waits longer must not ask less often, or newcomers would overtake. */
  const jitter = (): number => shortestMs + randomness.fraction() ** 3 * (longestMs - shortestMs);
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
        const pauseMs = jitter();
        if (pauseMs < timerMs) sleep(pauseMs);
        else await timer(pauseMs, signal);
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
          sleep(jitter());
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

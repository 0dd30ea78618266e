/** How commands of one stream keep out of each other's way, in this process and among processes. */
import { type Limit, limitOf } from "./limit.ts";
import type { CancelSignal, Randomness, Timers } from "./ports.ts";
import { streamTurns } from "./stream-turns.ts";

export interface Contention {
  /** Waits for a command's turn on its stream. Answers how to leave it. Throws what the signal throws. */
  enter(stream: string, signal?: CancelSignal): Promise<() => void>;
  /** For one command. */
  lostRaces(): LostRaces;
}

export interface LostRaces {
  /** After a race that was lost: waits where waiting helps. Answers whether to decide again. Throws what the signal throws. */
  again(attempts: number, signal?: CancelSignal): Promise<boolean>;
  /** When the command has its answer. */
  end(): void;
}

/**
 * For a store that keeps everybody out while a command is decided: its lock makes the order, and a race is lost so rarely that
 * nobody has to wait for the next.
 */
export const underLock = (maxAttempts: number): Contention => ({
  enter: async () => () => {},
  lostRaces: () => ({ again: async (attempts) => attempts < maxAttempts, end: () => {} }),
});

export interface RacingOptions {
  readonly maxAttempts: number;
  /** Since the first race that was lost, in milliseconds. */
  readonly racesMs: number;
  readonly randomness: Randomness;
  readonly timers: Timers;
}

/**
 * For a store that keeps nobody out: commands of one process take turns, since all but one of them would lose; those of several
 * processes wait after a lost race, each as long as chance says, since together they would lose again.
 */
export const racing = ({ maxAttempts, racesMs, randomness, timers }: RacingOptions): Contention => {
  const turns = streamTurns();
  return {
    enter: async (stream, signal) => {
      const leave = await turns.enter(stream, signal);
      if (leave !== undefined) return leave;
      signal?.throwIfAborted();
      return () => {};
    },
    lostRaces: () => {
      let limit: Limit | undefined;
      return {
        again: async (attempts, signal) => {
          limit ??= limitOf({ withinMs: racesMs, timers });
          if (attempts >= maxAttempts || limit.reached !== undefined) return false;
          await pause(randomness.fraction() * longestMs(attempts), timers, signal);
          return true;
        },
        end: () => limit?.end(),
      };
    },
  };
};

/**
 * Longest wait after the n-th lost race: 2, 4, 8 … 128 ms. Source: a try takes some milliseconds beside the server and some ten
 * over a continent, and among eight who try each needs about eight such times to itself.
 */
const longestMs = (attempts: number): number => 2 ** Math.min(attempts, 7);

const pause = async (
  milliseconds: number,
  timers: Timers,
  signal: CancelSignal | undefined,
): Promise<void> => {
  const waiting = limitOf({ timers, ...(signal === undefined ? {} : { signal }) });
  try {
    await waiting.pause(milliseconds);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    waiting.end();
  }
};

/** One append at a time for each stream: two identical ones that overlap would be dropped by the server without an answer. */
import type { CancelSignal } from "@mission-ledger/core";
import type { Timers } from "../gateway/timers.ts";

export interface StreamTurns {
  /**
   * Runs the task when those before it on the same stream have ended. `undefined` if its turn did not come in time, or the signal
   * aborted meanwhile: then the task is never run.
   */
  take<A>(stream: string, task: () => Promise<A>, options: TurnOptions): Promise<A | undefined>;
}

export interface TurnOptions {
  readonly waitMs: number;
  readonly signal?: CancelSignal;
}

export const streamTurns = (timers: Timers): StreamTurns => {
  /** Who waits, in order; a stream without an entry is free. */
  const waiting = new Map<string, (() => void)[]>();

  const leave = (stream: string): void => {
    const next = waiting.get(stream)?.shift();
    if (next === undefined) waiting.delete(stream);
    else next();
  };
  /** Answers whether the turn came. */
  const enter = (stream: string, { waitMs, signal }: TurnOptions): Promise<boolean> => {
    const queue = waiting.get(stream);
    if (queue === undefined) {
      waiting.set(stream, []);
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const settle = (came: boolean): void => {
        callOff();
        signal?.removeEventListener("abort", giveUp);
        resolve(came);
      };
      const come = (): void => settle(true);
      const giveUp = (): void => {
        const at = queue.indexOf(come);
        if (at < 0) return;
        queue.splice(at, 1);
        settle(false);
      };
      const callOff = timers.after(waitMs, giveUp);
      queue.push(come);
      signal?.addEventListener("abort", giveUp);
      if (signal?.aborted) giveUp();
    });
  };

  return {
    take: async (stream, task, options) => {
      if (!(await enter(stream, options))) return undefined;
      try {
        return await task();
      } finally {
        leave(stream);
      }
    },
  };
};

/** Turns on a stream, one holder at a time in the order in which they came: for whoever would only get in each other's way there. */
import type { CancelSignal } from "./ports.ts";

export interface StreamTurns {
  /**
   * Waits until those who came before have left. Answers how to leave, to be called once; `undefined` if the signal aborted
   * before the turn came.
   */
  enter(stream: string, signal?: CancelSignal): Promise<(() => void) | undefined>;
}

export const streamTurns = (): StreamTurns => {
  /** Who waits, in order; a stream without an entry is free. */
  const queues = new Map<string, (() => void)[]>();

  return {
    enter: (stream, signal) => {
      const leave = (): void => {
        const next = queues.get(stream)?.shift();
        if (next === undefined) queues.delete(stream);
        else next();
      };
      if (signal?.aborted) return Promise.resolve(undefined);
      const queue = queues.get(stream);
      if (queue === undefined) {
        queues.set(stream, []);
        return Promise.resolve(leave);
      }
      return new Promise((resolve) => {
        const come = (): void => {
          signal?.removeEventListener("abort", giveUp);
          resolve(leave);
        };
        const giveUp = (): void => {
          signal?.removeEventListener("abort", giveUp);
          queue.splice(queue.indexOf(come), 1);
          resolve(undefined);
        };
        queue.push(come);
        signal?.addEventListener("abort", giveUp);
      });
    },
  };
};

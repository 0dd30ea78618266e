/**
 * An append is nothing but synchronous calls and microtasks. A process that appends without pause would never come to its
 * timers, signals and sockets; so now and then, between two groups, the event loop gets its turn.
 */

export interface EventLoopTurns {
  /** A promise to wait for before the next group, where the loop has not turned for too long. Nothing may be locked. */
  due(): Promise<void> | undefined;
}

/** Milliseconds that timers may be late. Source: short against a lease, long against an append. */
const longestWithout = 20;

export const eventLoopTurns = (elapsed: () => number): EventLoopTurns => {
  /** When the loop was last seen to turn; `undefined` when it has turned and nobody has asked since. */
  let since: number | undefined;
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    due: () => {
      if (since !== undefined) return elapsed() - since < longestWithout ? undefined : turn();
      since = elapsed();
      void turn().then(() => {
        since = undefined;
      });
      return undefined;
    },
  };
};

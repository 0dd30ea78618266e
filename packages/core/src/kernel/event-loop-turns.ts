/** Lets the event loop turn now and then: reading a store awaits, but often nothing that takes time. */

/** Milliseconds without a turn after which an interrupt feels late. Source: response times people notice, 100 ms, with room. */
const longest = 25;

const host = globalThis as unknown as {
  readonly setImmediate?: (task: () => void) => unknown;
  readonly setTimeout: (task: () => void) => unknown;
  readonly performance: { now(): number };
};

/** Answers a promise to wait for when it is time for a turn, so that timers, signals and sockets are not kept waiting. */
export const eventLoopTurns = (): (() => Promise<void> | undefined) => {
  let last = host.performance.now();
  const next = host.setImmediate ?? host.setTimeout;
  return () => {
    if (host.performance.now() - last < longest) return undefined;
    return new Promise((resolve) => {
      next(() => {
        last = host.performance.now();
        resolve();
      });
    });
  };
};

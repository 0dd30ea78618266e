/** Lets the event loop turn now and then: folding awaits, but never anything that takes time. */

/** Milliseconds without a turn after which an interrupt feels late. Source: response times people notice, 100 ms, with room. */
const longest = 25;

/** Answers a promise to wait for when it is time for a turn. */
export const turns = (): (() => Promise<void> | undefined) => {
  let last = performance.now();
  return () => {
    if (performance.now() - last < longest) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        last = performance.now();
        resolve();
      });
    });
  };
};

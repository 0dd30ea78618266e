/** Lets the event loop turn now and then: reading a store awaits, but often nothing that takes time. */
import type { EventBatch, EventStore } from "./event-store.ts";

/** Milliseconds without a turn after which an interrupt feels late. Source: response times people notice, 100 ms, with room. */
const longest = 25;

interface Immediate {
  /** Nothing waits for it: it keeps no process alive. */
  unref?(): void;
}

const host = globalThis as unknown as {
  readonly setImmediate?: (task: () => void) => Immediate;
  readonly setTimeout: (task: () => void) => Immediate;
  readonly performance: { now(): number };
};

/**
 * Answers a promise to wait for when it is time for a turn, so that timers, signals and sockets are not kept waiting. In a process
 * that pauses by itself there is none.
 */
export const eventLoopTurns = (
  elapsed: () => number = () => host.performance.now(),
): (() => Promise<void> | undefined) => {
  /** When the loop was last seen to turn; `undefined` when it has turned and nobody has asked since. */
  let since: number | undefined;
  const next = host.setImmediate ?? host.setTimeout;
  return () => {
    if (since !== undefined)
      return elapsed() - since < longest ? undefined : new Promise((resolve) => next(resolve) as unknown);
    since = elapsed();
    next(() => {
      since = undefined;
    }).unref?.();
    return undefined;
  };
};

/**
 * How a store is read where much is read: between batches the event loop turns, so that an interrupt is heard before the end. Of
 * many short readings as of a long one.
 */
export const readingInTurns = (
  store: Pick<EventStore, "read" | "readAll">,
): Pick<EventStore, "read" | "readAll"> => {
  const turn = eventLoopTurns();
  async function* turning(batches: AsyncIterable<EventBatch>): AsyncGenerator<EventBatch> {
    for await (const batch of batches) {
      yield batch;
      const waiting = turn();
      if (waiting !== undefined) await waiting;
    }
  }
  return {
    read: (stream, options) => turning(store.read(stream, options)),
    readAll: (options) => turning(store.readAll(options)),
  };
};

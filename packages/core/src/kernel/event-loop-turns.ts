/** Lets the event loop turn now and then: reading a store awaits, but often nothing that takes time. */
import type { EventBatch, EventStore } from "./event-store.ts";

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

/** How a store is read where much is read: between batches the event loop turns, so that an interrupt is heard before the end. */
export const readingInTurns = (
  store: Pick<EventStore, "read" | "readAll">,
): Pick<EventStore, "read" | "readAll"> => {
  const turn = eventLoopTurns();
  async function* turning(batches: AsyncIterable<EventBatch>): AsyncGenerator<EventBatch> {
    for await (const batch of batches) {
      yield batch;
      await turn();
    }
  }
  return {
    read: (stream, options) => turning(store.read(stream, options)),
    readAll: (options) => turning(store.readAll(options)),
  };
};

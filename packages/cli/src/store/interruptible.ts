/** A store whose readers let the event loop turn: a database answers at once, so an interrupt would wait for the last event. */
import { type EventBatch, type EventStore, eventLoopTurns } from "@mission-ledger/core";

export const interruptible = (store: EventStore): EventStore => {
  const turn = eventLoopTurns();
  async function* turning(batches: AsyncIterable<EventBatch>): AsyncGenerator<EventBatch> {
    for await (const batch of batches) {
      yield batch;
      await turn();
    }
  }
  return {
    ...store,
    read: (stream, options) => turning(store.read(stream, options)),
    readAll: (options) => turning(store.readAll(options)),
  };
};

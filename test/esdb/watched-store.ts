/** A store whose faults are noted on their way to the caller. */
import { type EventStore, isStoreFault, type StoreFault } from "@mission-ledger/core";

/** What `noted` is told: each fault once for each call it ended. */
export const watchedStore = (store: EventStore, noted: (fault: StoreFault) => void): EventStore => {
  const note = (error: unknown): never => {
    if (isStoreFault(error)) noted(error);
    throw error;
  };
  async function* watched<A>(values: AsyncIterable<A>): AsyncGenerator<A> {
    try {
      yield* values;
    } catch (error) {
      note(error);
    }
  }
  return {
    supports: store.supports,
    append: (request) => store.append(request).catch(note),
    readBack: (appended) => store.readBack(appended).catch(note),
    confirm: (stream, head) => store.confirm(stream, head).catch(note),
    findCommand: (stream, commandId) => store.findCommand(stream, commandId).catch(note),
    read: (stream, options) => watched(store.read(stream, options)),
    readAll: (options) => watched(store.readAll(options)),
    subscribe: (options) => watched(store.subscribe(options)),
    streams: (category) => store.streams(category).catch(note),
    head: (stream) => store.head(stream).catch(note),
    close: () => store.close(),
    ...(store.scan === undefined
      ? {}
      : {
          scan: (stream, options, sink) =>
            (store.scan as NonNullable<EventStore["scan"]>)(stream, options, sink).catch(note),
        }),
  };
};

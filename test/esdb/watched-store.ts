/** A store whose faults are noted on their way to the caller. */
import { type EventStore, isStoreFault, type StoreFault } from "@mission-ledger/core";

/**
 * `noted` is told each fault, and the operation that it ended. What an iteration rejects with counts as seen, too: a case that has
 * failed already waits for no subscription that fails after it.
 */
export const watchedStore = (
  store: EventStore,
  noted: (fault: StoreFault, operation: keyof EventStore) => void,
): EventStore => {
  const during =
    (operation: keyof EventStore) =>
    (error: unknown): never => {
      if (isStoreFault(error)) noted(error, operation);
      throw error;
    };
  const watched = <A>(operation: keyof EventStore, values: AsyncIterable<A>): AsyncIterable<A> => ({
    [Symbol.asyncIterator]: () => {
      const iterator = values[Symbol.asyncIterator]();
      return {
        next: () => {
          const step = iterator.next().catch(during(operation));
          step.catch(() => undefined);
          return step;
        },
        return: async (value?: unknown) => iterator.return?.(value) ?? { done: true, value: undefined },
      };
    },
  });
  const { scan } = store;
  return {
    supports: store.supports,
    append: (request) => store.append(request).catch(during("append")),
    readBack: (appended) => store.readBack(appended).catch(during("readBack")),
    confirm: (stream, head) => store.confirm(stream, head).catch(during("confirm")),
    findCommand: (stream, commandId) => store.findCommand(stream, commandId).catch(during("findCommand")),
    read: (stream, options) => watched("read", store.read(stream, options)),
    readAll: (options) => watched("readAll", store.readAll(options)),
    subscribe: (options) => watched("subscribe", store.subscribe(options)),
    streams: (category) => store.streams(category).catch(during("streams")),
    head: (stream) => store.head(stream).catch(during("head")),
    close: () => store.close(),
    ...(scan === undefined
      ? {}
      : { scan: (stream, options, sink) => scan(stream, options, sink).catch(during("scan")) }),
  };
};

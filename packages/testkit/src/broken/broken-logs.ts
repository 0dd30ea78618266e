/** Faults of the whole log: order, positions, categories, subscriptions, life and death. */
import type { EventBatch, RecordedEvent } from "@mission-ledger/core";
import type { BrokenStore } from "./broken-store.ts";
import { changed, withOperations } from "./wrapping.ts";

const never = new Promise<never>(() => {});

export const brokenLogs: readonly BrokenStore[] = [
  {
    name: "two events share a position",
    caughtBy: "positions are unique and sort as strings in log order",
    breakIt: (store) =>
      withOperations(store, {
        readAll: (options) => {
          let count = 0;
          let last = "";
          return changed(store.readAll(options), (batch) =>
            batch.map((event) => {
              count += 1;
              if (count % 2 === 1) last = event.position;
              return { ...event, position: last };
            }),
          );
        },
      }),
  },
  {
    name: "positions are numbers without leading zeros",
    caughtBy: "positions are unique and sort as strings in log order",
    breakIt: (store) =>
      withOperations(store, {
        readAll: (options) => {
          let count = 0;
          return changed(store.readAll(options), (batch) =>
            batch.map((event) => {
              count += 1;
              return { ...event, position: String(count) };
            }),
          );
        },
      }),
  },
  {
    name: "the log is ordered stream by stream",
    caughtBy: "the whole log has one order, the same for every read",
    breakIt: (store) =>
      withOperations(store, {
        readAll: async function* (options) {
          const all: RecordedEvent[] = [];
          for await (const batch of store.readAll(options)) all.push(...batch);
          all.sort((one, other) =>
            one.stream < other.stream ? -1 : one.stream > other.stream ? 1 : one.revision - other.revision,
          );
          if (all.length > 0) yield all;
        },
      }),
  },
  {
    name: "the log is ordered by revision",
    caughtBy: "positions are unique and sort as strings in log order",
    breakIt: (store) =>
      withOperations(store, {
        readAll: (options) =>
          changed(store.readAll(options), (batch) =>
            [...batch].sort((one, other) => one.revision - other.revision),
          ),
      }),
  },
  {
    name: "resuming skips an event",
    caughtBy: "a read resumes after any position with exactly the rest",
    breakIt: (store) =>
      withOperations(store, {
        readAll: (options = {}) => {
          let skip = options.after === undefined ? 0 : 1;
          return changed(store.readAll(options), (batch) => {
            const rest = batch.slice(skip);
            skip = Math.max(0, skip - batch.length);
            return rest;
          });
        },
      }),
  },
  {
    name: "resuming gives the last event again",
    caughtBy: "a read resumes after any position with exactly the rest",
    breakIt: (store) =>
      withOperations(store, {
        readAll: async function* (options = {}) {
          const { after, ...rest } = options;
          const from = (batch: EventBatch): EventBatch =>
            batch.filter(({ position }) => after === undefined || position >= after);
          yield* changed(store.readAll(rest), from);
        },
      }),
  },
  {
    name: "a category takes in every stream that begins like it",
    caughtBy: "a category gives exactly its own streams",
    breakIt: (store) =>
      withOperations(store, {
        readAll: ({ category, ...options } = {}) =>
          changed(store.readAll(options), (batch) =>
            batch.filter(({ stream }) => category === undefined || stream.startsWith(category)),
          ),
      }),
  },
  {
    name: "streams are listed as they came",
    caughtBy: "streams names the streams of a category, sorted",
    breakIt: (store) =>
      withOperations(store, {
        streams: async (category) => {
          const names = new Set<string>();
          for await (const batch of store.readAll({ category }))
            for (const { stream } of batch) names.add(stream);
          return [...names];
        },
      }),
  },
  {
    name: "a subscription gives history and nothing after",
    caughtBy: "a subscription gives history, then live events, in order",
    breakIt: (store) =>
      withOperations(store, {
        subscribe: async function* (options) {
          yield* store.readAll(options);
          await never;
        },
      }),
  },
  {
    name: "a subscription gives live events and no history",
    caughtBy: "a subscription gives history, then live events, in order",
    breakIt: (store) =>
      withOperations(store, {
        subscribe: async function* (options) {
          let last = "";
          for await (const batch of store.readAll(options)) last = batch.at(-1)?.position ?? last;
          yield* changed(store.subscribe(options), (batch) =>
            batch.filter(({ position }) => position > last),
          );
        },
      }),
  },
  {
    name: "a subscription loses an event now and then",
    caughtBy: "a subscription gives history, then live events, in order",
    breakIt: (store) =>
      withOperations(store, {
        subscribe: (options) => {
          let count = 0;
          return changed(store.subscribe(options), (batch) =>
            batch.filter(() => {
              count += 1;
              return count % 7 !== 0;
            }),
          );
        },
      }),
  },
  {
    name: "a subscription gives empty batches for other categories",
    caughtBy: "a subscription passes over other categories without an empty batch",
    breakIt: (store) =>
      withOperations(store, {
        subscribe: async function* ({ category, ...options } = {}) {
          for await (const batch of store.subscribe(options))
            yield batch.filter(({ stream }) => category === undefined || stream.startsWith(`${category}-`));
        },
      }),
  },
  {
    name: "a subscription forgets its category",
    caughtBy: "a subscription resumes after a position and keeps to its category",
    breakIt: (store) =>
      withOperations(store, { subscribe: ({ category: _, ...options } = {}) => store.subscribe(options) }),
  },
  {
    name: "a subscription forgets its position",
    caughtBy: "a subscription resumes after a position and keeps to its category",
    breakIt: (store) =>
      withOperations(store, { subscribe: ({ after: _, ...options } = {}) => store.subscribe(options) }),
  },
  {
    name: "a subscription ends when it has caught up",
    caughtBy: "a subscription to an empty log waits for the first event",
    breakIt: (store) => withOperations(store, { subscribe: (options) => store.readAll(options) }),
  },
  {
    name: "only one subscription gets live events",
    caughtBy: "two subscriptions each get everything",
    breakIt: (store) => {
      let taken = false;
      return withOperations(store, {
        subscribe: async function* (options) {
          const first = !taken;
          taken = true;
          if (first) yield* store.subscribe(options);
          yield* store.readAll(options);
          await never;
        },
      });
    },
  },
  {
    name: "a subscription is deaf to its signal",
    caughtBy: "a waiting subscription ends when its signal aborts",
    breakIt: (store) =>
      withOperations(store, { subscribe: ({ signal: _, ...options } = {}) => store.subscribe(options) }),
  },
  {
    name: "a subscription outlives its store",
    caughtBy: "a waiting subscription ends when the store closes",
    breakIt: (store) =>
      withOperations(store, {
        subscribe: async function* (options) {
          yield* store.subscribe(options);
          await never;
        },
      }),
  },
  {
    name: "a closed store goes on",
    caughtBy: "every operation on a closed store is refused",
    breakIt: (store) => withOperations(store, { close: async () => {} }),
  },
  {
    name: "a closed store answers from memory",
    caughtBy: "every operation on a closed store is refused",
    breakIt: (store) => {
      let last = new Map<string, Awaited<ReturnType<typeof store.head>>>();
      let closed = false;
      return withOperations(store, {
        head: async (stream) => {
          const head = closed ? last.get(stream) : await store.head(stream);
          if (head === undefined) return store.head(stream);
          last = last.set(stream, head);
          return head;
        },
        close: async () => {
          closed = true;
          await store.close();
        },
      });
    },
  },
  {
    name: "more is claimed than is kept",
    caughtBy: "the store claims exactly what it was said to support",
    breakIt: (store) =>
      withOperations(store, { supports: { ...store.supports, byteReadback: !store.supports.byteReadback } }),
  },
];

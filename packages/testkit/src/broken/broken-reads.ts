/** Faults of reading one stream, of content, and of proving what was written. */
import {
  type EventBatch,
  emptyHead,
  isStoreFault,
  type Json,
  type JsonObject,
  type RecordedEvent,
  StoreFault,
} from "@mission-ledger/core";
import type { BrokenStore } from "./broken-store.ts";
import { changed, withBatches, withEvents, withOperations, withStoredEvents } from "./wrapping.ts";

export const brokenReads: readonly BrokenStore[] = [
  {
    name: "readBack answers from the writer's memory while the log holds something else",
    caughtBy: "readBack gives the events that a read gives",
    breakIt: (store) => {
      const damaging = withStoredEvents(store, (events) =>
        events.map((event) => ({ ...event, data: { lost: true } })),
      );
      return withOperations(damaging, {
        readBack: async ({ commit }) =>
          commit.events.map((event) => ({ ...event, position: String(event.revision) })),
      });
    },
  },
  {
    name: "readBack looks only at the revision",
    caughtBy: "readBack gives no events for a commit that is not in the log",
    breakIt: (store) =>
      withOperations(store, {
        readBack: async ({ commit }) => {
          const events: RecordedEvent[] = [];
          for await (const batch of store.read(commit.stream)) events.push(...batch);
          return events.slice(commit.firstRevision, commit.firstRevision + commit.events.length);
        },
      }),
  },
  {
    name: "readBack gives the last commit whichever was asked for",
    caughtBy: "readBack gives a commit after others were appended",
    breakIt: (store) =>
      withOperations(store, {
        readBack: async ({ commit }) => {
          const events: RecordedEvent[] = [];
          for await (const batch of store.read(commit.stream)) events.push(...batch);
          return events.slice(-commit.events.length);
        },
      }),
  },
  {
    name: "a reading never lets the event loop turn",
    caughtBy: "reading without pause lets timers ring",
    breakIt: (store) => {
      const kept = new Map<string, EventBatch[]>();
      return withOperations(store, {
        async *read(stream) {
          const batches = kept.get(stream) ?? [];
          if (!kept.has(stream)) for await (const batch of store.read(stream)) batches.push(batch);
          kept.set(stream, batches);
          yield* batches;
        },
      });
    },
  },
  {
    name: "confirm believes everything",
    caughtBy: "confirm refuses a head that is not in the log",
    breakIt: (store) => withOperations(store, { confirm: async () => {} }),
  },
  {
    name: "the last revision of a read is exclusive",
    caughtBy: "a read begins after the given head and ends at the given revision, inclusive",
    breakIt: (store) =>
      withOperations(store, {
        read: (stream, options = {}) =>
          store.read(stream, options.to === undefined ? options : { ...options, to: options.to - 1 }),
      }),
  },
  {
    name: "the head that a read begins after is given again",
    caughtBy: "a read begins after the given head and ends at the given revision, inclusive",
    breakIt: (store) =>
      withOperations(store, {
        read: async function* (stream, options = {}) {
          const { revision } = options.after ?? emptyHead;
          for await (const _ of store.read(stream, options)) break;
          const { after: _, ...rest } = options;
          yield* changed(store.read(stream, rest), (batch) =>
            batch.filter((event) => event.revision >= revision),
          );
        },
      }),
  },
  {
    name: "a read after a foreign event goes on by revision",
    caughtBy: "a read after an event that is not in the log is refused",
    breakIt: (store) =>
      withOperations(store, {
        read: async function* (stream, options = {}) {
          const { revision } = options.after ?? emptyHead;
          const { after: _, ...rest } = options;
          yield* changed(store.read(stream, rest), (batch) =>
            batch.filter((event) => event.revision > revision),
          );
        },
      }),
  },
  {
    name: "the mark of a read is believed",
    caughtBy: "a wrong mark in a read costs time and not truth",
    breakIt: (store) =>
      withOperations(store, {
        read: async function* (stream, options = {}) {
          const mark = options.after?.mark;
          if (mark !== undefined && mark !== (await store.head(stream)).mark) return;
          yield* store.read(stream, options);
        },
      }),
  },
  {
    name: "a read stops after its first batch",
    caughtBy: "a long stream is read whole and in order",
    breakIt: (store) =>
      withOperations(store, {
        read: async function* (stream, options) {
          for await (const batch of store.read(stream, options)) {
            yield batch;
            return;
          }
        },
      }),
  },
  {
    name: "a read gives its newest event first",
    caughtBy: "a long stream is read whole and in order",
    breakIt: (store) => withBatches(store, (batch) => [...batch].reverse()),
  },
  {
    name: "an absent stream is a fault",
    caughtBy: "a stream that does not exist is empty",
    breakIt: (store) =>
      withOperations(store, {
        head: async (stream) => {
          const head = await store.head(stream);
          if (head.revision < 0)
            throw new StoreFault("STORE_MISSING", `no stream ${stream}`, {
              outcome: "not_written",
              retryable: false,
            });
          return head;
        },
      }),
  },
  {
    name: "the digest is not kept",
    caughtBy: "revisions count from 0 without gaps and every event is linked to the one before",
    breakIt: (store) => withEvents(store, (event) => ({ ...event, digest: "" })),
  },
  {
    name: "the link to the event before is not kept",
    caughtBy: "revisions count from 0 without gaps and every event is linked to the one before",
    breakIt: (store) => withEvents(store, (event) => ({ ...event, previous: null })),
  },
  {
    name: "revisions count from 1",
    caughtBy: "revisions count from 0 without gaps and every event is linked to the one before",
    breakIt: (store) => withEvents(store, (event) => ({ ...event, revision: event.revision + 1 })),
  },
  {
    name: "unicode is normalised",
    caughtBy: "unicode is kept code unit by code unit",
    breakIt: (store) =>
      withEvents(store, (event) => ({ ...event, data: mapStrings(event.data, (text) => text.normalize()) })),
  },
  {
    name: "line ends are normalised",
    caughtBy: "control characters, quotes and line ends are kept",
    breakIt: (store) =>
      withEvents(store, (event) => ({
        ...event,
        data: mapStrings(event.data, (text) => text.replaceAll("\r\n", "\n")),
      })),
  },
  {
    name: "nulls are dropped",
    caughtBy: "empty objects, empty lists, empty strings and nulls are kept",
    breakIt: (store) => withEvents(store, (event) => ({ ...event, data: withoutNulls(event.data) })),
  },
  {
    name: "numbers are kept as 32-bit floats",
    caughtBy: "numbers are kept exactly",
    breakIt: (store) =>
      withEvents(store, (event) => ({ ...event, data: mapNumbers(event.data, Math.fround) })),
  },
  {
    name: "long strings are cut at 4096",
    caughtBy: "long strings are kept",
    breakIt: (store) =>
      withEvents(store, (event) => ({
        ...event,
        data: mapStrings(event.data, (text) => text.slice(0, 4096)),
      })),
  },
  {
    name: "unknown event types are dropped",
    caughtBy: "event types that nobody knows are kept",
    breakIt: (store) => withBatches(store, (batch) => batch.filter(({ type }) => type === "Noted")),
  },
  {
    name: "events are handed out from a shared memory",
    caughtBy: "changing what a read gave does not change the log",
    breakIt: (store) => {
      const shared = new Map<string, RecordedEvent>();
      return withEvents(store, (event) => {
        const known = shared.get(`${event.stream}@${event.revision}`) ?? event;
        shared.set(`${event.stream}@${event.revision}`, known);
        return known;
      });
    },
  },
  {
    name: "commits are remembered by reference",
    caughtBy: "changing a request after it was answered does not change the log",
    breakIt: (store) => {
      const byReference = new Map<string, RecordedEvent["data"]>();
      const remembering = withEvents(store, (event) => ({
        ...event,
        data: byReference.get(event.id) ?? event.data,
      }));
      return withOperations(remembering, {
        append: (request) => {
          for (const { id, data } of request.commit.events) byReference.set(id, data);
          return store.append(request);
        },
      });
    },
  },
  {
    name: "stream names are folded to lower case",
    caughtBy: "hostile stream names are kept apart or refused, with nothing written",
    breakIt: (store) =>
      withOperations(store, {
        head: (stream) => store.head(stream.toLowerCase()),
        read: (stream, options) => store.read(stream.toLowerCase(), options),
        append: (request) =>
          store.append({
            ...request,
            commit: { ...request.commit, stream: request.commit.stream.toLowerCase() },
          }),
      }),
  },
  {
    name: "a replaced log is called something else",
    caughtBy: "a read after an event that is not in the log is refused",
    breakIt: (store) =>
      withOperations(store, {
        read: async function* (stream, options) {
          try {
            yield* store.read(stream, options);
          } catch (error) {
            throw isStoreFault(error) ? new Error(error.message) : error;
          }
        },
      }),
  },
];

const mapValues = (value: Json, change: (leaf: Json) => Json): Json => {
  if (Array.isArray(value)) return value.map((member: Json) => mapValues(member, change));
  if (typeof value !== "object" || value === null) return change(value);
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([key, member]) => [key, mapValues(member, change)]),
  );
};

const mapStrings = (data: JsonObject, change: (text: string) => string): JsonObject =>
  mapValues(data, (leaf) => (typeof leaf === "string" ? change(leaf) : leaf)) as JsonObject;

const mapNumbers = (data: JsonObject, change: (number: number) => number): JsonObject =>
  mapValues(data, (leaf) => (typeof leaf === "number" ? change(leaf) : leaf)) as JsonObject;

const withoutNulls = (data: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(data).filter(([, member]) => member !== null));

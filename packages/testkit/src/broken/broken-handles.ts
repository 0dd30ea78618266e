/** Faults that only another handle, or a look behind the store, can show. */
import { openMemoryStore, type StreamHead } from "@mission-ledger/core";
import type { BrokenStore } from "./broken-store.ts";
import { appendAtEnd, changed, withOperations } from "./wrapping.ts";

export const brokenHandles: readonly BrokenStore[] = [
  {
    name: "everything stays in the handle's memory",
    caughtBy: "another handle reads back what the first one wrote",
    breakIt: (store) => ({ ...openMemoryStore(), supports: store.supports }),
  },
  {
    name: "closing forgets the last event",
    caughtBy: "another handle sees everything",
    breakIt: (store) => {
      let count = 0;
      return withOperations(store, {
        append: async (request) => {
          const answer = await store.append(request);
          if (answer._tag === "Appended" && !answer.repeated) count += answer.commit.events.length;
          return answer;
        },
        readAll: (options) => {
          // A handle that wrote nothing itself finds one event less than there is.
          let hidden = count === 0 ? 1 : 0;
          return changed(store.readAll(options), (batch) => {
            const rest = batch.slice(hidden);
            hidden = 0;
            return rest;
          });
        },
      });
    },
  },
  {
    name: "the expected revision is compared with what this handle remembers",
    caughtBy: "two open handles on the same data let one append win",
    breakIt: (store) => {
      const heads = new Map<string, StreamHead>();
      return withOperations(store, {
        append: async (request) => {
          const { stream, firstRevision } = request.commit;
          const known = heads.get(stream)?.revision ?? firstRevision - 1;
          let answer = await store.append(request);
          while (answer._tag === "Conflict" && known === firstRevision - 1)
            answer = await appendAtEnd(store, request);
          if (answer._tag === "Appended") heads.set(stream, answer.head);
          return answer;
        },
      });
    },
  },
  {
    name: "the head is remembered and not looked at again",
    caughtBy: "open handles see each other's appends",
    breakIt: (store) => {
      const heads = new Map<string, StreamHead>();
      return withOperations(store, {
        append: async (request) => {
          const answer = await store.append(request);
          if (answer._tag === "Appended") heads.set(request.commit.stream, answer.head);
          return answer;
        },
        head: async (stream) => heads.get(stream) ?? store.head(stream),
      });
    },
  },
  {
    name: "readBack answers from the writer's memory",
    caughtBy: "readBack refuses an event that was changed behind the store's back",
    breakIt: (store) =>
      withOperations(store, {
        readBack: async ({ commit }) =>
          commit.events.map((event) => ({ ...event, position: String(event.revision) })),
      }),
  },
];

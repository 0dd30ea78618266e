/** Stores that do right on the disk and say something else: wrong outcomes, doubled or halved commands, other data. */
import { type EventBatch, isStoreFault, StoreFault } from "@mission-ledger/core";
import { withBatches, withOperations } from "../broken/wrapping.ts";
import type { BrokenDisk } from "./broken-disk.ts";
import { atCall, fullLives, isFlush, one, two } from "./crash-lives.ts";

export const brokenAnswers: readonly BrokenDisk[] = [
  {
    name: "calls a failed flush not written",
    caughtBy: "not written stays unwritten",
    lives: [{ commands: two, tries: 1, faults: atCall(isFlush, { _tag: "FlushLost", errno: "EIO" }, 2) }],
    breakStore: (store) =>
      withOperations(store, {
        append: async (request) => {
          try {
            return await store.append(request);
          } catch (error) {
            if (!isStoreFault(error)) throw error;
            const { code, message } = error;
            throw new StoreFault(code, message, { outcome: "not_written", retryable: true, cause: error });
          }
        },
      }),
  },
  {
    name: "knows no repeated command",
    caughtBy: "a retry ends in exactly one",
    lives: [{ commands: one }],
    breakStore: (store) =>
      withOperations(store, {
        append: async (request) => {
          const { revision, digest } = await store.head(request.commit.stream);
          const { commit } = request;
          if (revision < commit.firstRevision) return store.append(request);
          throw new StoreFault("COMMAND_ID_REUSED", `the log ends at ${revision} ${digest}`, {
            outcome: "unknown",
            retryable: false,
          });
        },
      }),
  },
  {
    name: "shows a command twice",
    caughtBy: "nothing is doubled",
    lives: [{ commands: one }],
    breakStore: (store) => withBatches(store, (batch) => [...batch, ...batch] as unknown as EventBatch),
  },
  {
    name: "shows half a command",
    caughtBy: "nothing is half applied",
    lives: [{ commands: [{ commandId: "c1", events: 2 }] }],
    breakStore: (store) => withBatches(store, (batch) => batch.slice(0, 1)),
  },
  {
    name: "counts one revision too far",
    caughtBy: "no revision is skipped",
    lives: [{ commands: two }],
    breakStore: (store) =>
      withBatches(store, (batch) =>
        batch.map((event) => ({ ...event, revision: event.revision + (event.revision > 0 ? 1 : 0) })),
      ),
  },
  {
    name: "changes data on the way back",
    caughtBy: "what is read is what was written",
    lives: [{ commands: one }],
    breakStore: (store) =>
      withBatches(store, (batch) => batch.map((event) => ({ ...event, data: { ...event.data, part: "0" } }))),
  },
  {
    name: "throws what the disk threw",
    caughtBy: "every answer is one of the four",
    lives: fullLives,
    breakStore: (store) =>
      withOperations(store, {
        append: async (request) => {
          try {
            return await store.append(request);
          } catch (error) {
            throw new Error(String(error));
          }
        },
      }),
  },
];

/** Faults of command ids. */
import {
  type AppendRequest,
  type Commit,
  type EventStore,
  isStoreFault,
  StoreFault,
} from "@mission-ledger/core";
import type { BrokenStore } from "./broken-store.ts";
import { withOperations } from "./wrapping.ts";

let commits = 0;

/**
 * Forgets the command ids for which `remembers` says no. The healthy store beneath gets a commit with an id of its own,
 * so that it finds no repeat; the events inside keep theirs.
 */
const forgetting = (
  store: EventStore,
  remembers: (earlier: readonly string[], id: string) => boolean,
): EventStore => {
  const earlier: string[] = [];
  const inner = new Map<string, string>();
  const keyOf = ({ stream, commandId }: Pick<Commit, "stream" | "commandId">): string =>
    JSON.stringify([stream, commandId]);
  return withOperations(store, {
    append: async (request) => {
      const key = keyOf(request.commit);
      const known = remembers(earlier, key);
      if (!known) commits += 1;
      const commandId = known
        ? (inner.get(key) ?? request.commit.commandId)
        : `${request.commit.commandId}~${commits}`;
      const answer = await store.append({ ...request, commit: { ...request.commit, commandId } });
      if (answer._tag === "Conflict" || answer.repeated) return restored(answer, request);
      inner.set(key, commandId);
      earlier.push(key);
      return restored(answer, request);
    },
    findCommand: async (stream, commandId) => {
      const found = await store.findCommand(stream, inner.get(keyOf({ stream, commandId })) ?? commandId);
      return found === undefined ? undefined : { ...found, commandId };
    },
  });
};

const restored = <Answer extends { readonly _tag: string }>(
  answer: Answer,
  { commit }: AppendRequest,
): Answer =>
  "commit" in answer
    ? { ...answer, commit: { ...(answer.commit as Commit), commandId: commit.commandId } }
    : answer;

export const brokenCommands: readonly BrokenStore[] = [
  {
    name: "command ids are not looked up",
    caughtBy: "a repeat is found whatever revision it expects and whatever it was sealed on",
    breakIt: (store) => forgetting(store, () => false),
  },
  {
    name: "only the last 200 command ids are remembered",
    caughtBy: "a repeated command id is known after hundreds of other commands",
    breakIt: (store) => forgetting(store, (earlier, key) => earlier.slice(-200).includes(key)),
  },
  {
    name: "command ids are remembered by the handle and not by the log",
    caughtBy: "a repeated command id is known to another handle",
    breakIt: (store) => forgetting(store, (earlier, key) => earlier.includes(key)),
  },
  {
    name: "a repeat is only seen when its revision fits",
    caughtBy: "a repeat is found whatever revision it expects and whatever it was sealed on",
    breakIt: (store) =>
      withOperations(store, {
        append: async (request) => {
          const { stream, firstRevision } = request.commit;
          const answer = await store.append(request);
          if (answer._tag === "Conflict" || !answer.repeated || answer.commit.firstRevision === firstRevision)
            return answer;
          return { _tag: "Conflict", stream, expected: request.expected, actual: await store.head(stream) };
        },
      }),
  },
  {
    name: "a repeat is answered with the new commit instead of the first",
    caughtBy: "a repeat is found whatever revision it expects and whatever it was sealed on",
    breakIt: (store) =>
      withOperations(store, {
        append: async (request) => {
          const answer = await store.append(request);
          return answer._tag === "Appended" && answer.repeated
            ? { ...answer, commit: request.commit }
            : answer;
        },
      }),
  },
  {
    name: "a repeat is not called one",
    caughtBy: "a repeated command id with equal content answers the first commit and writes nothing",
    breakIt: (store) =>
      withOperations(store, {
        append: async (request) => {
          const answer = await store.append(request);
          return answer._tag === "Appended" ? { ...answer, repeated: false } : answer;
        },
      }),
  },
  {
    name: "a command id is answered whatever its command asked",
    caughtBy: "a repeated command id with other content is refused and nothing is written",
    breakIt: (store) =>
      withOperations(store, {
        append: async (request) => {
          try {
            return await store.append(request);
          } catch (error) {
            const { stream, commandId } = request.commit;
            const first = await store.findCommand(stream, commandId);
            if (!isStoreFault(error) || error.code !== "COMMAND_ID_REUSED" || first === undefined)
              throw error;
            return store.append({ commit: first, expected: "no_stream" });
          }
        },
      }),
  },
  {
    name: "a command id is taken in every stream at once",
    caughtBy: "the same command id in another stream is another command",
    breakIt: (store) => {
      const streamOf = new Map<string, string>();
      return withOperations(store, {
        append: async (request) => {
          const { stream, commandId } = request.commit;
          if ((streamOf.get(commandId) ?? stream) !== stream)
            throw new StoreFault("COMMAND_ID_REUSED", "the id is taken", {
              outcome: "not_written",
              retryable: false,
            });
          streamOf.set(commandId, stream);
          return store.append(request);
        },
      });
    },
  },
  {
    name: "a refused command id is remembered as written",
    caughtBy: "a commit that was refused once can be written under the same command id",
    breakIt: (store) => {
      const refused = new Set<string>();
      return withOperations(store, {
        append: async (request) => {
          const { commit } = request;
          const answer = await store.append(request);
          if (answer._tag === "Conflict") refused.add(commit.commandId);
          return answer._tag === "Appended" && refused.has(commit.commandId)
            ? { ...answer, repeated: true }
            : answer;
        },
      });
    },
  },
  {
    name: "findCommand drops who caused the command",
    caughtBy: "findCommand answers the commit of a command with everything in it",
    breakIt: (store) =>
      withOperations(store, {
        findCommand: async (stream, commandId) => {
          const found = await store.findCommand(stream, commandId);
          if (found === undefined) return undefined;
          const { causationId: _, ...rest } = found;
          return rest;
        },
      }),
  },
];

/** Faults of appending. */
import type { Appended, Commit, EventEnvelope } from "@mission-ledger/core";
import type { BrokenStore } from "./broken-store.ts";
import { appendAtEnd, sealedOn, withOperations, withStoredEvents } from "./wrapping.ts";

export const brokenAppends: readonly BrokenStore[] = [
  {
    name: "any revision is accepted",
    caughtBy: "an append that expects less than the stream has is a conflict",
    breakIt: (store) =>
      withOperations(store, {
        append: async (request) => {
          const answer = await store.append(request);
          return answer._tag === "Conflict" ? appendAtEnd(store, request) : answer;
        },
      }),
  },
  {
    name: "a revision that the stream has not reached is accepted",
    caughtBy: "an append that expects more than the stream has is a conflict",
    breakIt: (store) =>
      withOperations(store, {
        append: async (request) => {
          const answer = await store.append(request);
          const ahead =
            answer._tag === "Conflict" &&
            typeof request.expected === "number" &&
            request.expected > answer.actual.revision;
          return ahead ? appendAtEnd(store, request) : answer;
        },
      }),
  },
  {
    name: "a stream that must not exist may exist",
    caughtBy: "an append that expects no stream is refused on an existing one",
    breakIt: (store) =>
      withOperations(store, {
        append: async (request) => {
          const answer = await store.append(request);
          return answer._tag === "Conflict" && request.expected === "no_stream"
            ? appendAtEnd(store, request)
            : answer;
        },
      }),
  },
  {
    name: "a refused append raises the revision",
    caughtBy: "a conflict does not raise the revision",
    breakIt: (store) => {
      const raised = new Map<string, number>();
      return withOperations(store, {
        append: async (request) => {
          const { stream } = request.commit;
          const head = await store.head(stream);
          const by = raised.get(stream) ?? 0;
          if (by > 0)
            return {
              _tag: "Conflict",
              stream,
              expected: request.expected,
              actual: { ...head, revision: head.revision + by },
            };
          const answer = await store.append(request);
          if (answer._tag === "Conflict") raised.set(stream, by + 1);
          return answer;
        },
      });
    },
  },
  {
    name: "a conflict is answered after the write",
    caughtBy: "an append that expects less than the stream has is a conflict",
    breakIt: (store) =>
      withOperations(store, {
        append: async (request) => {
          const answer = await store.append(request);
          if (answer._tag === "Conflict") await appendAtEnd(store, request);
          return answer;
        },
      }),
  },
  {
    name: "the digest of the event before is not compared",
    caughtBy: "an append on the right revision of another history is a conflict",
    breakIt: (store) =>
      withOperations(store, {
        append: async (request) => {
          const answer = await store.append(request);
          return answer._tag === "Conflict" && request.expected === answer.actual.revision
            ? appendAtEnd(store, request)
            : answer;
        },
      }),
  },
  {
    name: "half of a command's events is written",
    caughtBy: "the events of one command are written together and in order",
    breakIt: (store) => withStoredEvents(store, (events) => events.slice(0, Math.ceil(events.length / 2))),
  },
  {
    name: "a command's events are written in reverse",
    caughtBy: "the events of one command are written together and in order",
    breakIt: (store) => withStoredEvents(store, (events) => [...events].reverse()),
  },
  {
    name: "success is answered without writing",
    caughtBy: "an append that expects no stream begins an empty one",
    breakIt: (store) => withOperations(store, { append: async ({ commit }) => claimed(commit) }),
  },
  {
    name: "the first of several concurrent writers is overtaken",
    caughtBy: "of twenty appends that expect the same revision one is written",
    breakIt: (store) =>
      withOperations(store, {
        // Compares the revision first and writes later, with nobody kept out in between.
        append: async (request) => {
          const head = await store.head(request.commit.stream);
          if (head.revision !== (request.expected === "no_stream" ? -1 : request.expected))
            return store.append(request);
          await Promise.resolve();
          const answer = await store.append(request);
          return answer._tag === "Conflict" ? appendAtEnd(store, request) : answer;
        },
      }),
  },
  {
    name: "an append that was called off is written",
    caughtBy: "an append that was called off before it began writes nothing",
    breakIt: (store) =>
      withOperations(store, { append: ({ signal: _, ...request }) => store.append(request) }),
  },
  {
    name: "the mark of an append is believed",
    caughtBy: "a wrong mark in an append costs time and not truth",
    breakIt: (store) =>
      withOperations(store, {
        append: async (request) => {
          const { stream } = request.commit;
          const known = request.mark === undefined || request.mark === (await store.head(stream)).mark;
          return known
            ? store.append(request)
            : { _tag: "Conflict", stream, expected: request.expected, actual: await store.head(stream) };
        },
      }),
  },
  {
    name: "decideAgain gets all but the first missed event",
    caughtBy: "decideAgain gets exactly the missed events, once",
    breakIt: (store) =>
      withOperations(store, {
        append: ({ decideAgain, ...request }) =>
          store.append(
            decideAgain === undefined
              ? request
              : { ...request, decideAgain: (missed, head) => decideAgain(() => missed().slice(1), head) },
          ),
      }),
  },
  {
    name: "decideAgain is called twice",
    caughtBy: "decideAgain gets exactly the missed events, once",
    breakIt: (store) =>
      withOperations(store, {
        append: ({ decideAgain, ...request }) =>
          store.append(
            decideAgain === undefined
              ? request
              : {
                  ...request,
                  decideAgain: (missed, head) => {
                    decideAgain(missed, head);
                    return decideAgain(missed, head);
                  },
                },
          ),
      }),
  },
  {
    name: "the commit of decideAgain is dropped for the first one",
    caughtBy: "the commit that decideAgain answers is written",
    breakIt: (store) =>
      withOperations(store, {
        append: ({ decideAgain, ...request }) =>
          store.append(
            decideAgain === undefined
              ? request
              : {
                  ...request,
                  decideAgain: (missed, head) =>
                    decideAgain(missed, head) === undefined ? undefined : sealedOn(head, request.commit),
                },
          ),
      }),
  },
  {
    name: "an undefined decision writes the first commit all the same",
    caughtBy: "decideAgain that answers undefined leaves with the conflict and writes nothing",
    breakIt: (store) =>
      withOperations(store, {
        append: ({ decideAgain, ...request }) =>
          store.append(
            decideAgain === undefined
              ? request
              : {
                  ...request,
                  decideAgain: (missed, head) => decideAgain(missed, head) ?? sealedOn(head, request.commit),
                },
          ),
      }),
  },
  {
    name: "an error of decideAgain is swallowed",
    caughtBy: "decideAgain that throws passes its error through and writes nothing",
    breakIt: (store) =>
      withOperations(store, {
        append: ({ decideAgain, ...request }) =>
          store.append(
            decideAgain === undefined
              ? request
              : {
                  ...request,
                  decideAgain: (missed, head) => {
                    try {
                      return decideAgain(missed, head);
                    } catch {
                      return undefined;
                    }
                  },
                },
          ),
      }),
  },
];

const claimed = (commit: Commit): Appended => {
  const { revision, digest } = commit.events.at(-1) as EventEnvelope;
  return {
    _tag: "Appended",
    commit,
    repeated: false,
    head: { revision, digest },
    waitedMs: 0,
    receiptMark: null,
  };
};

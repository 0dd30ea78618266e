/** Cases about appending: what is accepted, what is a conflict, and that a conflict leaves nothing behind. */
import {
  type Appended,
  type Conflict,
  checkLink,
  type ExpectedRevision,
  emptyHead,
  type StreamHead,
} from "@mission-ledger/core";
import { cancelSource } from "../cancel-source.ts";
import { expectedAfter } from "../writing.ts";
import { ConformanceFailure, claim, same } from "./failure.ts";
import type { StoreCase } from "./harness.ts";
import {
  appendedOr,
  appendMany,
  appendNext,
  commitOn,
  eventsOf,
  foreignHead,
  noted,
  notes,
  readStream,
  requestOn,
  sealedParts,
} from "./writer.ts";

const stream = "mission-m1";

const conflictOr = (answer: Appended | Conflict, expected: ExpectedRevision, actual: StreamHead): void => {
  if (answer._tag === "Appended")
    throw new ConformanceFailure("the append ought to be a conflict but was accepted", { actual: answer });
  const { revision, digest } = answer.actual;
  same(
    { stream: answer.stream, expected: answer.expected, actual: { revision, digest } },
    { stream, expected, actual: { revision: actual.revision, digest: actual.digest } },
    "the conflict names the stream, what was expected and the head it met",
  );
};

export const appendCases: readonly StoreCase[] = [
  {
    name: "an append that expects no stream begins an empty one",
    run: async ({ store }) => {
      const commit = commitOn(stream, emptyHead);
      const appended = appendedOr(await store.append({ commit, expected: "no_stream" }));
      same(appended.commit, commit, "the answer names the commit that was written");
      claim(!appended.repeated, "a first append is no repeat");
      claim(appended.waitedMs >= 0, "waitedMs is a length of time");
      const last = commit.events[0];
      same(
        { revision: appended.head.revision, digest: appended.head.digest },
        { revision: 0, digest: last?.digest },
        "the head is the last event",
      );
      same(sealedParts(await readStream(store, stream)), commit.events, "a read gives what was appended");
    },
  },
  {
    name: "an append that expects no stream is refused on an existing one",
    run: async ({ store }) => {
      const { commit, head } = await appendNext(store, stream);
      conflictOr(await store.append(requestOn(stream, emptyHead)), "no_stream", head);
      same(sealedParts(await readStream(store, stream)), commit.events, "a conflict writes nothing");
    },
  },
  {
    name: "an append that expects more than the stream has is a conflict",
    run: async ({ store }) => {
      const { commit, head } = await appendNext(store, stream);
      conflictOr(await store.append(requestOn(stream, foreignHead(5))), 5, head);
      conflictOr(
        await store.append({ commit: commitOn("mission-m1", foreignHead(1)), expected: 1 }),
        1,
        head,
      );
      same(sealedParts(await readStream(store, stream)), commit.events, "a conflict writes nothing");
    },
  },
  {
    name: "an append that expects a revision of a stream that does not exist is a conflict",
    run: async ({ store }) => {
      conflictOr(await store.append(requestOn(stream, foreignHead(0))), 0, emptyHead);
      same(await readStream(store, stream), [], "a conflict writes nothing");
      same(await store.streams("mission"), [], "a conflict makes no stream");
    },
  },
  {
    name: "an append that expects less than the stream has is a conflict",
    run: async ({ store }) => {
      const first = await appendNext(store, stream);
      const second = await appendNext(store, stream);
      conflictOr(await store.append(requestOn(stream, first.head)), 0, second.head);
      same(
        sealedParts(await readStream(store, stream)),
        eventsOf([first.commit, second.commit]),
        "a conflict writes nothing",
      );
    },
  },
  {
    name: "a conflict does not raise the revision",
    run: async ({ store }) => {
      const first = await appendNext(store, stream);
      await store.append(requestOn(stream, emptyHead));
      await store.append(requestOn(stream, foreignHead(1)));
      const { revision, digest } = await store.head(stream);
      same({ revision, digest }, { revision: 0, digest: first.head.digest }, "the head is where it was");
      const second = appendedOr(await store.append(requestOn(stream, first.head)));
      claim(second.head.revision === 1, "the next right append is accepted at revision 1");
    },
  },
  {
    name: "a commit that was refused once can be written under the same command id",
    run: async ({ store }) => {
      const first = await appendNext(store, stream);
      const refused = await store.append(requestOn(stream, emptyHead, { commandId: "again" }));
      claim(refused._tag === "Conflict", "the first try is a conflict");
      const written = appendedOr(await store.append(requestOn(stream, first.head, { commandId: "again" })));
      claim(!written.repeated, "a refused command id is not remembered as written");
    },
  },
  {
    name: "an append on the right revision of another history is a conflict",
    run: async ({ store }) => {
      const { commit, head } = await appendNext(store, stream);
      conflictOr(await store.append(requestOn(stream, foreignHead(0))), 0, head);
      same(sealedParts(await readStream(store, stream)), commit.events, "a conflict writes nothing");
    },
  },
  {
    name: "the events of one command are written together and in order",
    run: async ({ store }) => {
      const commit = commitOn(stream, emptyHead, { events: notes(64) });
      const { head } = appendedOr(await store.append({ commit, expected: "no_stream" }));
      claim(head.revision === 63, `64 events end at revision 63, not ${head.revision}`);
      const after = await appendNext(store, stream, { events: notes(3) });
      same(
        sealedParts(await readStream(store, stream)),
        eventsOf([commit, after.commit]),
        "every event of the command stands in the log, in order",
      );
    },
  },
  {
    name: "revisions count from 0 without gaps and every event is linked to the one before",
    run: async ({ store }) => {
      for (const count of [1, 3, 1, 2, 5]) {
        await appendNext(store, stream, { events: notes(count) });
        await store.append(requestOn(stream, emptyHead));
      }
      let head: StreamHead = emptyHead;
      for (const event of await readStream(store, stream)) {
        const broken = checkLink(head, event);
        claim(broken === undefined, `the chain breaks: ${JSON.stringify(broken)}`);
        head = event;
      }
      claim(head.revision === 11, `twelve events end at revision 11, not ${head.revision}`);
    },
  },
  {
    name: "of twenty appends that expect the same revision one is written",
    run: async ({ store }) => {
      const { head } = await appendNext(store, stream);
      const requests = Array.from({ length: 20 }, () => requestOn(stream, head));
      const answers = await Promise.all(requests.map((request) => store.append(request)));
      const winners = answers.filter(({ _tag }) => _tag === "Appended");
      claim(winners.length === 1, `one of twenty wins, not ${winners.length}`);
      const events = await readStream(store, stream);
      claim(events.length === 2, `the stream holds two events, not ${events.length}`);
      const winner = answers.findIndex(({ _tag }) => _tag === "Appended");
      same(sealedParts(events).slice(1), requests[winner]?.commit.events, "the log holds the winner's event");
    },
  },
  {
    name: "concurrent appends to many streams are all written",
    run: async ({ store }) => {
      const names = Array.from({ length: 12 }, (_, index) => `mission-c${index}`);
      await Promise.all(names.map((name) => appendMany(store, name, 4)));
      for (const name of names) {
        const events = await readStream(store, name);
        same(
          events.map(({ revision }) => revision),
          [0, 1, 2, 3],
          `${name} holds its four events`,
        );
      }
    },
  },
  {
    name: "two open handles on the same data let one append win",
    needs: "multiProcess",
    run: async ({ store, reopen }) => {
      const other = await reopen();
      let head: StreamHead = (await appendNext(store, stream)).head;
      for (let round = 0; round < 10; round += 1) {
        const answers = await Promise.all([store, other].map((one) => one.append(requestOn(stream, head))));
        const winner = answers.find(({ _tag }) => _tag === "Appended") as Appended | undefined;
        claim(winner !== undefined, "one of both wins");
        claim(answers.filter(({ _tag }) => _tag === "Appended").length === 1, "not both win");
        head = winner.head;
      }
      same(
        (await readStream(other, stream)).map(({ revision }) => revision),
        Array.from({ length: 11 }, (_, index) => index),
        "every revision is claimed once",
      );
    },
  },
  {
    name: "an append that was called off before it began writes nothing",
    run: async ({ store }) => {
      const { signal, abort } = cancelSource();
      abort();
      const request = { ...requestOn(stream, emptyHead, { commandId: "called-off" }), signal };
      const answered = await store.append(request).then(
        () => true,
        () => false,
      );
      claim(!answered, "the append rejects");
      same(await readStream(store, stream), [], "nothing is written");
      claim((await store.findCommand(stream, "called-off")) === undefined, "the command id is not taken");
    },
  },
  {
    name: "a wrong mark in an append costs time and not truth",
    run: async ({ store }) => {
      const first = await appendNext(store, stream);
      const second = await appendNext(store, stream);
      const marks = [
        "",
        "nonsense",
        "0",
        '{"offset":1e9}',
        first.head.mark ?? "1:1",
        second.head.mark ?? "2:2",
      ];
      let head: StreamHead = second.head;
      for (const mark of marks) {
        const commit = commitOn(stream, head, { events: [noted({ mark })] });
        head = appendedOr(await store.append({ commit, expected: expectedAfter(head), mark })).head;
        const stale = await store.append({ ...requestOn(stream, first.head), mark });
        claim(
          stale._tag === "Conflict",
          `a stale append with the mark ${JSON.stringify(mark)} stays a conflict`,
        );
      }
      const { revision } = await store.head(stream);
      claim(revision === 1 + marks.length, `each right append is written once: head at ${revision}`);
    },
  },
];

/** Cases about deciding again while everybody else is kept out. */
import { type EventEnvelope, emptyHead, type RecordedEvent, type StreamHead } from "@mission-ledger/core";
import { claim, same } from "./failure.ts";
import type { StoreCase } from "./harness.ts";
import {
  appendedOr,
  appendNext,
  commitOn,
  foreignHead,
  headBefore,
  noted,
  notes,
  readStream,
  requestOn,
  sealedParts,
} from "./writer.ts";

const stream = "mission-m1";

export const decidingCases: readonly StoreCase[] = [
  {
    name: "decideAgain gets exactly the missed events, once",
    needs: "decidesUnderLock",
    run: async ({ store }) => {
      const known = await appendNext(store, stream, { events: notes(2) });
      await appendNext(store, stream, { events: notes(3) });
      const last = await appendNext(store, stream);
      const calls: { missed: readonly EventEnvelope[]; head: StreamHead }[] = [];
      const decideAgain = (missed: () => readonly EventEnvelope[], head: StreamHead): undefined => {
        calls.push({ missed: missed(), head });
      };
      await store.append({ ...requestOn(stream, known.head), decideAgain });
      claim(calls.length === 1, `decideAgain is called once, not ${calls.length} times`);
      const call = calls[0];
      same(
        sealedParts(call?.missed ?? []),
        sealedParts(await readStream(store, stream)).slice(2),
        "the missed events are those after the expected revision",
      );
      const { revision, digest } = call?.head ?? emptyHead;
      same(
        { revision, digest },
        { revision: 5, digest: last.head.digest },
        "the head is the last missed event",
      );
    },
  },
  {
    name: "decideAgain gets a whole stream that was expected not to exist",
    needs: "decidesUnderLock",
    run: async ({ store }) => {
      const { commit } = await appendNext(store, stream, { events: notes(2) });
      let seen: readonly EventEnvelope[] = [];
      const decideAgain = (missed: () => readonly EventEnvelope[]): undefined => {
        seen = missed();
      };
      await store.append({ ...requestOn(stream, emptyHead), decideAgain });
      same(sealedParts(seen), commit.events, "everything was missed");
    },
  },
  {
    name: "the commit that decideAgain answers is written",
    needs: "decidesUnderLock",
    run: async ({ store }) => {
      const known = await appendNext(store, stream);
      await appendNext(store, stream, { events: notes(2) });
      const wish = { commandId: "again", events: [noted({ decided: "again" })] };
      const answer = await store.append({
        ...requestOn(stream, known.head, { ...wish, events: [noted({ decided: "first" })] }),
        decideAgain: (_, head) => commitOn(stream, head, wish),
      });
      const appended = appendedOr(answer);
      const events = await readStream(store, stream);
      same(
        appended.commit,
        commitOn(stream, headBefore(events, 3), wish),
        "the answer is the commit decided again",
      );
      same(sealedParts(events).slice(3), appended.commit.events, "the log holds it after the missed events");
      same(await store.readBack(appended), events.slice(3), "it can be read back");
      const repeat = appendedOr(await store.append(requestOn(stream, known.head, wish)));
      claim(repeat.repeated, "its command id is taken");
    },
  },
  {
    name: "decideAgain that answers undefined leaves with the conflict and writes nothing",
    needs: "decidesUnderLock",
    run: async ({ store }) => {
      await appendNext(store, stream);
      const answer = await store.append({ ...requestOn(stream, emptyHead), decideAgain: () => undefined });
      claim(answer._tag === "Conflict", "the answer is the conflict");
      claim((await readStream(store, stream)).length === 1, "nothing is written");
      await appendNext(store, stream);
    },
  },
  {
    name: "decideAgain that throws passes its error through and writes nothing",
    needs: "decidesUnderLock",
    run: async ({ store }) => {
      await appendNext(store, stream);
      const thrown = new RangeError("the decider threw");
      const decideAgain = (): never => {
        throw thrown;
      };
      const caught = await store
        .append({ ...requestOn(stream, emptyHead), decideAgain })
        .catch((error: unknown) => error);
      claim(caught === thrown, `the very error passes through, not ${String(caught)}`);
      claim((await readStream(store, stream)).length === 1, "nothing is written");
      await appendNext(store, stream);
    },
  },
  {
    name: "decideAgain is not called when nothing was missed or the command is a repeat",
    needs: "decidesUnderLock",
    run: async ({ store }) => {
      let calls = 0;
      const decideAgain = (): undefined => {
        calls += 1;
      };
      const first = appendedOr(await store.append({ ...requestOn(stream, emptyHead), decideAgain }));
      await appendNext(store, stream);
      appendedOr(await store.append({ commit: first.commit, expected: "no_stream", decideAgain }));
      claim(calls === 0, `decideAgain is called ${calls} times`);
    },
  },
  {
    name: "decideAgain is not called on a history other than the one the commit was sealed on",
    needs: "decidesUnderLock",
    run: async ({ store }) => {
      await appendNext(store, stream, { events: notes(3) });
      let calls = 0;
      const decideAgain = (): undefined => {
        calls += 1;
      };
      for (const head of [foreignHead(0), foreignHead(2), foreignHead(7)]) {
        const answer = await store.append({ ...requestOn(stream, head), decideAgain });
        claim(answer._tag === "Conflict", "the answer is the conflict");
      }
      claim(calls === 0, `decideAgain is called ${calls} times`);
      claim((await store.head(stream)).revision === 2, "nothing is written");
    },
  },
  {
    name: "a commit sealed on one that was never written is decided again from the known event",
    needs: "decidesUnderLock",
    run: async ({ store }) => {
      const { head: known } = await appendNext(store, stream);
      const { head: now } = await appendNext(store, stream, { events: notes(2) });
      const neverWritten = commitOn(stream, known, { commandId: "lost", events: notes(2) });
      const { revision, digest } = neverWritten.events[1] ?? emptyHead;
      const wish = { commandId: "follower", events: [noted({ follows: "the lost one" })] };
      const asked: { missed: readonly EventEnvelope[]; head: StreamHead }[] = [];
      const answer = await store.append({
        ...requestOn(stream, { revision, digest }, wish),
        known,
        decideAgain: (missed, head) => {
          asked.push({ missed: missed(), head });
          return commitOn(stream, head, wish);
        },
      });
      claim(asked.length === 1, `decideAgain is called once, not ${asked.length} times`);
      const log = await readStream(store, stream);
      same(sealedParts(asked[0]?.missed ?? []), sealedParts(log).slice(1, 3), "what follows the known event");
      same(asked[0]?.head.digest, now.digest, "the head is the end of the stream");
      same(appendedOr(answer).commit, commitOn(stream, headBefore(log, 3), wish), "it is written on the end");
    },
  },
  {
    name: "appends under way at once, each sealed on the one before, are all written in their order",
    needs: "decidesUnderLock",
    run: async ({ store }) => {
      let head: StreamHead = emptyHead;
      const commits = Array.from({ length: 20 }, (_, index) => {
        const commit = commitOn(stream, head, {
          commandId: `chain-${index}`,
          events: notes(1 + (index % 3)),
        });
        const { revision, digest } = commit.events.at(-1) ?? emptyHead;
        head = { revision, digest };
        return commit;
      });
      const answers = await Promise.all(
        commits.map((commit) =>
          store.append({
            commit,
            expected: commit.firstRevision === 0 ? "no_stream" : commit.firstRevision - 1,
          }),
        ),
      );
      const proofs = await Promise.all(answers.map((answer) => store.readBack(appendedOr(answer))));
      const log = await readStream(store, stream);
      same(
        sealedParts(log),
        commits.flatMap(({ events }) => events),
        "the log holds them in order",
      );
      same(sealedParts(proofs.flat() as RecordedEvent[]), sealedParts(log), "each is read back as it stands");
    },
  },
  {
    name: "a command id that comes twice at once is written once",
    needs: "decidesUnderLock",
    run: async ({ store }) => {
      const first = requestOn(stream, emptyHead, { commandId: "twice" });
      const [one, two] = await Promise.all([store.append(first), store.append(first)]);
      same([one, two].map((answer) => appendedOr(answer).repeated).sort(), [false, true], "one is a repeat");
      const log = sealedParts(await readStream(store, stream));
      for (const answer of [one, two])
        same(
          sealedParts((await store.readBack(appendedOr(answer))) as RecordedEvent[]),
          log,
          "it is read back",
        );
      claim(log.length === 1, "it is written once");
    },
  },
  {
    name: "an append that fails does not hurt those under way beside it",
    needs: "decidesUnderLock",
    run: async ({ store }) => {
      const { head } = await appendNext(store, stream, { commandId: "taken" });
      const thrown = new RangeError("the decider threw");
      const wish = (commandId: string) => ({ commandId, events: [noted({ by: commandId })] });
      const decided = (commandId: string) => ({
        ...requestOn(stream, emptyHead, wish(commandId)),
        decideAgain: (_: unknown, now: StreamHead) => commitOn(stream, now, wish(commandId)),
      });
      const settled = await Promise.allSettled([
        store.append(decided("before")),
        store.append({
          ...decided("throws"),
          decideAgain: () => {
            throw thrown;
          },
        }),
        store.append({ ...requestOn(stream, head, { commandId: "taken", asked: "otherwise" }) }),
        store.append(requestOn(stream, emptyHead, wish("conflict"))),
        store.append(decided("after")),
      ]);
      const tags = settled.map((answer) =>
        answer.status === "rejected"
          ? answer.reason === thrown
            ? "thrown"
            : (answer.reason as { code?: string }).code
          : answer.value._tag,
      );
      same(
        tags,
        ["Appended", "thrown", "COMMAND_ID_REUSED", "Conflict", "Appended"],
        "each gets its own answer",
      );
      const ids = (await readStream(store, stream)).map(({ commandId }) => commandId);
      same(ids, ["taken", "before", "after"], "those that can be written are");
    },
  },
  {
    name: "twenty writers that decide again are all written",
    needs: "decidesUnderLock",
    run: async ({ store }) => {
      const { head } = await appendNext(store, stream);
      const append = (index: number) => {
        const wish = { commandId: `crowd-${index}` };
        return store.append({
          ...requestOn(stream, head, wish),
          decideAgain: (_, now) => commitOn(stream, now, wish),
        });
      };
      const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => append(index)));
      claim(
        answers.every(({ _tag }) => _tag === "Appended"),
        "nobody gets a conflict",
      );
      const ids = (await readStream(store, stream)).map(({ commandId }) => commandId);
      claim(ids.length === 21 && new Set(ids).size === 21, "each command is written once");
    },
  },
];

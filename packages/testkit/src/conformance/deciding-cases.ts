/** Cases about deciding again while everybody else is kept out. */
import { emptyHead, type RecordedEvent, type StreamHead } from "@mission-ledger/core";
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
      const calls: { missed: readonly RecordedEvent[]; head: StreamHead }[] = [];
      const decideAgain = (missed: readonly RecordedEvent[], head: StreamHead): undefined => {
        calls.push({ missed, head });
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
      let seen: readonly RecordedEvent[] = [];
      const decideAgain = (missed: readonly RecordedEvent[]): undefined => {
        seen = missed;
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

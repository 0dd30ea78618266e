/** Cases about command ids: one intention happens once, for ever, and its first answer can be had again. */
import { emptyHead } from "@mission-ledger/core";
import { expectedAfter } from "../writing.ts";
import { claim, faultOf, same } from "./failure.ts";
import type { StoreCase } from "./harness.ts";
import {
  appendedOr,
  appendMany,
  appendNext,
  collectCommits,
  commitOn,
  foreignHead,
  headBefore,
  noted,
  notes,
  readStream,
  requestOn,
} from "./writer.ts";

const stream = "mission-m1";

export const commandCases: readonly StoreCase[] = [
  {
    name: "a repeated command id with equal content answers the first commit and writes nothing",
    run: async ({ store }) => {
      const first = await appendNext(store, stream, {
        commandId: "once",
        events: notes(2),
        correlationId: "c-1",
      });
      const request = { commit: first.commit, expected: "no_stream" } as const;
      const repeat = appendedOr(await store.append(request));
      claim(repeat.repeated, "the answer says that it is a repeat");
      same(repeat.commit, first.commit, "the answer is the first commit");
      claim((await readStream(store, stream)).length === 2, "nothing is written again");
    },
  },
  {
    name: "a repeat is found whatever revision it expects and whatever it was sealed on",
    run: async ({ store }) => {
      const first = await appendNext(store, stream, { commandId: "once", events: notes(2) });
      const { head } = await appendNext(store, stream);
      for (const base of [head, emptyHead, first.head]) {
        const commit = commitOn(stream, base, { commandId: "once", events: [noted({ decided: "anew" })] });
        const repeat = appendedOr(await store.append({ commit, expected: expectedAfter(base) }));
        claim(repeat.repeated, `a repeat that expects ${expectedAfter(base)} is a repeat`);
        same(repeat.commit, first.commit, "the answer is what was written first");
      }
      claim((await readStream(store, stream)).length === 3, "nothing is written again");
    },
  },
  {
    name: "a repeat can be read back",
    run: async ({ store }) => {
      const first = await appendNext(store, stream, { commandId: "once", events: notes(2) });
      const before = await store.readBack(first);
      await appendMany(store, stream, 3);
      const repeat = appendedOr(await store.append({ commit: first.commit, expected: "no_stream" }));
      same(await store.readBack(repeat), before, "the repeat reads back as the first did");
    },
  },
  {
    name: "a repeated command id is known after hundreds of other commands",
    run: async ({ store }) => {
      const first = await appendNext(store, stream, { commandId: "once" });
      await appendMany(store, stream, 500);
      const repeat = appendedOr(await store.append({ commit: first.commit, expected: "no_stream" }));
      claim(repeat.repeated, "the answer says that it is a repeat");
      same(repeat.commit, first.commit, "the answer is the first commit");
      claim((await store.head(stream)).revision === 500, "nothing is written again");
    },
  },
  {
    name: "a repeated command id is known to another handle",
    needs: "reopen",
    run: async ({ store, reopen }) => {
      const first = await appendNext(store, stream, { commandId: "once", events: notes(3) });
      await appendMany(store, stream, 5);
      await store.close();
      const again = await reopen();
      const repeat = appendedOr(await again.append({ commit: first.commit, expected: "no_stream" }));
      claim(repeat.repeated, "the answer says that it is a repeat");
      same(repeat.commit, first.commit, "the answer is the first commit");
      claim((await again.head(stream)).revision === 7, "nothing is written again");
    },
  },
  {
    name: "a repeated command id with other content is refused and nothing is written",
    run: async ({ store }) => {
      const first = await appendNext(store, stream, { commandId: "once", asked: "this" });
      const other = requestOn(stream, first.head, { commandId: "once", asked: "that" });
      const { outcome, retryable } = await faultOf(
        () => store.append(other),
        ["COMMAND_ID_REUSED"],
        "the other command",
      );
      same({ outcome, retryable }, { outcome: "not_written", retryable: false }, "the fault is certain");
      claim((await store.head(stream)).revision === 0, "nothing is written");
      same(await store.findCommand(stream, "once"), first.commit, "the first command keeps its id");
    },
  },
  {
    name: "the same command id in another stream is another command",
    run: async ({ store }) => {
      const here = await appendNext(store, "mission-here", { commandId: "once" });
      const there = await appendNext(store, "mission-there", { commandId: "once" });
      claim(!there.repeated, "the second stream's command is no repeat");
      same(await store.findCommand("mission-here", "once"), here.commit, "the first stream has its own");
      same(await store.findCommand("mission-there", "once"), there.commit, "the second stream has its own");
    },
  },
  {
    name: "twenty concurrent tries of one command write it once",
    run: async ({ store }) => {
      const { head } = await appendNext(store, stream);
      const request = requestOn(stream, head, { commandId: "once" });
      const answers = await Promise.all(Array.from({ length: 20 }, () => store.append(request)));
      const appended = answers.map(appendedOr);
      claim(
        appended.filter(({ repeated }) => !repeated).length === 1,
        "one try writes, nineteen are repeats",
      );
      for (const { commit } of appended)
        same(commit, request.commit, "every try is answered with the one commit");
      claim((await store.head(stream)).revision === 1, "one event is written");
    },
  },
  {
    name: "findCommand answers the commit of a command with everything in it",
    run: async ({ store }) => {
      await appendNext(store, stream);
      const wish = { commandId: "sought", events: notes(3), correlationId: "corr-1", causationId: "cause-1" };
      const { commit } = await appendNext(store, stream, wish);
      await appendNext(store, stream);
      same(await store.findCommand(stream, "sought"), commit, "the commit is found");
    },
  },
  {
    name: "findCommand answers undefined for a command that wrote nothing",
    run: async ({ store }) => {
      claim((await store.findCommand(stream, "never")) === undefined, "in a stream that does not exist");
      await appendNext(store, stream);
      claim((await store.findCommand(stream, "never")) === undefined, "in a stream that exists");
      await store.append(requestOn(stream, emptyHead, { commandId: "refused" }));
      claim((await store.findCommand(stream, "refused")) === undefined, "after a conflict");
    },
  },
  {
    name: "commits come as each is found by its command id, between a head and a revision",
    run: async ({ store }) => {
      for (const [index, events] of [2, 1, 3, 1].entries())
        await appendNext(store, stream, { commandId: `c-${index}`, events: notes(events) });
      await appendNext(store, "mission-other");
      if (store.commits === undefined) return;
      const found = await Promise.all([0, 1, 2, 3].map((index) => store.findCommand(stream, `c-${index}`)));
      same(await collectCommits(store, stream), found, "all commits of the stream");
      const events = await readStream(store, stream);
      const after = headBefore(events, 2);
      same(await collectCommits(store, stream, { after }), found.slice(1), "those behind a head");
      same(
        await collectCommits(store, stream, { after, to: 5 }),
        found.slice(1, 3),
        "those up to a revision",
      );
      same(
        await collectCommits(store, stream, { after, to: 4 }),
        found.slice(1, 2),
        "none that goes beyond it",
      );
      same(await collectCommits(store, "mission-none"), [], "none of a stream that does not exist");
      await faultOf(
        () => collectCommits(store, stream, { after: foreignHead(2) }),
        ["LOG_REPLACED"],
        "commits behind an event that is not there",
      );
    },
  },
];

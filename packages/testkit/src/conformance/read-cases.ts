/** Cases about reading one stream, and about proving what was written. */
import { emptyHead, type RecordedEvent, type StreamHead } from "@mission-ledger/core";
import { claim, faultOf, same } from "./failure.ts";
import type { StoreCase } from "./harness.ts";
import {
  appendMany,
  appendNext,
  collect,
  foreignHead,
  headBefore,
  headOf,
  notes,
  readStream,
} from "./writer.ts";

const stream = "mission-m1";

const revisions = (events: readonly RecordedEvent[]): readonly number[] =>
  events.map(({ revision }) => revision);

export const readCases: readonly StoreCase[] = [
  {
    name: "a stream that does not exist is empty",
    run: async ({ store }) => {
      await appendNext(store, "mission-other");
      same(await readStream(store, stream), [], "a read gives nothing");
      const { revision, digest } = await store.head(stream);
      same({ revision, digest }, emptyHead, "its head is the empty one");
      same(
        await collect(store.read(stream, { after: emptyHead, to: 3 })),
        [],
        "a bounded read gives nothing",
      );
    },
  },
  {
    name: "a read begins after the given head and ends at the given revision, inclusive",
    run: async ({ store }) => {
      await appendNext(store, stream, { events: notes(4) });
      await appendNext(store, stream, { events: notes(4) });
      const events = await readStream(store, stream);
      for (let from = 0; from <= 8; from += 1) {
        const after = headBefore(events, from);
        same(
          await collect(store.read(stream, { after })),
          events.slice(from),
          `a read after revision ${from - 1}`,
        );
        for (const to of [-1, 0, 3, 4, 7, 20]) {
          const read = await collect(store.read(stream, { after, to }));
          same(
            read,
            events.slice(from, Math.max(from, to + 1)),
            `a read after revision ${from - 1} to ${to}`,
          );
        }
      }
      same(
        revisions(await collect(store.read(stream, { to: 5 }))),
        [0, 1, 2, 3, 4, 5],
        "a read to revision 5",
      );
    },
  },
  {
    name: "a long stream is read whole and in order",
    run: async ({ store }) => {
      for (let index = 0; index < 12; index += 1) await appendNext(store, stream, { events: notes(64) });
      const events = await readStream(store, stream);
      same(
        revisions(events),
        Array.from({ length: 768 }, (_, index) => index),
        "every revision comes once",
      );
    },
  },
  {
    name: "a read after an event that is not in the log is refused",
    run: async ({ store }) => {
      await appendNext(store, stream, { events: notes(3) });
      for (const after of [foreignHead(0), foreignHead(1), foreignHead(2), foreignHead(9)])
        await faultOf(
          () => collect(store.read(stream, { after })),
          ["LOG_REPLACED"],
          `after revision ${after.revision}`,
        );
      const after = foreignHead(0);
      await faultOf(
        () => collect(store.read("mission-none", { after })),
        ["LOG_REPLACED"],
        "in an absent stream",
      );
    },
  },
  {
    name: "a mark leads to exactly the rest of the stream",
    run: async ({ store }) => {
      await appendMany(store, stream, 6);
      const events = await readStream(store, stream);
      for (const to of [0, 2, 5]) {
        const last = (await collect(store.read(stream, { to }))).at(-1) as RecordedEvent;
        same(
          await collect(store.read(stream, { after: headOf(last) })),
          events.slice(to + 1),
          `after revision ${to}`,
        );
      }
      const { head } = await appendNext(store, stream);
      const { commit } = await appendNext(store, stream);
      same(
        revisions(await collect(store.read(stream, { after: head }))),
        [commit.firstRevision],
        "after an append",
      );
      const present = await store.head(stream);
      same(await collect(store.read(stream, { after: present })), [], "after the present head");
    },
  },
  {
    name: "a wrong mark in a read costs time and not truth",
    run: async ({ store }) => {
      await appendMany(store, stream, 6);
      const events = await readStream(store, stream);
      const foreign = events.map(({ mark }) => mark).filter((mark) => mark !== undefined);
      const head = await store.head(stream);
      const marks = ["", "nonsense", "0", '{"offset":1e9}', ...foreign, head.mark ?? "9:9"];
      for (const mark of marks) {
        const after: StreamHead = { ...headBefore(events, 3), mark };
        const what = `after revision 2 with the mark ${JSON.stringify(mark)}`;
        same(await collect(store.read(stream, { after })), events.slice(3), what);
        await faultOf(
          () => collect(store.read(stream, { after: { ...foreignHead(2), mark } })),
          ["LOG_REPLACED"],
          what,
        );
      }
    },
  },
  {
    name: "readBack gives the events that a read gives",
    run: async ({ store }) => {
      for (const count of [1, 3, 2]) {
        const appended = await appendNext(store, stream, { events: notes(count) });
        const proven = await store.readBack(appended);
        const read = (await readStream(store, stream)).slice(appended.commit.firstRevision);
        same(proven, read, "readBack and read agree");
      }
    },
  },
  {
    name: "readBack gives a commit after others were appended",
    run: async ({ store }) => {
      const appended = await appendNext(store, stream, { events: notes(3) });
      const before = await store.readBack(appended);
      await appendMany(store, stream, 20);
      await appendNext(store, "mission-other");
      same(await store.readBack(appended), before, "the commit reads back as before");
    },
  },
  {
    name: "readBack gives no events for a commit that is not in the log",
    run: async ({ store, another }) => {
      const elsewhere = await another();
      for (const count of [2, 1]) {
        const foreign = await appendNext(elsewhere, stream, { events: notes(count) });
        const answer = await store.readBack(foreign).catch((error: unknown) => error);
        if (!isConflict(answer)) {
          const codes = ["READBACK_FAILED", "LOG_REPLACED"] as const;
          const { outcome } = await faultOf(
            () => store.readBack(foreign),
            codes,
            "the readback of a foreign commit",
          );
          claim(outcome === "unknown", "whether it was written is unknown");
        }
        await appendNext(store, stream);
      }
    },
  },
  {
    name: "readBack refuses an event that was changed behind the store's back",
    needs: "tamper",
    run: async ({ store, tamper }) => {
      const appended = await appendNext(store, stream, { events: notes(2) });
      await tamper(stream, 1);
      const { outcome } = await faultOf(
        () => store.readBack(appended),
        ["READBACK_FAILED", "LOG_REPLACED"],
        "the readback of a changed event",
      );
      claim(outcome === "unknown", "whether it was written is unknown");
    },
  },
  {
    name: "the position that readBack gives is the one in the whole log",
    run: async ({ store }) => {
      await appendNext(store, "mission-other", { events: notes(3) });
      const appended = await appendNext(store, stream, { events: notes(2) });
      await appendNext(store, "mission-other");
      const answer = await store.readBack(appended);
      claim(Array.isArray(answer), "the commit reads back");
      const all = await collect(store.readAll());
      same(
        (answer as readonly RecordedEvent[]).map(({ id, position }) => ({ id, position })),
        all.filter((event) => event.stream === stream).map(({ id, position }) => ({ id, position })),
        "positions agree",
      );
      same(
        await collect(store.readAll({ after: answer.at(-1)?.position as string })),
        all.slice(5),
        "it can be resumed from",
      );
    },
  },
  {
    name: "confirm accepts every event of the log and the empty head of an absent stream",
    run: async ({ store }) => {
      await store.confirm(stream, emptyHead);
      const { head } = await appendNext(store, stream, { events: notes(3) });
      await store.confirm(stream, head);
      await store.confirm(stream, await store.head(stream));
      for (const event of await readStream(store, stream)) await store.confirm(stream, headOf(event));
    },
  },
  {
    name: "confirm refuses a head that is not in the log",
    run: async ({ store }) => {
      const absent = foreignHead(0);
      await faultOf(() => store.confirm(stream, absent), ["LOG_REPLACED"], "a head of an absent stream");
      await appendNext(store, stream, { events: notes(2) });
      for (const head of [foreignHead(0), foreignHead(1), foreignHead(5)])
        await faultOf(
          () => store.confirm(stream, head),
          ["LOG_REPLACED"],
          `a foreign head at ${head.revision}`,
        );
    },
  },
];

const isConflict = (answer: unknown): boolean => (answer as { readonly _tag?: unknown })._tag === "Conflict";

/** What is remembered of a log that was replaced: told, and never written over. */
import { type Counter, type CounterCommand, counter, counterCodec } from "@mission-ledger/testkit";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import type { HandlerOptions } from "./command-handler.ts";
import type { RecordedEvent, StreamHead } from "./event.ts";
import type { EventStore, Warning } from "./event-store.ts";
import { commandHandler } from "./handle.ts";
import { openMemoryStore } from "./memory-store.ts";
import { encodeReconciliation } from "./reconciliation.ts";
import { memorySnapshots, type Snapshot } from "./snapshots.ts";
import { holdsHead, isDecidedAgainst } from "./stray-heads.ts";

const stream = "counter-1";
const key = { stream, name: counter.category, version: counter.version };
const add: CounterCommand = { type: "Add", at: "2026-01-01T00:00:00.000Z", amount: 1 };

/** A store under whose name another one may be put. */
const replaceable = (): EventStore & { put(other: EventStore): void } => {
  let present = openMemoryStore();
  const { supports } = present;
  return {
    supports,
    append: (request) => present.append(request),
    readBack: (appended) => present.readBack(appended),
    confirm: (name, head) => present.confirm(name, head),
    findCommand: (name, id) => present.findCommand(name, id),
    read: (name, options) => present.read(name, options),
    readAll: (options) => present.readAll(options),
    subscribe: (options) => present.subscribe(options),
    streams: (category) => present.streams(category),
    head: (name) => present.head(name),
    close: () => present.close(),
    put: (other) => {
      present = other;
    },
  };
};

type Options = Pick<
  HandlerOptions<CounterCommand, Counter, never, never>,
  "snapshots" | "snapshotEvery" | "onWarning"
>;

const writer = (store: EventStore, options: Options = {}) => {
  const handler = commandHandler({ store, decider: counter, codec: counterCodec, ...options });
  return {
    handler,
    add: async (times = 1): Promise<readonly Warning[]> => {
      let warnings: readonly Warning[] = [];
      for (let count = 0; count < times; count += 1) {
        const answer = await handler.attempt(stream, add, { actor: "ana" })();
        if (E.isLeft(answer)) throw new Error(JSON.stringify(answer.left));
        ({ warnings } = answer.right);
      }
      return warnings;
    },
  };
};

/** A memory store with so many events of another writing. */
const another = async (events: number): Promise<EventStore> => {
  const store = openMemoryStore();
  await writer(store).add(events);
  return store;
};

const replaced = (said: string): Warning => ({
  code: "LOG_REPLACED",
  message: expect.stringContaining(said),
  hint: expect.stringContaining("--accept-replaced"),
});

describe("a warm writer whose log is replaced", () => {
  test("says in its next receipt which event it had seen and where the log ended", async () => {
    const store = replaceable();
    const { add: append } = writer(store);
    await append(5);
    const { digest } = await store.head(stream);
    store.put(await another(3));
    expect(await append()).toEqual([
      replaced(
        `${stream} does not hold event 4 (${digest?.slice(0, 12)}) that was remembered of it: it ended at event 2 (`,
      ),
    ]);
    expect(await append()).toEqual([]);
  });

  test("says it too where the other log is as long", async () => {
    const store = replaceable();
    const { add: append } = writer(store);
    await append(2);
    store.put(await another(4));
    expect(await append()).toEqual([replaced("another event stands there")]);
  });

  test("says it too where the other log is empty", async () => {
    const store = replaceable();
    const { add: append } = writer(store);
    await append(2);
    store.put(openMemoryStore());
    expect(await append()).toEqual([replaced("it holds none")]);
  });

  test("keeps it for the receipt when a reading has met it first", async () => {
    const store = replaceable();
    const heard: Warning[] = [];
    const { handler, add: append } = writer(store, { onWarning: (warning) => heard.push(warning) });
    await append(2);
    store.put(await another(1));
    await handler.load(stream);
    expect(heard).toEqual([replaced("it ended at event 0")]);
    expect(await append()).toEqual(heard);
  });

  test("is told nothing of what others wrote behind what it had seen", async () => {
    const store = openMemoryStore();
    const { add: append } = writer(store);
    await append(2);
    await writer(store).add(3);
    expect(await append()).toEqual([]);
  });
});

describe("a snapshot of an event that the log does not hold", () => {
  const remembering = async () => {
    const store = replaceable();
    const snapshots = memorySnapshots();
    await writer(store, { snapshots, snapshotEvery: 1 }).add(5);
    const head = (await snapshots.load(key))?.head as StreamHead;
    return { store, snapshots, head };
  };

  test("is told by each writer that starts cold, and none of them writes over it", async () => {
    const { store, snapshots, head } = await remembering();
    store.put(await another(2));
    for (let round = 0; round < 2; round += 1)
      expect(await writer(store, { snapshots, snapshotEvery: 1 }).add()).toEqual([
        replaced("does not hold event 4"),
      ]);
    expect((await snapshots.load(key))?.head).toEqual(head);
  });

  test("is told by a writer that was open all the time and had seen less, before it would write over it", async () => {
    const { snapshots: full, head } = await remembering();
    const snapshots = memorySnapshots();
    const open = writer(await another(2), { snapshots, snapshotEvery: 4 });
    await open.handler.load(stream);
    await snapshots.save(key, (await full.load(key)) as Snapshot);
    expect(await open.add()).toEqual([]);
    expect(await open.add()).toEqual([replaced("does not hold event 4")]);
    expect((await snapshots.load(key))?.head).toEqual(head);
  });

  test("is written over again once it was taken away", async () => {
    const { store, snapshots } = await remembering();
    store.put(await another(2));
    const open = writer(store, { snapshots, snapshotEvery: 1 });
    await open.add();
    const accepted = await store.head(stream);
    await snapshots.save(key, { head: accepted, state: { total: 3, closed: false }, unknownEvents: 0 });
    expect(await open.add()).toEqual([]);
    expect((await snapshots.load(key))?.head.revision).toBe(accepted.revision + 1);
  });
});

test("a log holds the head of each of its events and no other", async () => {
  const store = await another(3);
  const { revision, digest } = await store.head(stream);
  expect(await holdsHead(store, stream, { revision, digest })).toBe(true);
  expect(await holdsHead(store, stream, { revision: revision - 1, digest })).toBe(false);
  expect(await holdsHead(store, stream, { revision: revision + 1, digest })).toBe(false);
});

test("a decision explains the events of the branch that it was made against, and no others", async () => {
  const loser = { digest: "b".repeat(64), eventId: "b", revision: 6, forksAfter: "a".repeat(64), events: 2 };
  const decision = encodeReconciliation({
    type: "StreamReconciled",
    winner: "c".repeat(64),
    losers: [loser],
  });
  const decided = {
    read: async function* () {
      yield [decision as unknown as RecordedEvent];
    },
  };
  const isExplained = (revision: number) => isDecidedAgainst(decided, stream, { revision, digest: null });
  expect(await Promise.all([4, 5, 6, 7].map(isExplained))).toEqual([false, true, true, false]);
});

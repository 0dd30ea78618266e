import {
  type Counter,
  type CounterCommand,
  type CounterEvent,
  type CounterRefusal,
  cancelSource,
  counter,
  counterCodec,
  seededRandomness,
} from "@mission-ledger/testkit";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import type { CommandHandler, CommandOptions, HandlerOptions } from "./command-handler.ts";
import { accept } from "./decider.ts";
import { eventIdOf } from "./digest.ts";
import { type EncodedEvent, type RecordedEvent, sealCommit } from "./event.ts";
import type { EventStore } from "./event-store.ts";
import { StoreFault } from "./faults.ts";
import { commandHandler } from "./handle.ts";
import { openMemoryStore } from "./memory-store.ts";
import type { Receipt } from "./receipt.ts";
import { memorySnapshots, type SnapshotStore } from "./snapshots.ts";

type Handler = CommandHandler<CounterCommand, Counter, CounterEvent, CounterRefusal>;
type Options = Partial<HandlerOptions<CounterCommand, Counter, CounterEvent, CounterRefusal>>;

const stream = "counter-1";
const at = "2026-01-01T00:00:00.000Z";
const add = (amount: number): CounterCommand => ({ type: "Add", at, amount });
const reach = (total: number): CounterCommand => ({ type: "Reach", at, total });
const close: CounterCommand = { type: "Close", at };

const handlerOn = (store: EventStore, options: Options = {}): Handler =>
  commandHandler({ store, decider: counter, codec: counterCodec, ...options });

const attempt = (handler: Handler, command: CounterCommand, options: Partial<CommandOptions> = {}) =>
  handler.attempt(stream, command, { actor: "ana", ...options })();

const done = async (...args: Parameters<typeof attempt>): Promise<Receipt<Counter, CounterEvent>> => {
  const answer = await attempt(...args);
  if (E.isRight(answer)) return answer.right;
  throw new Error(`not done: ${JSON.stringify(answer.left)}`);
};

const notDone = async (...args: Parameters<typeof attempt>) => {
  const answer = await attempt(...args);
  if (E.isLeft(answer)) return answer.left;
  throw new Error(`done: ${JSON.stringify(answer.right)}`);
};

const all = async (store: EventStore): Promise<readonly RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const batch of store.read(stream)) events.push(...batch);
  return events;
};

/** A store that cannot keep others out, and says so. */
const withoutLock = (store: EventStore): EventStore => ({
  ...store,
  supports: { ...store.supports, decidesUnderLock: false },
  append: ({ decideAgain: _, ...request }) => store.append(request),
});

/** Appends past every handler. */
const appendBehind = async (store: EventStore, ...events: readonly EncodedEvent[]): Promise<void> => {
  const head = await store.head(stream);
  const context = {
    stream,
    commandId: `behind-${head.revision}`,
    commandDigest: "d",
    recordedAt: at,
    actor: "ben",
  };
  await store.append({
    commit: sealCommit(head, context, events),
    expected: head.revision < 0 ? "no_stream" : head.revision,
  });
};

describe("a receipt", () => {
  test("says what was written, where, and what it made of the state", async () => {
    const store = openMemoryStore();
    const receipt = await done(handlerOn(store), add(25), {
      commandId: "c1",
      correlationId: "k",
      causationId: "w",
    });
    const events = await all(store);
    const last = events.at(-1) as RecordedEvent;
    expect(receipt).toEqual({
      stream,
      commandId: "c1",
      revision: 2,
      eventIds: [0, 1, 2].map((index) => eventIdOf("counter-1", "c1", index)),
      events: [10, 10, 5].map((amount) => ({ type: "Added", amount })),
      position: last.position,
      digest: last.digest,
      readback: "verified",
      repeated: false,
      state: { total: 25, closed: false },
      waitedMs: 0,
      attempts: 1,
      warnings: [],
    });
    expect(
      events.every(
        (event) => event.correlationId === "k" && event.causationId === "w" && event.actor === "ana",
      ),
    ).toBe(true);
    expect(events[0]?.recordedAt).toBe(at);
  });

  test("carries a fresh command id when the caller gave none", async () => {
    const randomness = seededRandomness(1);
    const expected = seededRandomness(1).uuid();
    expect((await done(handlerOn(openMemoryStore(), { randomness }), add(1))).commandId).toBe(expected);
  });

  test("for a wish that is already true confirms the head and says that nothing was written", async () => {
    const store = openMemoryStore();
    const confirmed: unknown[] = [];
    const watched: EventStore = {
      ...store,
      confirm: async (name, head) => {
        confirmed.push([name, head.revision]);
        await store.confirm(name, head);
      },
    };
    const handler = handlerOn(watched);
    const first = await done(handler, reach(5));
    const second = await done(handler, reach(5));
    expect(second).toMatchObject({
      eventIds: [],
      events: [],
      position: null,
      revision: 0,
      digest: first.digest,
      readback: "nothing_written",
      repeated: false,
      state: { total: 5 },
    });
    expect(confirmed).toEqual([[stream, 0]]);
  });

  test("for a wish that is already true on an empty stream stands at revision -1", async () => {
    expect(await done(handlerOn(openMemoryStore()), reach(0))).toMatchObject({
      revision: -1,
      digest: null,
      position: null,
    });
  });

  test("holds a state that later commands do not change", async () => {
    const handler = handlerOn(openMemoryStore(), {
      decider: {
        ...counter,
        evolveInPlace: (state, event) => {
          if (event.type === "Added") (state as { total: number }).total += event.amount;
          return state;
        },
      },
    });
    const first = await done(handler, add(1));
    const loaded = await handler.load(stream);
    await done(handler, add(2));
    expect([first.state.total, loaded.state.total]).toEqual([1, 1]);
    (loaded.state as { total: number }).total = 99;
    expect((await done(handler, add(3))).state.total).toBe(6);
  });
});

describe("a refusal", () => {
  test("is the decider's and writes nothing", async () => {
    const store = openMemoryStore();
    expect(await notDone(handlerOn(store), add(1_001))).toEqual({
      _tag: "LimitReached",
      limit: 1_000,
      total: 0,
    });
    expect(await all(store)).toEqual([]);
  });

  test("rests on the log and not on what the handler remembers", async () => {
    const store = openMemoryStore();
    const [one, other] = [handlerOn(store), handlerOn(store)];
    await done(one, add(500));
    await done(one, add(490));
    await done(other, reach(990));
    // One remembers 990. Meanwhile the limit is reached from elsewhere, or room is made.
    await appendBehind(store, { type: "Added", version: 1, data: { amount: -500 } });
    expect(await done(one, add(100))).toMatchObject({ state: { total: 590 }, attempts: 1 });
    await appendBehind(store, { type: "Closed", version: 1, data: {} });
    expect(await notDone(one, add(1))).toEqual({ _tag: "CounterClosed" });
    expect(await notDone(other, add(1))).toEqual({ _tag: "CounterClosed" });
  });
});

describe("a repeated command id", () => {
  test("gives the first receipt, also when the decider would now refuse", async () => {
    const store = openMemoryStore();
    const handler = handlerOn(store);
    const first = await done(handler, close, { commandId: "c1" });
    for (const again of [handler, handlerOn(store), handlerOn(withoutLock(store))]) {
      const repeat = await done(
        again,
        { ...close, at: "2027-01-01T00:00:00.000Z" },
        { commandId: "c1", actor: "ben" },
      );
      expect(repeat).toEqual({ ...first, repeated: true });
    }
    expect(await all(store)).toHaveLength(1);
  });

  test("gives the first receipt after the stream went on, with the state of now", async () => {
    const store = openMemoryStore();
    const handler = handlerOn(store);
    const first = await done(handler, add(12), { commandId: "c1" });
    await done(handler, add(3));
    const repeat = await done(handler, add(12), { commandId: "c1" });
    expect(repeat).toEqual({ ...first, repeated: true, state: { total: 15, closed: false } });
  });

  test("with another command is a fault and writes nothing", async () => {
    const store = openMemoryStore();
    const handler = handlerOn(store);
    await done(handler, add(1), { commandId: "c1" });
    for (const other of [add(2), close])
      expect(await notDone(handler, other, { commandId: "c1" })).toMatchObject({
        code: "COMMAND_ID_REUSED",
        outcome: "not_written",
      });
    expect(await all(store)).toHaveLength(1);
  });

  test("is found when the first try wrote and its answer was lost", async () => {
    const store = openMemoryStore();
    const lossy: EventStore = {
      ...store,
      append: async (request) => {
        await store.append(request);
        throw new StoreFault("TIMEOUT", "no answer", { outcome: "unknown", retryable: true });
      },
    };
    expect(await notDone(handlerOn(lossy), add(7), { commandId: "c1" })).toMatchObject({
      code: "TIMEOUT",
      outcome: "unknown",
    });
    const receipt = await done(handlerOn(store), add(7), { commandId: "c1" });
    expect(receipt).toMatchObject({ repeated: true, revision: 0, state: { total: 7 } });
    expect(await all(store)).toHaveLength(1);
  });

  test("tried by many at once happens once", async () => {
    const store = openMemoryStore();
    const handlers = Array.from({ length: 5 }, () => handlerOn(store));
    const receipts = await Promise.all(
      handlers.flatMap((handler) => [1, 2].map(() => done(handler, add(7), { commandId: "c1" }))),
    );
    expect(receipts.filter(({ repeated }) => !repeated)).toHaveLength(1);
    expect(new Set(receipts.map(({ digest }) => digest)).size).toBe(1);
    expect(await all(store)).toHaveLength(1);
  });
});

describe("a command under way twice", () => {
  test("gives its receipt, not a refusal, when the first try lands just before the second reads", async () => {
    const store = openMemoryStore();
    const first = handlerOn(store);
    let landed: Receipt<Counter, CounterEvent> | undefined;
    const late: EventStore = {
      ...store,
      async *read(...args) {
        landed ??= await done(first, close, { commandId: "c1" });
        yield* store.read(...args);
      },
    };
    await done(first, add(5));
    const receipt = await done(handlerOn(late), close, { commandId: "c1" });
    expect(receipt).toEqual({ ...landed, repeated: true });
  });
});

describe("several writers", () => {
  test("are all done, each deciding again on what the others wrote", async () => {
    for (const around of [(store: EventStore) => store, withoutLock]) {
      const store = openMemoryStore();
      const handlers = Array.from({ length: 4 }, () => handlerOn(around(store)));
      const receipts = await Promise.all(
        Array.from({ length: 12 }, (_, index) => done(handlers[index % 4] as Handler, add(1))),
      );
      expect(new Set(receipts.map(({ revision }) => revision)).size).toBe(12);
      expect((await handlers[0]?.load(stream))?.state.total).toBe(12);
    }
  });

  test("never push each other over a limit", async () => {
    for (const around of [(store: EventStore) => store, withoutLock]) {
      const store = openMemoryStore();
      const handlers = Array.from({ length: 3 }, () => handlerOn(around(store)));
      const answers = await Promise.all(
        Array.from({ length: 9 }, (_, index) => attempt(handlers[index % 3] as Handler, add(200))),
      );
      expect(answers.filter(E.isRight)).toHaveLength(5);
      for (const answer of answers.filter(E.isLeft))
        expect(answer.left).toMatchObject({ _tag: "LimitReached", total: 1_000 });
    }
  });

  test("count the decisions in the receipt", async () => {
    for (const around of [(store: EventStore) => store, withoutLock]) {
      const store = openMemoryStore();
      const handler = handlerOn(around(store));
      await done(handler, add(1));
      await appendBehind(store, { type: "Added", version: 1, data: { amount: 5 } });
      expect(await done(handler, add(1))).toMatchObject({ attempts: 2, revision: 2, state: { total: 7 } });
    }
  });

  test("find their wish fulfilled by another while deciding again", async () => {
    for (const around of [(store: EventStore) => store, withoutLock]) {
      const store = openMemoryStore();
      const handler = handlerOn(around(store));
      await done(handler, add(1));
      await appendBehind(store, { type: "Added", version: 1, data: { amount: 9 } });
      expect(await done(handler, reach(10))).toMatchObject({
        readback: "nothing_written",
        revision: 1,
        state: { total: 10 },
      });
    }
  });

  test("are refused on what another wrote while deciding again", async () => {
    for (const around of [(store: EventStore) => store, withoutLock]) {
      const store = openMemoryStore();
      const handler = handlerOn(around(store));
      await done(handler, add(1));
      await appendBehind(store, { type: "Closed", version: 1, data: {} });
      expect(await notDone(handler, add(1))).toEqual({ _tag: "CounterClosed" });
    }
  });

  test("get a conflict when others always come first", async () => {
    const store = openMemoryStore();
    let appends = 0;
    const crowded: EventStore = {
      ...withoutLock(store),
      append: async (request) => {
        appends += 1;
        await appendBehind(store, { type: "Added", version: 1, data: { amount: 1 } });
        return withoutLock(store).append(request);
      },
    };
    expect(await notDone(handlerOn(crowded, { maxAttempts: 3 }), add(1))).toMatchObject({
      _tag: "Conflict",
      stream,
    });
    expect(appends).toBe(3);
    expect(await all(store)).toHaveLength(3);
  });

  test("decide once more when a readback shows that another had claimed the revision", async () => {
    const store = openMemoryStore();
    let overtaken = false;
    const voiding: EventStore = {
      ...store,
      append: async (request) => {
        if (overtaken) return store.append(request);
        overtaken = true;
        await appendBehind(store, { type: "Added", version: 1, data: { amount: 5 } });
        const { commit } = request;
        const head = { revision: commit.firstRevision, digest: commit.events[0]?.digest as string };
        return { _tag: "Appended", commit, repeated: false, head, waitedMs: 0, receiptMark: "void" };
      },
      readBack: async (appended) =>
        appended.receiptMark === "void"
          ? { _tag: "Conflict", stream, expected: "no_stream", actual: await store.head(stream) }
          : store.readBack(appended),
    };
    expect(await done(handlerOn(voiding), add(1))).toMatchObject({
      state: { total: 6 },
      revision: 1,
      attempts: 2,
    });
    expect(await all(store)).toHaveLength(2);
  });

  test("get no receipt from a store that decides again and then answers with a conflict", async () => {
    const store = openMemoryStore();
    await appendBehind(store, { type: "Added", version: 1, data: { amount: 5 } });
    const fickle: EventStore = {
      ...store,
      append: async (request) => {
        const missed = await all(store);
        request.decideAgain?.(() => missed, await store.head(stream));
        return { _tag: "Conflict", stream, expected: request.expected, actual: await store.head(stream) };
      },
    };
    expect(await notDone(handlerOn(fickle, { maxAttempts: 4 }), add(1))).toMatchObject({ _tag: "Conflict" });
  });
});

describe("an expected revision", () => {
  test("lets a command pass on exactly that head", async () => {
    const handler = handlerOn(openMemoryStore());
    expect((await done(handler, add(1), { expectedRevision: "no_stream" })).revision).toBe(0);
    expect((await done(handler, add(1), { expectedRevision: 0 })).revision).toBe(1);
  });

  test("leaves with a conflict on any other, without deciding again", async () => {
    const store = openMemoryStore();
    const [one, other] = [handlerOn(store), handlerOn(store)];
    await done(one, add(1));
    await done(other, add(1));
    for (const handler of [one, other, handlerOn(withoutLock(store))])
      for (const expectedRevision of [0, "no_stream", 7] as const)
        expect(await notDone(handler, add(1), { expectedRevision })).toMatchObject({
          _tag: "Conflict",
          expected: expectedRevision,
          actual: { revision: 1 },
        });
    expect(await all(store)).toHaveLength(2);
  });

  test("is judged by the log, also when the handler remembers an older head", async () => {
    const store = openMemoryStore();
    const handler = handlerOn(store);
    await done(handler, add(1));
    await appendBehind(store, { type: "Added", version: 1, data: { amount: 5 } });
    expect(await done(handler, add(1), { expectedRevision: 1 })).toMatchObject({
      revision: 2,
      state: { total: 7 },
    });
  });

  test("does not stand in the way of a repeat", async () => {
    const handler = handlerOn(openMemoryStore());
    await done(handler, add(1), { commandId: "c1", expectedRevision: "no_stream" });
    await done(handler, add(1));
    expect((await done(handler, add(1), { commandId: "c1", expectedRevision: "no_stream" })).repeated).toBe(
      true,
    );
  });
});

describe("a fault", () => {
  test("of the store is a Left", async () => {
    const store = openMemoryStore();
    const handler = handlerOn(store);
    await store.close();
    expect(await notDone(handler, add(1))).toMatchObject({ code: "STORE_CLOSED", outcome: "not_written" });
  });

  test("is READBACK_FAILED with an unknown outcome when the readback differs from what was sealed", async () => {
    const lies: readonly ((events: readonly RecordedEvent[]) => readonly RecordedEvent[])[] = [
      () => [],
      (events) => events.slice(1),
      (events) => [...events].reverse(),
      (events) => events.map((event) => ({ ...event, data: { amount: 7 } })),
      (events) => events.map((event) => ({ ...event, actor: "mallory" })),
      (events) => events.map((event) => ({ ...event, digest: "0".repeat(64) })),
      (events) => events.map((event) => ({ ...event, revision: event.revision + 1 })),
    ];
    for (const lie of lies) {
      const store = openMemoryStore();
      const lying: EventStore = {
        ...store,
        readBack: async (appended) => lie((await store.readBack(appended)) as readonly RecordedEvent[]),
      };
      const handler = handlerOn(lying);
      expect(await notDone(handler, add(25), { commandId: "c1" })).toMatchObject({
        code: "READBACK_FAILED",
        outcome: "unknown",
        retryable: true,
      });
      // What the handler remembered is not believed any more: the next command sees the log.
      expect((await handler.load(stream)).state.total).toBe(25);
    }
  });

  test("of the readback never says that nothing was written, whatever the store says of it", async () => {
    for (const earlier of [false, true]) {
      const store = openMemoryStore();
      if (earlier) await done(handlerOn(store), add(1), { commandId: "c1" });
      const blind: EventStore = {
        ...store,
        readBack: async () => {
          throw new StoreFault("PERMISSION_DENIED", "no", { outcome: "not_written", retryable: false });
        },
      };
      expect(await notDone(handlerOn(blind), add(1), { commandId: "c1" })).toMatchObject({
        code: "PERMISSION_DENIED",
        outcome: "unknown",
        details: { stream, commandId: "c1" },
      });
      expect(await all(store)).toHaveLength(1);
    }
  });

  test("of what follows a certain receipt is a warning on it", async () => {
    const store = openMemoryStore();
    const publishing: EventStore = {
      ...store,
      publish: async () => {
        throw new StoreFault("STORAGE_FULL", "no room", {
          outcome: "not_written",
          retryable: true,
          hint: "Make room.",
        });
      },
    };
    expect(await done(handlerOn(publishing), add(1))).toMatchObject({
      warnings: [{ code: "STORAGE_FULL", message: "no room", hint: "Make room." }],
    });
  });

  test("answers a command that cannot be stored, with nothing written", async () => {
    const store = openMemoryStore();
    expect(await notDone(handlerOn(store), add(Number.NaN))).toMatchObject({
      code: "LIMIT_EXCEEDED",
      outcome: "not_written",
      retryable: false,
    });
    expect(await all(store)).toEqual([]);
  });

  test("answers a command that makes too many events, with nothing written", async () => {
    const store = openMemoryStore();
    expect(await notDone(handlerOn(store), add(650))).toMatchObject({
      code: "LIMIT_EXCEEDED",
      outcome: "not_written",
      retryable: false,
      details: { count: 65, limit: 64 },
    });
    expect(await all(store)).toEqual([]);
  });

  test("answers a decider whose state does not show what was asked, and says that events were written", async () => {
    const store = openMemoryStore();
    const handler = handlerOn(store, { decider: { ...counter, shows: () => false } });
    expect(await notDone(handler, add(1))).toMatchObject({
      code: "INTERNAL",
      outcome: "unknown",
      retryable: false,
      details: { written: true },
    });
    expect(await all(store)).toHaveLength(1);
  });

  test("answers a no-op whose head is not in the log any more", async () => {
    const store = openMemoryStore();
    const replaced: EventStore = {
      ...store,
      confirm: async () => {
        throw new StoreFault("LOG_REPLACED", "gone", { outcome: "not_written", retryable: true });
      },
    };
    expect(await notDone(handlerOn(replaced), reach(0))).toMatchObject({ code: "LOG_REPLACED" });
  });

  test("of anything but the store is thrown", async () => {
    const thrown = new RangeError("a defect");
    const decider = {
      ...counter,
      decide: () => {
        throw thrown;
      },
    };
    await expect(attempt(handlerOn(openMemoryStore(), { decider }), add(1))).rejects.toBe(thrown);
  });
});

describe("what a handler asks of a store", () => {
  test("is to decide again only where any revision will do", async () => {
    const store = openMemoryStore();
    const asked: boolean[] = [];
    const watched: EventStore = {
      ...store,
      append: (request) => {
        asked.push(request.decideAgain !== undefined);
        return store.append(request);
      },
    };
    const handler = handlerOn(watched);
    await done(handler, add(1));
    await done(handler, add(1), { expectedRevision: 0 });
    expect(asked).toEqual([true, false]);
  });

  test("is no second read after a refusal that was decided under the lock", async () => {
    const store = openMemoryStore();
    let reads = 0;
    const counting: EventStore = {
      ...store,
      read: (name, options) => {
        reads += 1;
        return store.read(name, options);
      },
    };
    const handler = handlerOn(counting);
    await done(handler, add(1));
    await appendBehind(store, { type: "Closed", version: 1, data: {} });
    reads = 0;
    expect(await notDone(handler, add(1))).toEqual({ _tag: "CounterClosed" });
    expect(reads).toBe(0);
  });

  test("is the whole stream again after a fault", async () => {
    const store = openMemoryStore();
    const from: (number | undefined)[] = [];
    let failing = false;
    const faulty: EventStore = {
      ...store,
      read: (name, options) => {
        from.push(options?.after?.revision);
        return store.read(name, options);
      },
      readBack: async (appended) => (failing ? [] : store.readBack(appended)),
    };
    const handler = handlerOn(faulty);
    await done(handler, add(1));
    failing = true;
    await notDone(handler, add(1));
    from.length = 0;
    await handler.load(stream);
    expect(from).toEqual([-1]);
  });

  test("passes a conflict on when a repeat finds another log than the look-up did", async () => {
    const store = openMemoryStore();
    await done(handlerOn(store), add(1), { commandId: "c1" });
    const swapped: EventStore = {
      ...store,
      append: async ({ expected }) => ({
        _tag: "Conflict",
        stream,
        expected,
        actual: await store.head(stream),
      }),
    };
    expect(await notDone(handlerOn(swapped), add(1), { commandId: "c1" })).toMatchObject({
      _tag: "Conflict",
    });
  });

  test("passes a fault of a read on, cold and warm, instead of reading once more", async () => {
    for (const isWarm of [false, true]) {
      const store = openMemoryStore();
      let faults = 0;
      const faulty: EventStore = {
        ...store,
        read: (name, options) => {
          if (faults === 0) return store.read(name, options);
          faults -= 1;
          throw new StoreFault("TIMEOUT", "too slow", {
            outcome: "not_written",
            retryable: true,
            hint: "Wait.",
          });
        },
      };
      const snapshots = memorySnapshots();
      await done(handlerOn(faulty, { snapshots, snapshotEvery: 1 }), add(1));
      const handler = handlerOn(faulty, { snapshots });
      if (isWarm) await done(handler, add(1));
      faults = 1;
      const fault = await notDone(handler, add(2_000));
      expect(fault).toMatchObject({
        code: "TIMEOUT",
        outcome: "not_written",
        retryable: true,
        hint: "Wait.",
      });
      expect(faults).toBe(0);
    }
  });
});

describe("snapshots", () => {
  /** Counts how many events are read for folding. */
  const counted = (store: EventStore) => {
    const reads = { events: 0 };
    const counting: EventStore = {
      ...store,
      read: async function* (name, options) {
        for await (const batch of store.read(name, options)) {
          reads.events += batch.length;
          yield batch;
        }
      },
    };
    return { counting, reads };
  };

  const filled = async (snapshots: SnapshotStore) => {
    const store = openMemoryStore();
    const handler = handlerOn(store, { snapshots, snapshotEvery: 4 });
    for (let index = 0; index < 10; index += 1) await done(handler, add(1));
    return store;
  };

  test("spare a cold handler most of the log and change nothing", async () => {
    const snapshots = memorySnapshots();
    const { counting, reads } = counted(await filled(snapshots));
    expect((await done(handlerOn(counting, { snapshots }), add(1))).state.total).toBe(11);
    expect(reads.events).toBe(2);
    expect((await done(handlerOn(counting), add(1))).state.total).toBe(12);
  });

  test("are forgotten when the decider's version is raised", async () => {
    const snapshots = memorySnapshots();
    const { counting, reads } = counted(await filled(snapshots));
    const decider = { ...counter, version: 2 };
    expect((await done(handlerOn(counting, { snapshots, decider }), add(1))).state.total).toBe(11);
    expect(reads.events).toBe(10);
  });

  test("of another history are not believed", async () => {
    const store = await filled(memorySnapshots());
    const snapshots: SnapshotStore = {
      load: async () => ({
        head: { revision: 3, digest: "foreign" },
        state: { total: 500, closed: true },
        unknownEvents: 0,
      }),
      save: async () => {},
    };
    expect((await done(handlerOn(store, { snapshots }), add(1))).state.total).toBe(11);
  });
});

describe("what a handler remembers", () => {
  test("spares a warm handler every read", async () => {
    const store = openMemoryStore();
    let reads = 0;
    const counting: EventStore = {
      ...store,
      read: (name, options) => {
        reads += 1;
        return store.read(name, options);
      },
    };
    const handler = handlerOn(counting);
    for (let index = 0; index < 5; index += 1) await done(handler, add(1));
    expect(reads).toBe(1);
  });

  test("may be nothing at all", async () => {
    const handler = handlerOn(openMemoryStore(), { keptStreams: 0 });
    await done(handler, add(1));
    expect((await done(handler, add(1))).state.total).toBe(2);
  });

  test("is as many streams as it was allowed, and the newest of them", async () => {
    const store = openMemoryStore();
    const read: string[] = [];
    const watched: EventStore = {
      ...store,
      read: (name, options) => {
        read.push(name);
        return store.read(name, options);
      },
    };
    const handler = handlerOn(watched, { keptStreams: 2 });
    for (const name of [
      "counter-a",
      "counter-b",
      "counter-a",
      "counter-b",
      "counter-c",
      "counter-b",
      "counter-a",
    ])
      await handler.attempt(name, add(1), { actor: "ana" })();
    expect(read).toEqual(["counter-a", "counter-b", "counter-c", "counter-a"]);
  });

  test("is bounded", async () => {
    const store = openMemoryStore();
    const handler = handlerOn(store, { keptStreams: 2 });
    for (let round = 0; round < 3; round += 1)
      for (const name of ["counter-a", "counter-b", "counter-c", "counter-d"])
        expect(E.isRight(await handler.attempt(name, add(1), { actor: "ana" })())).toBe(true);
    expect((await handler.load("counter-a")).state.total).toBe(3);
  });

  test("is dropped when the log was replaced by another", async () => {
    let store = openMemoryStore();
    const swapped = new Proxy({} as EventStore, { get: (_, name) => store[name as keyof EventStore] });
    const handler = handlerOn(swapped);
    await done(handler, add(5));
    store = openMemoryStore();
    await appendBehind(store, { type: "Added", version: 1, data: { amount: 40 } });
    expect(await done(handler, add(1))).toMatchObject({ state: { total: 41 }, revision: 1 });
  });

  test("leaves out events that nobody knows, and counts them", async () => {
    const store = openMemoryStore();
    const handler = handlerOn(store);
    await done(handler, add(1));
    await appendBehind(
      store,
      { type: "Doubled", version: 1, data: {} },
      { type: "Added", version: 9, data: {} },
    );
    expect(await done(handler, add(1))).toMatchObject({ revision: 3, state: { total: 2 } });
    expect((await handler.load(stream)).unknownEvents).toBe(2);
    expect((await handlerOn(store).load(stream)).unknownEvents).toBe(2);
  });
});

describe("calling off", () => {
  test("before the append throws and writes nothing", async () => {
    const store = openMemoryStore();
    const { signal, abort } = cancelSource();
    abort();
    await expect(attempt(handlerOn(store), add(1), { signal })).rejects.toMatchObject({ name: "AbortError" });
    expect(await all(store)).toEqual([]);
  });

  test("after the append still gives the receipt", async () => {
    const store = openMemoryStore();
    const { signal, abort } = cancelSource();
    const aborting: EventStore = {
      ...store,
      append: async (request) => {
        const answer = await store.append(request);
        abort();
        return answer;
      },
    };
    expect((await done(handlerOn(aborting), add(1), { signal })).readback).toBe("verified");
  });

  test("happens to nothing before the task is run", async () => {
    const store = openMemoryStore();
    const task = handlerOn(store).attempt(stream, add(1), { actor: "ana" });
    expect(await all(store)).toEqual([]);
    await task();
    expect(await all(store)).toHaveLength(1);
  });
});

describe("a decider without events for a command", () => {
  test("may leave out evolveInPlace and shows", async () => {
    const { evolveInPlace: _, shows: __, ...plain } = { evolveInPlace: undefined, ...counter };
    const decider = { ...plain, decide: () => accept<CounterEvent>() };
    expect((await done(handlerOn(openMemoryStore(), { decider }), add(1))).readback).toBe("nothing_written");
  });
});

describe("a log that lacks events", () => {
  test("is not decided on, since what is missing may be what forbids the command", async () => {
    const store = openMemoryStore();
    for (const amount of [1, 2, 3, 4]) await done(handlerOn(store), add(amount));
    const holed: EventStore = {
      ...store,
      async *read(...args) {
        for await (const batch of store.read(...args)) yield batch.filter(({ revision }) => revision !== 1);
      },
    };
    const before = await all(store);
    expect(await notDone(handlerOn(holed), add(5))).toMatchObject({
      code: "LOG_CORRUPT",
      outcome: "not_written",
    });
    const again = await notDone(handlerOn(holed), add(2), { commandId: "perhaps-the-lost-one" });
    expect(again).toMatchObject({ code: "LOG_CORRUPT", outcome: "unknown" });
    expect(await all(store)).toEqual(before);
  });
});

test.each([
  ["a command id that is a number", { commandId: 5 }, "commandId is no text"],
  ["a blank command id", { commandId: " " }, "commandId is blank"],
  ["a correlation id that is a number", { correlationId: 5 }, "correlationId is no text"],
  ["a causation id that is null", { causationId: null }, "causationId is no text"],
  [
    "a revision that is a text",
    { expectedRevision: "3" },
    'expectedRevision is neither a whole number nor "no_stream"',
  ],
])("%s is the caller's mistake, and nothing is written", async (_, options, message) => {
  const store = openMemoryStore();
  await expect(attempt(handlerOn(store), add(1), options as never)).rejects.toThrow(new TypeError(message));
  expect((await store.head(stream)).revision).toBe(-1);
});

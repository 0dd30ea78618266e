import { type CounterEvent, cancelSource, counter, counterCodec } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { fold } from "./decider.ts";
import { type EncodedEvent, emptyHead, type StreamHead, sealCommit } from "./event.ts";
import type { EventStore } from "./event-store.ts";
import { isStoreFault } from "./faults.ts";
import { deciderFold, emptyFold, foldOnto, loadFold, saveFold } from "./fold.ts";
import { openMemoryStore } from "./memory-store.ts";
import { memorySnapshots, noSnapshots, type Snapshot } from "./snapshots.ts";

const stream = "counter-1";
const spec = deciderFold(counter, counterCodec);
const added = (amount: number): EncodedEvent => ({ type: "Added", version: 1, data: { amount } });

/** Appends each event as a command of its own. */
const fill = async (store: EventStore, events: readonly EncodedEvent[]): Promise<void> => {
  for (const event of events) {
    const head: StreamHead = await store.head(stream);
    const commandId = `c${head.revision + 1}`;
    const context = {
      stream,
      commandId,
      commandDigest: commandId,
      recordedAt: "2026-01-01T00:00:00.000Z",
      actor: "ana",
    };
    await store.append({
      commit: sealCommit(head, context, [event]),
      expected: head.revision < 0 ? "no_stream" : head.revision,
    });
  }
};

const filled = async (...events: readonly EncodedEvent[]): Promise<EventStore> => {
  const store = openMemoryStore();
  await fill(store, events);
  return store;
};

describe("folding events", () => {
  test("leaves the state it begins with as it was", () => {
    const begun = Object.freeze({ total: 1, closed: false });
    const events: CounterEvent[] = [{ type: "Added", amount: 2 }, { type: "Closed" }];
    expect(fold(counter, begun, events)).toEqual({ total: 3, closed: true });
    expect(begun).toEqual({ total: 1, closed: false });
  });
});

describe("loading a fold", () => {
  test("of an absent stream gives the beginning at the empty head", async () => {
    const folded = await loadFold(openMemoryStore(), stream, spec, { snapshots: noSnapshots });
    expect(folded).toEqual({
      head: emptyHead,
      state: counter.initial,
      unknownEvents: 0,
      gaps: 0,
      sinceSnapshot: 0,
    });
    expect(folded.state).not.toBe(counter.initial);
  });

  test("gives state, head and how many events were folded", async () => {
    const store = await filled(added(1), added(2), added(3));
    const folded = await loadFold(store, stream, spec, { snapshots: noSnapshots });
    expect(folded).toEqual({
      head: await store.head(stream),
      state: { total: 6, closed: false },
      unknownEvents: 0,
      gaps: 0,
      sinceSnapshot: 3,
    });
  });

  test("stops at the revision asked for", async () => {
    const store = await filled(added(1), added(2), added(3));
    const folded = await loadFold(store, stream, spec, { snapshots: noSnapshots, to: 1 });
    expect(folded).toMatchObject({ head: { revision: 1 }, state: { total: 3 } });
  });

  test("skips and counts events that nobody knows", async () => {
    const store = await filled(
      added(1),
      { type: "Doubled", version: 1, data: {} },
      { type: "Added", version: 2, data: {} },
      added(2),
    );
    const folded = await loadFold(store, stream, spec, { snapshots: noSnapshots });
    expect(folded).toMatchObject({
      head: { revision: 3 },
      state: { total: 3 },
      unknownEvents: 2,
      gaps: 0,
      sinceSnapshot: 4,
    });
  });

  test("goes on from a snapshot, with the same state as without", async () => {
    const store = await filled(added(1), added(2));
    const snapshots = memorySnapshots();
    await saveFold(snapshots, stream, spec, await loadFold(store, stream, spec, { snapshots }));
    await fill(store, [added(3)]);
    const folded = await loadFold(store, stream, spec, { snapshots });
    expect(folded).toMatchObject({ state: { total: 6 }, sinceSnapshot: 1, head: { revision: 2 } });
  });

  test("does not use a snapshot that is newer than the revision asked for", async () => {
    const store = await filled(added(1), added(2), added(3));
    const snapshots = memorySnapshots();
    await saveFold(snapshots, stream, spec, await loadFold(store, stream, spec, { snapshots }));
    expect((await loadFold(store, stream, spec, { snapshots, to: 0 })).state).toEqual({
      total: 1,
      closed: false,
    });
    expect((await loadFold(store, stream, spec, { snapshots, to: 2 })).sinceSnapshot).toBe(0);
  });

  test("forgets snapshots of another version", async () => {
    const store = await filled(added(1));
    const snapshots = memorySnapshots();
    await saveFold(snapshots, stream, spec, {
      ...emptyFold(spec),
      head: await store.head(stream),
      state: { total: 99, closed: true },
      unknownEvents: 0,
    });
    expect((await loadFold(store, stream, spec, { snapshots })).state.total).toBe(99);
    expect((await loadFold(store, stream, { ...spec, version: 2 }, { snapshots })).state.total).toBe(1);
  });

  test("drops a snapshot of another history and reads the stream whole", async () => {
    const store = await filled(added(1), added(2));
    const foreign: Snapshot = {
      head: { revision: 1, digest: "foreign" },
      state: { total: 99, closed: true },
      unknownEvents: 0,
    };
    const ahead: Snapshot = {
      head: { revision: 8, digest: "foreign" },
      state: { total: 99, closed: true },
      unknownEvents: 0,
    };
    for (const snapshot of [foreign, ahead]) {
      const folded = await loadFold(store, stream, spec, {
        snapshots: { load: async () => snapshot, save: async () => {} },
      });
      expect(folded).toMatchObject({ state: { total: 3, closed: false }, sinceSnapshot: 2 });
    }
  });

  test("passes other faults of the store through", async () => {
    const store = await filled(added(1));
    const snapshots = memorySnapshots();
    await saveFold(snapshots, stream, spec, await loadFold(store, stream, spec, { snapshots }));
    await store.close();
    const error: unknown = await loadFold(store, stream, spec, { snapshots }).catch(
      (thrown: unknown) => thrown,
    );
    expect(isStoreFault(error) && error.code).toBe("STORE_CLOSED");
  });
});

describe("folding on", () => {
  test("refuses to go on from a head that the log does not hold", async () => {
    const store = await filled(added(1));
    const begun = { ...emptyFold(spec), head: { revision: 0, digest: "foreign" } };
    await expect(foldOnto(store, stream, spec, begun)).rejects.toMatchObject({
      code: "LOG_REPLACED",
      outcome: "not_written",
      retryable: true,
    });
  });

  test("stops when it is called off", async () => {
    const store = await filled(added(1));
    const { signal, abort } = cancelSource();
    abort();
    await expect(foldOnto(store, stream, spec, emptyFold(spec), { signal })).rejects.toMatchObject({
      name: "AbortError",
    });
  });
});

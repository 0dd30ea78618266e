import { additions, cancelSource, counter, counterCodec, projectionLaws } from "@mission-ledger/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RecordedEvent, sealCommit } from "./event.ts";
import type { EventBatch, EventStore, ReadAllOptions } from "./event-store.ts";
import { commandHandler } from "./handle.ts";
import { openMemoryStore } from "./memory-store.ts";
import { projector } from "./projector.ts";
import { reconciledType } from "./reconciliation.ts";
import { memoryViews, type Projected, type ViewStore } from "./view-store.ts";

const at = "2026-01-01T00:00:00.000Z";

const add = async (store: EventStore, stream: string, actor: string, amount = 1): Promise<void> => {
  const handler = commandHandler({ store, decider: counter, codec: counterCodec });
  await handler.attempt(stream, { type: "Add", at, amount }, { actor })();
};

const open = (views: ViewStore = memoryViews()) => {
  const store = openMemoryStore();
  const make = (category?: string) =>
    projector({
      store,
      codec: counterCodec,
      projection: additions,
      views,
      ...(category === undefined ? {} : { category }),
    });
  return { store, views, make };
};

describe("a projector", () => {
  test("catches up with the whole log and remembers where it was", async () => {
    const { store, make } = open();
    expect(await make().catchUp()).toEqual({ view: {}, position: null, events: 0, last: null });
    await add(store, "counter-1", "ana");
    await add(store, "counter-2", "ben", 25);
    const caughtUp = await make().catchUp();
    expect(caughtUp).toMatchObject({
      view: { "counter-1": { times: 1, by: "ana" }, "counter-2": { times: 3, by: "ben" } },
      events: 4,
    });
    expect(await make().catchUp()).toEqual(caughtUp);
  });

  test("takes in each event once, however often it catches up", async () => {
    const { store, make } = open();
    const live = make();
    for (let index = 0; index < 5; index += 1) {
      await add(store, "counter-1", `agent-${index}`);
      await live.catchUp();
    }
    expect(await live.catchUp()).toMatchObject({
      view: { "counter-1": { times: 5, by: "agent-4" } },
      events: 5,
    });
  });

  test("keeps to its category", async () => {
    const { store, make } = open();
    await add(store, "counter-1", "ana");
    await add(store, "other-1", "ben");
    expect(Object.keys((await make("counter").catchUp()).view)).toEqual(["counter-1"]);
  });

  test("rebuilds to what it had", async () => {
    const { store, make } = open();
    for (const actor of ["ana", "ben", "ana"]) {
      await add(store, "counter-1", actor);
      await make().catchUp();
    }
    expect(await make().rebuild()).toEqual(await make().catchUp());
  });

  test("rebuilds a view that was damaged", async () => {
    const { store, make, views } = open();
    await add(store, "counter-1", "ana");
    const stored = await make().catchUp();
    await views.save(additions.name, additions.version, {
      ...stored,
      view: { "counter-1": { times: 77, by: "nobody" } },
    });
    expect((await make().catchUp()).view["counter-1"]?.times).toBe(77);
    expect((await make().rebuild()).view["counter-1"]?.times).toBe(1);
    expect((await make().catchUp()).view["counter-1"]?.times).toBe(1);
  });

  test("makes a view again that is of another log, or that does not say what it saw last", async () => {
    const { store, make, views } = open();
    const other = open();
    for (const actor of ["eve", "eve", "eve"]) await add(other.store, "counter-1", actor);
    await add(store, "counter-1", "ana");
    const foreign = await other.make().catchUp();
    const { last: _, ...untold } = foreign;
    for (const stored of [foreign, untold as typeof foreign]) {
      await views.save(additions.name, additions.version, stored);
      expect((await make().catchUp()).view).toEqual({ "counter-1": { times: 1, by: "ana" } });
      await views.save(additions.name, additions.version, stored);
      for await (const { view } of make().follow()) {
        expect(view).toEqual({ "counter-1": { times: 1, by: "ana" } });
        break;
      }
    }
  });

  test("makes a view again when a branch was decided on, for it may have taken in the other one", async () => {
    const { store, make, views } = open();
    await add(store, "counter-1", "ana");
    const seen = await make().catchUp();
    // What it took in of a branch that has lost since, and the decision.
    await views.save(additions.name, additions.version, {
      ...seen,
      view: { "counter-1": { times: 5, by: "eve" } },
    });
    const head = await store.head("counter-1");
    const context = { stream: "counter-1", commandId: "r", commandDigest: "r", recordedAt: at, actor: "ana" };
    const decision = { type: reconciledType, version: 1, data: { winner: head.digest, losers: [] } };
    await store.append({ commit: sealCommit(head, context, [decision]), expected: head.revision });
    for await (const { view, events } of make().follow()) {
      expect(view).toEqual({ "counter-1": { times: 1, by: "ana" } });
      expect(events).toBe(2);
      break;
    }
    await views.save(additions.name, additions.version, {
      ...seen,
      view: { "counter-1": { times: 5, by: "eve" } },
    });
    expect((await make().catchUp()).view).toEqual({ "counter-1": { times: 1, by: "ana" } });
  });

  test("leaves the stored view alone until a rebuild is done", async () => {
    const { store, make } = open();
    await add(store, "counter-1", "ana");
    const before = await make().catchUp();
    const { signal, abort } = cancelSource();
    abort();
    await expect(make().rebuild({ signal })).rejects.toThrow();
    expect(await make().catchUp()).toEqual(before);
  });

  test("hears an interrupt while it reads a log that never waits for anything", async () => {
    const { store, views } = open();
    await add(store, "counter-1", "ana");
    const events: RecordedEvent[] = [];
    for await (const batch of store.readAll()) events.push(...batch);
    async function* endless(options: ReadAllOptions = {}): AsyncGenerator<EventBatch> {
      for (let index = 0; index < 1_000_000; index += 1) {
        options.signal?.throwIfAborted();
        yield events;
      }
    }
    const busy = projector({
      store: { ...store, readAll: endless },
      codec: counterCodec,
      projection: additions,
      views,
    });
    for (const pass of [busy.catchUp, busy.rebuild]) {
      const interrupt = new AbortController();
      setImmediate(() => interrupt.abort());
      await expect(pass({ signal: interrupt.signal })).rejects.toThrow(/abort/i);
    }
  });

  test("follows the log, giving the view after each batch, until the loop is left", async () => {
    const { store, make } = open();
    await add(store, "counter-1", "ana");
    const seen: Projected<(typeof additions)["initial"]>[] = [];
    for await (const projected of make().follow()) {
      seen.push(projected);
      if (projected.events === 3) break;
      await add(store, "counter-1", "ben");
    }
    expect(seen.map(({ view }) => view["counter-1"]?.times)).toEqual([1, 2, 3]);
    expect(await make().catchUp()).toEqual(seen.at(-1));
  });

  test("stops following when its signal aborts", async () => {
    const { store, make } = open();
    await add(store, "counter-1", "ana");
    const { signal, abort } = cancelSource();
    let count = 0;
    for await (const _ of make().follow({ signal })) {
      count += 1;
      abort();
    }
    expect(count).toBe(1);
  });
});

describe("the additions of counters", () => {
  const events = fc.array(
    fc.oneof(
      fc.record({ type: fc.constant("Added" as const), amount: fc.nat() }),
      fc.constant({ type: "Closed" as const }),
    ),
    { maxLength: 12 },
  );
  for (const { name, check } of projectionLaws(additions, counterCodec, { events }))
    test(name, () => check({ numRuns: 40 }));
});

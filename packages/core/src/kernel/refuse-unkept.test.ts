/** Views are stored as JSON: what would come back as another is refused wherever a projection runs, with its place and its event. */
import { additions, counter, counterCodec } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import type { EventStore } from "./event-store.ts";
import { commandHandler } from "./handle.ts";
import { openMemoryStore } from "./memory-store.ts";
import { type Projection, projectionFold } from "./projection.ts";
import { projector } from "./projector.ts";
import { memoryViews, type ViewStore } from "./view-store.ts";

type Event = Parameters<typeof counterCodec.encode>[0];
interface Odd {
  readonly events: number;
  readonly odd?: unknown;
}

const at = "2026-01-01T00:00:00.000Z";

const add = async (store: EventStore, stream: string): Promise<void> => {
  const handler = commandHandler({ store, decider: counter, codec: counterCodec });
  await handler.attempt(stream, { type: "Add", at, amount: 1 }, { actor: "ana" })();
};

/** Counts, and keeps something odd from its third event on, or from its third to its fourth. */
const oddly = (odd: unknown, { heals = false } = {}): Projection<Odd, Event> => ({
  name: "acme-odd",
  version: 1,
  initial: { events: 0 },
  when: {
    Added: ({ events }) => ({
      events: events + 1,
      ...(events + 1 >= 3 && !(heals && events + 1 >= 4) ? { odd: { deep: [odd] } } : {}),
    }),
  },
});

const withEvents = async (count: number): Promise<EventStore> => {
  const store = openMemoryStore();
  for (let index = 0; index < count; index += 1)
    await add(store, index % 2 === 0 ? "counter-a" : "counter-b");
  return store;
};

const projectorOf = (store: EventStore, views: ViewStore, projection: Projection<Odd, Event>) =>
  projector({ store, codec: counterCodec, projection, views });

const circle: unknown[] = [];
circle.push(circle);

const odds: readonly (readonly [string, unknown])[] = [
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-0", -0],
  ["a Date", new Date(0)],
  ["a Map", new Map([["a", 1]])],
  ["undefined in a list", undefined],
  ["a bigint", 1n],
  ["a function", () => 1],
  ["what it stands in itself", circle],
];

const refusal = (what: string) => ({
  code: "PROJECTION_FAILED",
  outcome: "not_written",
  retryable: false,
  message: expect.stringContaining(what),
  details: {
    projection: "acme-odd",
    version: 1,
    key: what === "what it stands in itself" ? "odd.deep.0.0" : "odd.deep.0",
    eventId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    type: "Added",
    stream: "counter-a",
    revision: 1,
  },
});

describe("a view with a value that JSON does not keep", () => {
  test.each(odds)("is refused: %s", async (what, odd) => {
    const store = await withEvents(5);
    const views = memoryViews();
    const { catchUp, rebuild, follow } = projectorOf(store, views, oddly(odd));
    await expect(catchUp()).rejects.toMatchObject(refusal(what));
    await expect(rebuild({ resume: false })).rejects.toMatchObject(refusal(what));
    await expect(follow()[Symbol.asyncIterator]().next()).rejects.toMatchObject(refusal(what));
    expect(await views.load("acme-odd", 1)).toBeUndefined();
  });

  test("is refused when it is made live, and what is stored stays", async () => {
    const store = await withEvents(2);
    const views = memoryViews();
    const following = projectorOf(store, views, oddly(Number.NaN)).follow()[Symbol.asyncIterator]();
    expect(await following.next()).toMatchObject({ value: { view: { events: 2 } } });
    await add(store, "counter-a");
    await expect(following.next()).rejects.toMatchObject(refusal("NaN"));
    expect(await views.load("acme-odd", 1)).toMatchObject({ view: { events: 2 } });
  });

  test("is refused when it is compared with a stored one", async () => {
    const store = await withEvents(5);
    const views = memoryViews();
    const { position } = await projectorOf(store, views, oddly(null)).catchUp();
    for (const [what, odd] of odds)
      await expect(projectorOf(store, views, oddly(odd)).verify()).rejects.toMatchObject(refusal(what));
    expect(await projectorOf(store, views, oddly(null)).verify()).toEqual({ _tag: "Equal", events: 5 });
    expect(await views.load("acme-odd", 1)).toMatchObject({ position });
  });

  test("is refused when it is put down on the way, healed or not by what comes", async () => {
    const store = await withEvents(5);
    const seen: EventStore = {
      ...store,
      async *readAll(options) {
        for await (const batch of store.readAll(options)) for (const event of batch) yield [event];
      },
    };
    const views = memoryViews();
    const projection = oddly(Number.NaN, { heals: true });
    // How long it took to put the view down says when it is due again: at a clock that stands, each time.
    const clock = { now: () => Date.parse(at) };
    const often = projector({
      store: seen,
      codec: counterCodec,
      projection,
      views,
      clock,
      saveEveryEvents: 1,
    });
    await expect(often.catchUp()).rejects.toMatchObject(refusal("NaN"));
    expect(await projectorOf(store, memoryViews(), projection).catchUp()).toMatchObject({
      view: { events: 5 },
    });
  });

  test("is named with what it lacked where whole events make it right", async () => {
    const store = await withEvents(5);
    let runs = 0;
    const projection: Projection<Odd, Event> = {
      ...oddly(1),
      when: {
        Added: ({ events }) => {
          runs += 1;
          return { events: events + 1, ...(runs === 5 ? { odd: Number.NaN } : {}) };
        },
      },
    };
    await expect(projectorOf(store, memoryViews(), projection).catchUp()).rejects.toMatchObject({
      code: "PROJECTION_FAILED",
      hint: expect.stringContaining("needs"),
      details: { key: "odd", stream: "counter-a", revision: 2 },
    });
  });

  test("is none to begin with", () => {
    expect(() => projectionFold({ ...additions, initial: new Map() as never }, counterCodec)).toThrow(
      new TypeError(
        "the projection counter-additions begins with what JSON does not keep: its view is a Map",
      ),
    );
  });
});

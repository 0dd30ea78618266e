import {
  additions,
  cancelSource,
  commits,
  counter,
  counterCodec,
  encodedEvents,
} from "@mission-ledger/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eventCodec } from "./codec.ts";
import { type EncodedEvent, type EventEnvelope, emptyHead } from "./event.ts";
import type { EventStore } from "./event-store.ts";
import { deciderFold, type FoldSpec, loadFold } from "./fold.ts";
import { foldMany } from "./fold-many.ts";
import { openMemoryStore } from "./memory-store.ts";
import { type Projection, projectionFold } from "./projection.ts";
import { scanByReading } from "./scan-by-reading.ts";
import { noSnapshots } from "./snapshots.ts";

const stream = "mission-m1";

type Noted = { readonly type: "Noted"; readonly lifts: readonly number[] } & Readonly<
  Record<string, unknown>
>;
type Opened = { readonly type: "Opened" } & Readonly<Record<string, unknown>>;

/** Knows two of the types that are drawn, one of them in three versions; newer ones it does not know. */
const codec = eventCodec<Noted | Opened>({
  Noted: {
    version: 3,
    upcasters: {
      1: (data, { actor }) => ({ ...data, lifts: [1], liftedFor: actor }),
      2: (data) => ({ ...data, lifts: [...((data.lifts as number[] | undefined) ?? []), 2] }),
    },
  },
  Opened: { version: 1 },
});

const everything: Projection<{ seen: unknown[] }, Noted | Opened> = {
  name: "everything",
  version: 1,
  initial: { seen: [] },
  when: {
    Noted: (view, event, meta) => {
      const { id, actor, previous, digest, recordedAt, commandId, correlationId } = meta as EventEnvelope;
      view.seen.push({ ...event }, { id, actor, previous, digest, recordedAt, commandId });
      if (correlationId !== undefined) view.seen.push(correlationId);
      return view;
    },
  },
};
const few: Projection<{ seen: unknown[] }, Noted | Opened> = {
  name: "few",
  version: 1,
  initial: { seen: [] },
  when: {
    Noted: (view, { lifts, a }, { actor }) => {
      view.seen.push([lifts ?? null, a ?? null, actor]);
      return view;
    },
    Opened: (view, _, { revision }) => {
      view.seen.push(revision);
      return view;
    },
  },
  needs: { Noted: { data: ["lifts", "a"], meta: ["actor"] }, Opened: { data: [], meta: [] } },
};
const count: FoldSpec<number> = {
  name: "count",
  version: 1,
  initial: 0,
  stepInPlace: (sum, { type }) => (type === "Closed" ? undefined : sum + 1),
};
const ofCounters = projectionFold(additions, counterCodec);

/** A store that reads these events and nothing else. */
const storeOf = (events: readonly EventEnvelope[], offersScan: boolean): EventStore => {
  const { scan: _, ...memory } = openMemoryStore();
  const store: EventStore = {
    ...memory,
    async *read(_stream, { after = emptyHead, to, signal } = {}) {
      for (let at = 0; at < events.length; at += 3) {
        signal?.throwIfAborted();
        const batch = events
          .slice(at, at + 3)
          .filter(({ revision }) => revision > after.revision && (to === undefined || revision <= to))
          .map((event) => ({ ...structuredClone(event), position: String(event.revision) }));
        if (batch.length > 0) yield batch;
      }
    },
  };
  if (!offersScan) return store;
  return { ...store, scan: (name, options, sink) => scanByReading(store, name, options, sink) };
};

const specs = [
  projectionFold(everything, codec),
  projectionFold(few, codec),
  deciderFold(counter, counterCodec),
  ofCounters,
] as readonly FoldSpec<unknown>[];
const withOneThatSeesAll = [...specs, count as FoldSpec<unknown>];

const drawn = commits({
  stream,
  maxCommits: 10,
  events: fc.oneof(
    encodedEvents,
    fc.record({
      type: fc.constant("Noted"),
      version: fc.integer({ min: 1, max: 4 }),
      data: fc.record({ a: fc.integer(), b: fc.string(), lifts: fc.constant([7]) }),
    }),
    fc.record({
      type: fc.constant("Added"),
      version: fc.constantFrom(1, 1, 2),
      data: fc.record({ amount: fc.integer({ min: 1, max: 9 }) }),
    }),
  ),
}).map((list) => list.flatMap(({ events }) => events));

/** Events of which some are missing. */
const withGaps = fc
  .tuple(drawn, fc.array(fc.nat({ max: 60 }), { maxLength: 3 }))
  .map(([events, missing]) => events.filter((_, index) => !missing.includes(index)));

describe("folding many", () => {
  test("answers for each fold what loading it alone would", async () => {
    const property = fc.asyncProperty(
      withGaps,
      fc.boolean(),
      fc.boolean(),
      fc.option(fc.nat({ max: 30 }), { nil: undefined }),
      async (events, offersScan, seesAll, to) => {
        const asked = seesAll ? withOneThatSeesAll : specs;
        const store = storeOf(events, offersScan);
        const options = to === undefined ? {} : { to };
        const together = await foldMany(store, stream, asked, options);
        for (const [index, spec] of asked.entries())
          expect(together[index]).toEqual(
            await loadFold(storeOf(events, false), stream, spec, { snapshots: noSnapshots, ...options }),
          );
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  test("goes on from where folds were put down as if they had never been", async () => {
    const property = fc.asyncProperty(
      withGaps,
      fc.boolean(),
      fc.nat({ max: 40 }),
      async (events, scans, cut) => {
        const store = storeOf(events, scans);
        const whole = await foldMany(store, stream, specs);
        const to = events[Math.min(cut, events.length - 1)]?.revision ?? 0;
        const begun = JSON.parse(JSON.stringify(await foldMany(store, stream, specs, { to })));
        expect(await foldMany(store, stream, specs, { begun })).toEqual(whole);
      },
    );
    await fc.assert(property, { numRuns: 150 });
  });

  test("asks a store that scans for no more than what some fold needs", async () => {
    const [event] = fc.sample(drawn, { numRuns: 1, seed: 4 })[0] as readonly EventEnvelope[];
    const store = storeOf([event as EventEnvelope], false);
    const seen: unknown[] = [];
    const scanning: EventStore = {
      ...store,
      scan: (name, options, sink) => {
        seen.push(Object.fromEntries(options.wanted));
        return scanByReading(store, name, options, sink);
      },
    };
    await foldMany(scanning, stream, [projectionFold(few, codec) as FoldSpec<unknown>]);
    await foldMany(scanning, stream, [
      projectionFold(few, codec) as FoldSpec<unknown>,
      projectionFold(everything, codec) as FoldSpec<unknown>,
    ]);
    expect(seen).toEqual([
      {
        Noted: { data: ["lifts", "a"], meta: ["actor"], version: 3 },
        Opened: { data: [], meta: [], version: 1 },
      },
      { Noted: { version: 3 }, Opened: { data: [], meta: [], version: 1 } },
    ]);
  });

  test("of no fold reads nothing", async () => {
    const store: EventStore = {
      ...storeOf([], false),
      read: () => {
        throw new TypeError("nobody asked");
      },
    };
    expect(await foldMany(store, stream, [])).toEqual([]);
  });

  test("names the fold and the event at which it threw", async () => {
    const [events] = fc.sample(
      commits({
        stream,
        maxCommits: 4,
        events: fc.constant<EncodedEvent>({ type: "Opened", version: 1, data: {} }),
      })
        .map((list) => list.flatMap((commit) => commit.events))
        .filter((list) => list.length > 3),
      { numRuns: 1, seed: 1 },
    ) as unknown as [readonly EventEnvelope[]];
    const cause = new Error("no such card");
    const failing = projectionFold<null, Opened>(
      {
        name: "failing",
        version: 1,
        initial: null,
        when: {
          Opened: (view, _, { revision }) => {
            if (revision === 2) throw cause;
            return view;
          },
        },
      },
      codec as never,
    );
    for (const scans of [true, false]) {
      const error = await foldMany(storeOf(events, scans), stream, [
        ...specs,
        failing as FoldSpec<unknown>,
      ]).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: "PROJECTION_FAILED",
        outcome: "not_written",
        details: {
          projection: "failing",
          version: 1,
          eventId: (events[2] as EventEnvelope).id,
          stream,
          revision: 2,
          type: "Opened",
        },
        cause,
      });
    }
  });

  test("stops when it is canceled", async () => {
    const events = fc.sample(
      drawn.filter(({ length }) => length > 6),
      { numRuns: 1, seed: 2 },
    )[0] as readonly EventEnvelope[];
    for (const scans of [true, false]) {
      const source = cancelSource();
      source.abort();
      await expect(
        foldMany(storeOf(events, scans), stream, specs, { signal: source.signal }),
      ).rejects.toThrow("aborted");
    }
  });

  test("refuses folds that did not begin together", async () => {
    const begun = (await foldMany(storeOf([], false), stream, specs)).map((fold, index) =>
      index === 1 ? { ...fold, head: { revision: 0, digest: "elsewhere" } } : fold,
    );
    await expect(foldMany(storeOf([], false), stream, specs, { begun })).rejects.toThrow(RangeError);
  });
});

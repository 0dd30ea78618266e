import {
  type EventStore,
  emptyFold,
  type FoldSpec,
  foldOnto,
  type Json,
  loadFold,
  noSnapshots,
  type Snapshot,
  type SnapshotStore,
  saveFold,
  valueAt,
} from "@mission-ledger/core";
import { cancelSource, memorySnapshotSets } from "@mission-ledger/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RebuildProgress } from "./progress.ts";
import { rebuildViews } from "./rebuild-views.ts";
import { contentOf, counterFolds, type Histories, storeOf } from "./testing/counters.ts";
import { verifyViews } from "./verify-views.ts";

const scope = { category: "counter" };

const histories: fc.Arbitrary<Histories> = fc.dictionary(
  fc.constantFrom("a", "b", "c", "d", "e", "f"),
  fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 12 }),
  { minKeys: 1, noNullPrototype: true },
);

/** Where commands left a live view: after so many events, or never. */
const livePlaces = fc.array(fc.option(fc.nat({ max: 12 }), { nil: undefined }), {
  minLength: 12,
  maxLength: 12,
});

/** Writes live views down at these places, as commands do on their way. */
const remember = async (
  store: EventStore,
  snapshots: SnapshotStore,
  places: readonly (number | undefined)[],
): Promise<void> => {
  let next = 0;
  for (const stream of await store.streams("counter"))
    for (const spec of counterFolds) {
      const to = places[next++ % places.length];
      if (to === undefined) continue;
      const folded = await loadFold(store, stream, spec, { snapshots: noSnapshots, to });
      await saveFold(snapshots, stream, spec, folded);
    }
};

/** What lies there when every view was folded from the first event by its fold alone. */
const fromScratch = async (store: EventStore) => {
  const snapshots = memorySnapshotSets();
  const streams = await store.streams("counter");
  for (const stream of streams)
    for (const spec of counterFolds)
      await saveFold(snapshots, stream, spec, await foldOnto(store, stream, spec, emptyFold(spec)));
  return contentOf(snapshots, streams);
};

describe("whatever happened before", () => {
  test("rebuilt, live and folded from the first event are the same", async () => {
    const property = fc.asyncProperty(histories, livePlaces, async (drawn, places) => {
      const store = await storeOf(drawn);
      const snapshots = memorySnapshotSets();
      await remember(store, snapshots, places);
      const ground = { store, snapshots, folds: counterFolds, scope };
      expect(await verifyViews(ground)).toMatchObject({ differing: 0, straying: 0, problems: [] });
      const told: RebuildProgress[] = [];
      const onProgress = (progress: RebuildProgress): void => void told.push(progress);
      const report = await rebuildViews({ ...ground, compare: true, progressEveryMs: 0, onProgress });
      expect(report).toMatchObject({ differing: 0, straying: 0, problems: [] });
      const streams = await store.streams("counter");
      expect(await contentOf(snapshots, streams)).toEqual(await fromScratch(store));
      const shares = told.map(({ share }) => share);
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(told.at(-1)).toMatchObject({ phase: "done", share: 1, streams: { done: streams.length } });
    });
    await fc.assert(property, { numRuns: 200 });
  });

  test("a rebuild that was stopped again and again ends as one that never was", async () => {
    const stops = fc.array(fc.nat({ max: 40 }), { maxLength: 6 });
    const property = fc.asyncProperty(histories, livePlaces, stops, async (drawn, places, steps) => {
      const store = await storeOf(drawn);
      const snapshots = memorySnapshotSets();
      await remember(store, snapshots, places);
      const streams = await store.streams("counter");
      const live = await contentOf(snapshots, streams);
      for (const step of steps) {
        const source = cancelSource();
        let left = step;
        const folds = counterFolds.map(
          ({ name, version, initial, stepInPlace }): FoldSpec<unknown> => ({
            name,
            version,
            initial,
            stepInPlace: (state, envelope) => {
              if (left-- === 0) source.abort();
              return stepInPlace(state, envelope);
            },
          }),
        );
        const ended = await rebuildViews({ store, snapshots, folds, scope, signal: source.signal }).catch(
          (error: Error) => error.name,
        );
        if (ended !== "AbortError") break;
        expect(await contentOf(snapshots, streams)).toEqual(live);
      }
      await rebuildViews({ store, snapshots, folds: counterFolds, scope });
      expect(await contentOf(snapshots, streams)).toEqual(await fromScratch(store));
    });
    await fc.assert(property, { numRuns: 150 });
  });
});

describe("a view that somebody changed", () => {
  /** The value at a path after each event, by folding one event at a time. */
  const valuesOf = async (
    store: EventStore,
    stream: string,
    spec: FoldSpec<unknown>,
    path: readonly string[],
    to: number,
  ): Promise<readonly string[]> => {
    const values = [JSON.stringify(valueAt(spec.initial, path)) ?? "nothing"];
    for (let revision = 0; revision <= to; revision += 1) {
      const { state } = await loadFold(store, stream, spec, { snapshots: noSnapshots, to: revision });
      values.push(JSON.stringify(valueAt(state, path)) ?? "nothing");
    }
    return values;
  };

  const strange: fc.Arbitrary<Json> = fc.constantFrom(null, "x", -1, true, [], {}, [1], { total: 1 });

  test("is found where it was changed, with the event after which the true value stood for good", async () => {
    const property = fc.asyncProperty(
      histories,
      fc.nat(),
      fc.constantFrom("change", "remove", "add", "replace"),
      fc.constantFrom("extra", "__proto__", "constructor", "toString", "a.b", "0"),
      strange,
      async (drawn, pick, how, key, value) => {
        const store = await storeOf(drawn);
        const snapshots = memorySnapshotSets();
        await remember(store, snapshots, [12]);
        const streams = await store.streams("counter");
        const stream = streams[pick % streams.length] as string;
        const spec = counterFolds[pick % counterFolds.length] as FoldSpec<unknown>;
        const name = { stream, name: spec.name, version: spec.version };
        const live = (await snapshots.load(name)) as Snapshot;
        const state = JSON.parse(JSON.stringify(live.state)) as Record<string, Json>;
        const own = Object.keys(state);
        const first = own[pick % Math.max(1, own.length)];
        const changed = how === "add" || first === undefined ? key : first;
        if (how === "remove") delete state[changed];
        else Object.defineProperty(state, changed, { value, enumerable: true, configurable: true });
        const tampered = how === "replace" ? value : state;
        await snapshots.save(name, { ...live, state: tampered });
        const { differing, differences } = await verifyViews({
          store,
          snapshots,
          folds: counterFolds,
          scope,
        });
        const isSame = JSON.stringify(tampered) === JSON.stringify(live.state);
        expect(differing).toBe(isSame ? 0 : 1);
        if (isSame) return;
        const [difference] = differences;
        if (difference === undefined) return expect.fail("it was not found");
        expect(difference).toMatchObject({ stream, view: { name: spec.name } });
        if (how !== "replace") expect(difference.path[0]).toBe(changed);
        const truth = valueAt(live.state, difference.path);
        expect(difference.rebuilt).toEqual(truth ?? null);
        expect(difference.live).toEqual(valueAt(tampered, difference.path) ?? null);
        expect(difference.kind === "too_much").toBe(truth === undefined);
        const values = await valuesOf(store, stream, spec, difference.path, difference.revision);
        const last = values.findLastIndex((text, index) => index > 0 && text !== values[index - 1]);
        expect(difference.madeBy?.revision ?? -1).toBe(last <= 0 ? -1 : last - 1);
      },
    );
    await fc.assert(property, { numRuns: 300 });
    expect(({} as Record<string, unknown>).total).toBeUndefined();
  });
});

import {
  type EventStore,
  emptyHead,
  type FoldSpec,
  LedgerError,
  loadFold,
  noSnapshots,
  openMemoryStore,
  type Snapshot,
  type SnapshotSet,
  type SnapshotStore,
} from "@mission-ledger/core";
import { cancelSource, memorySnapshotSets } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import type { RebuildProgress } from "./progress.ts";
import { rebuildViews } from "./rebuild-views.ts";
import { append, contentOf, counterFolds, rememberAll, storeOf } from "./testing/counters.ts";
import { verifyViews } from "./verify-views.ts";

const scope = { category: "counter" };
const [total, additions] = counterFolds as readonly [FoldSpec<unknown>, FoldSpec<unknown>];
const all = ["counter-a", "counter-b", "counter-c", "counter-d"];

/** Four counters whose live views stand at their ends. */
const withLive = async () => {
  const store = await storeOf({ a: [1, 2], b: [3], c: [4, 5, 6], d: [7] });
  const snapshots = memorySnapshotSets();
  await rememberAll(store, snapshots);
  return { store, snapshots, folds: counterFolds, scope, live: await contentOf(snapshots, all) };
};

const tamper = async (snapshots: SnapshotStore, stream: string, spec: FoldSpec<unknown>, state: object) => {
  const key = { stream, name: spec.name, version: spec.version };
  const snapshot = await snapshots.load(key);
  if (snapshot === undefined) throw new Error("there is no such view");
  await snapshots.save(key, { ...snapshot, state: { ...(snapshot.state as object), ...state } as never });
};

/** The fold without what it says of itself, so that the step given here is the one that is taken. */
const stepping = (
  { name, version, initial }: FoldSpec<unknown>,
  stepInPlace: FoldSpec<unknown>["stepInPlace"],
): FoldSpec<unknown> => ({ name, version, initial, stepInPlace });

/** Aborts when the fold meets the event. */
const abortingAt = (stream: string, abort: () => void): FoldSpec<unknown> =>
  stepping(total, (state, envelope) => {
    if (envelope.stream === stream) abort();
    return total.stepInPlace(state, envelope);
  });

describe("a rebuild", () => {
  test("makes what commands made, from the first event", async () => {
    const { live, ...ground } = await withLive();
    const report = await rebuildViews(ground);
    expect(report).toMatchObject({ streams: 4, events: 7, resumed: 0, switched: "at_once", problems: [] });
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
  });

  test("mends a view that was tampered with, and says which event made the true value", async () => {
    const { live, ...ground } = await withLive();
    await tamper(ground.snapshots, "counter-c", total, { total: 99 });
    const { differing, differences } = await rebuildViews({ ...ground, compare: true });
    expect(differing).toBe(1);
    expect(differences).toMatchObject([
      { stream: "counter-c", path: ["total"], kind: "changed", live: 99, rebuilt: 15, revision: 2, more: 0 },
    ]);
    expect(differences[0]?.madeBy).toMatchObject({ type: "Added", revision: 2 });
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
  });

  test("finds a view that counts other unknown events than there are", async () => {
    const { live, ...ground } = await withLive();
    const key = { stream: "counter-b", name: additions.name, version: additions.version };
    const kept = (await ground.snapshots.load(key)) as Snapshot;
    await ground.snapshots.save(key, { ...kept, unknownEvents: 3 });
    const { differing, differences } = await verifyViews(ground);
    expect(differing).toBe(1);
    expect(differences).toMatchObject([
      { stream: "counter-b", kind: "unknown_events", path: [], live: 3, rebuilt: 0, madeBy: null },
    ]);
    await rebuildViews(ground);
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
  });

  test("counts for each view what it does not tell one by one", async () => {
    const { live: _, ...ground } = await withLive();
    await tamper(ground.snapshots, "counter-a", total, { total: 99 });
    await tamper(ground.snapshots, "counter-c", total, { total: 99 });
    await tamper(ground.snapshots, "counter-d", additions, { forged: 1 });
    const { differing, differences, views } = await verifyViews({ ...ground, maxTold: 1 });
    expect(differences.length).toBe(1);
    expect(differing).toBe(3);
    expect(views.map((view) => view.differing)).toEqual([2, 1]);
  });

  test("shows none of the new views before all of them are made", async () => {
    const { live, ...ground } = await withLive();
    await tamper(ground.snapshots, "counter-a", total, { total: 99 });
    const before = await contentOf(ground.snapshots, all);
    const seen: unknown[] = [];
    await rebuildViews({
      ...ground,
      progressEveryMs: 0,
      onProgress: async ({ phase }) => {
        if (phase === "folding") seen.push(await contentOf(ground.snapshots, all));
      },
    });
    expect(seen.length).toBeGreaterThan(4);
    expect(seen[0]).toEqual(before);
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
  });

  test("keeps the views it was told to keep, and drops those that nobody named", async () => {
    const { live, ...ground } = await withLive();
    const other = { name: "other", version: 1 };
    await ground.snapshots.save(
      { stream: "counter-a", ...other },
      { head: { revision: -1, digest: null }, state: 1, unknownEvents: 0 },
    );
    await rebuildViews({ ...ground, folds: [total], keep: [additions] });
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
    expect(await ground.snapshots.load({ stream: "counter-a", ...other })).toBeUndefined();
  });

  test("to a raised version shows none of it before all of it is made, and can keep the former one", async () => {
    const { live, ...ground } = await withLive();
    const raised = stepping({ ...total, version: 2 }, (state, { revision }) => ({
      ...(state as object),
      seen: revision,
    }));
    const folds = [raised, additions];
    const seen: Promise<void>[] = [];
    const look = async (): Promise<void> => {
      expect(await contentOf(ground.snapshots, all, [raised])).toEqual({});
      // Who needs it before it is there folds for itself.
      const { snapshots, store } = ground;
      expect((await loadFold(store, "counter-c", raised, { snapshots })).state).toMatchObject({ seen: 2 });
    };
    await rebuildViews({
      ...ground,
      folds,
      keep: [total],
      progressEveryMs: 0,
      onProgress: ({ phase }) => void (phase === "folding" && seen.push(look())),
    });
    await Promise.all(seen);
    expect(seen.length).toBeGreaterThan(4);
    expect(Object.values(await contentOf(ground.snapshots, all, [raised]))).toHaveLength(4);
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
    await rebuildViews({ ...ground, folds });
    expect(await contentOf(ground.snapshots, all, [total])).toEqual({});
  });

  test("of single streams leaves all others alone", async () => {
    const { live, ...ground } = await withLive();
    for (const stream of ["counter-a", "counter-b"])
      await tamper(ground.snapshots, stream, total, { total: 99 });
    const report = await rebuildViews({ ...ground, scope: { streams: ["counter-a"] } });
    expect(report).toMatchObject({ streams: 1, switched: "one_by_one" });
    const { "counter-b counter": tampered, ...others } = await contentOf(ground.snapshots, all);
    expect(tampered).toContain("99");
    expect(others).toEqual(
      Object.fromEntries(Object.entries(live).filter(([key]) => key !== "counter-b counter")),
    );
  });

  test("over a store without sets replaces each view for itself", async () => {
    const { live, ...ground } = await withLive();
    const { load, save } = ground.snapshots;
    await tamper(ground.snapshots, "counter-a", total, { total: 99 });
    expect(await rebuildViews({ ...ground, snapshots: { load, save } })).toMatchObject({
      switched: "one_by_one",
    });
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
    await expect(rebuildViews({ ...ground, snapshots: noSnapshots })).resolves.toMatchObject({ streams: 4 });
  });

  test("of a category without streams makes nothing", async () => {
    const options = { store: openMemoryStore(), snapshots: memorySnapshotSets(), folds: counterFolds, scope };
    expect(await rebuildViews(options)).toMatchObject({ streams: 0, events: 0 });
  });
});

describe("progress", () => {
  test("never shrinks and ends at the whole, with every view made of every stream", async () => {
    const { live: _, ...ground } = await withLive();
    for (const weigh of [undefined, () => 2, () => 1_000, () => Number.NaN]) {
      const told: RebuildProgress[] = [];
      await rebuildViews({
        ...ground,
        progressEveryMs: 0,
        onProgress: (progress) => told.push(progress),
        ...(weigh === undefined ? {} : { weigh }),
      });
      const shares = told.map(({ share }) => share);
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(shares.filter((share) => share === 1)).toHaveLength(1);
      expect(
        told.map(({ phase }) => phase).filter((phase, index, phases) => phase !== phases[index - 1]),
      ).toEqual(["folding", "switching", "done"]);
      expect(told.at(-1)).toMatchObject({
        events: 7,
        share: 1,
        streams: { done: 4, total: 4, resumed: 0 },
        views: [
          { name: "counter", version: 1, streams: 4, differing: 0 },
          { name: "counter-additions", version: 1, streams: 4, differing: 0 },
        ],
      });
    }
  });

  test("that throws ends the rebuild and leaves the live views", async () => {
    const { live, ...ground } = await withLive();
    const onProgress = ({ streams }: RebuildProgress): void => {
      if (streams.done === 2) throw new RangeError("the listener");
    };
    await expect(rebuildViews({ ...ground, progressEveryMs: 0, onProgress })).rejects.toThrow("the listener");
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
  });
});

describe("a rebuild that is cancelled", () => {
  test("leaves the live views, and the next one goes on where it stopped", async () => {
    const { live, ...ground } = await withLive();
    await tamper(ground.snapshots, "counter-a", total, { total: 99 });
    const before = await contentOf(ground.snapshots, all);
    const source = cancelSource();
    const folds = [abortingAt("counter-b", source.abort), additions];
    await expect(rebuildViews({ ...ground, folds, signal: source.signal })).rejects.toThrow(/abort/i);
    expect(await contentOf(ground.snapshots, all)).toEqual(before);
    const told: RebuildProgress[] = [];
    const report = await rebuildViews({ ...ground, onProgress: (progress) => told.push(progress) });
    expect(report.resumed).toBeGreaterThan(0);
    expect(report.resumed + report.streams).toBe(4);
    expect(told[0]?.streams).toEqual({ done: report.resumed, total: 4, resumed: report.resumed });
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
  });

  test("begins anew when it is told to, or makes other views", async () => {
    for (const change of [{ resume: false }, { plan: "2.0.0" }, { folds: [total], keep: [additions] }]) {
      const { live, ...ground } = await withLive();
      const source = cancelSource();
      const folds = [abortingAt("counter-c", source.abort), additions];
      await expect(rebuildViews({ ...ground, folds, signal: source.signal })).rejects.toThrow(/abort/i);
      expect(await rebuildViews({ ...ground, ...change })).toMatchObject({ resumed: 0, streams: 4 });
      expect(await contentOf(ground.snapshots, all)).toEqual(live);
    }
  });

  test("before it began does nothing", async () => {
    const { live, ...ground } = await withLive();
    const source = cancelSource();
    source.abort();
    await expect(rebuildViews({ ...ground, signal: source.signal })).rejects.toThrow(/abort/i);
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
  });
});

describe("a projection that throws", () => {
  test("is named with the event it failed on, and leaves the live views", async () => {
    const { live, ...ground } = await withLive();
    const cause = new RangeError("no such card");
    const failing = stepping(additions, (state, envelope) => {
      if (envelope.stream === "counter-c" && envelope.revision === 1) throw cause;
      return additions.stepInPlace(state, envelope);
    });
    for (const scope of [ground.scope, { streams: all }]) {
      const failure: unknown = await rebuildViews({ ...ground, scope, folds: [total, failing] }).catch(
        (e: unknown) => e,
      );
      expect(LedgerError.is(failure, "PROJECTION_FAILED") && failure).toMatchObject({
        cause,
        outcome: "not_written",
        details: { projection: "counter-additions", type: "Added", stream: "counter-c", revision: 1 },
      });
      expect((failure as LedgerError).details.eventId).toMatch(/^[0-9a-f-]{36}$/);
      expect(await contentOf(ground.snapshots, all)).toEqual(live);
    }
  });
});

describe("a view that JSON does not keep", () => {
  const odd = [Number.NaN, -0, new Date(0), 1n, new Map(), [undefined]];

  test.each(odd)("is named with its place and its event, and the live views stay (%o)", async (value) => {
    const { live, ...ground } = await withLive();
    const failing = stepping(additions, (state, envelope) => {
      const after = additions.stepInPlace(state, envelope) as object;
      return envelope.stream === "counter-c" && envelope.revision >= 1 ? { ...after, odd: value } : after;
    });
    for (const run of [rebuildViews, verifyViews])
      await expect(run({ ...ground, folds: [total, failing] })).rejects.toMatchObject({
        code: "PROJECTION_FAILED",
        outcome: "not_written",
        details: {
          projection: "counter-additions",
          key: Array.isArray(value) ? "odd.0" : "odd",
          type: "Added",
          stream: "counter-c",
          revision: 1,
        },
      });
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
  });
});

describe("folds", () => {
  test("that name no view, or one twice, are refused before anything is written", async () => {
    const { live, ...ground } = await withLive();
    for (const [folds, why] of [
      [[], "names no view"],
      [[total, additions, total], `names a view twice: ${total.name} ${total.version}`],
    ] as const) {
      await expect(rebuildViews({ ...ground, folds })).rejects.toThrow(new TypeError(`folds ${why}`));
      await expect(verifyViews({ ...ground, folds })).rejects.toThrow(TypeError);
    }
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
  });
});

describe("what happens to the log meanwhile", () => {
  test("streams that begin are made too, and events that come are found by whoever reads", async () => {
    const { live: _, ...ground } = await withLive();
    let begun = false;
    await rebuildViews({
      ...ground,
      progressEveryMs: 0,
      onProgress: ({ streams }) => {
        if (begun || streams.done === 0) return;
        begun = true;
        void append(ground.store, "counter-new", [8]);
        void append(ground.store, "counter-a", [9]);
      },
    });
    expect(Object.keys(await contentOf(ground.snapshots, ["counter-new"]))).toHaveLength(2);
    await rebuildViews(ground);
    expect((await contentOf(ground.snapshots, ["counter-a"]))["counter-a counter"]).toContain('"total":12');
  });

  test("a stream that vanishes is passed over", async () => {
    const { live: _, ...ground } = await withLive();
    const store = { ...ground.store, streams: async () => ["counter-a", "counter-gone"] };
    expect(await rebuildViews({ ...ground, store })).toMatchObject({ streams: 2, events: 2, problems: [] });
    expect(await contentOf(ground.snapshots, ["counter-gone"])).toEqual({});
  });

  test("a log that lacks events keeps the views it has, and is told", async () => {
    const { live, ...ground } = await withLive();
    const { scan: _, ...whole } = ground.store;
    const store = {
      ...whole,
      read: async function* (...[stream, options]: Parameters<typeof ground.store.read>) {
        for await (const batch of ground.store.read(stream, options))
          yield stream === "counter-c" ? batch.filter(({ revision }) => revision !== 1) : batch;
      },
    };
    const report = await rebuildViews({ ...ground, store, compare: true });
    expect(report.problems).toMatchObject([{ stream: "counter-c", code: "LOG_CORRUPT" }]);
    expect(report.differences).toEqual([]);
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
  });

  test("a damaged log is told again after a switch that failed", async () => {
    const { live, ...ground } = await withLive();
    const damage = { stream: "counter-b", code: "LOG_CORRUPT", message: "checksum", details: {} };
    const failing: SnapshotStore = {
      load: ground.snapshots.load,
      save: ground.snapshots.save,
      beginSet: async (options) => ({
        ...((await ground.snapshots.beginSet?.(options)) as SnapshotSet),
        activate: () => Promise.reject(new Error("the disk is full")),
      }),
    };
    const damaged = {
      ...ground,
      inspect: (stream: string) => (stream === damage.stream ? damage : undefined),
    };
    await expect(rebuildViews({ ...damaged, snapshots: failing })).rejects.toThrow("the disk is full");
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
    expect((await rebuildViews(damaged)).problems).toEqual([damage]);
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
  });

  test("a live view of another log stays, and is no difference, until somebody takes the log for right", async () => {
    const { live, ...ground } = await withLive();
    const key = { stream: "counter-a", name: total.name, version: total.version };
    const head = { revision: 7, digest: "f".repeat(64) };
    await ground.snapshots.save(key, { head, state: { total: 1 }, unknownEvents: 0 });
    const straying = {
      straying: 1,
      strays: [{ stream: "counter-a", view: { name: total.name }, revision: 7 }],
      differing: 0,
    };
    const problem = {
      stream: "counter-a",
      code: "LOG_REPLACED",
      details: { stream: "counter-a", remembered: head, end: await ground.store.head("counter-a") },
    };
    for (const make of [rebuildViews, verifyViews])
      expect(await make({ ...ground, compare: true })).toMatchObject({ ...straying, problems: [problem] });
    expect((await ground.snapshots.load(key))?.head).toEqual(head);
    expect(await rebuildViews({ ...ground, compare: true, acceptReplaced: true })).toMatchObject({
      ...straying,
      problems: [],
    });
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
  });
});

describe("streams whose log is gone", () => {
  const gone = { stream: "counter-b", code: "STORE_MISSING", message: "its log is gone", details: {} };

  test("keep the views that are left of them, and are told", async () => {
    const { live, ...ground } = await withLive();
    const store = { ...ground.store, streams: async () => ["counter-a", "counter-c", "counter-d"] };
    const lost = [gone];
    expect(await rebuildViews({ ...ground, store, lost })).toMatchObject({
      streams: 4,
      switched: "at_once",
      problems: lost,
    });
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
    expect(await verifyViews({ ...ground, store, lost })).toMatchObject({ compared: 6, problems: lost });
  });

  test("are found where the views can be listed, and dropped once somebody takes the log for right", async () => {
    const { live, ...ground } = await withLive();
    const without = (events: EventStore): EventStore => ({
      ...events,
      streams: async () => ["counter-a", "counter-c", "counter-d"],
      head: (stream) => (stream === "counter-b" ? Promise.resolve(emptyHead) : events.head(stream)),
    });
    const listing = { ...ground.snapshots, streams: async () => ["counter-a", "counter-b", "counter-none"] };
    const older = { ...ground, store: without(ground.store), snapshots: listing };
    const problems = [{ stream: "counter-b", code: "LOG_REPLACED" }];
    for (const make of [rebuildViews, verifyViews])
      expect((await make(older)).problems).toMatchObject(problems);
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
    expect((await rebuildViews({ ...older, acceptReplaced: true })).problems).toEqual([]);
    expect(await contentOf(ground.snapshots, ["counter-b"])).toEqual({});
  });

  test("keep them where the store lists nothing at all", async () => {
    const { live, ...ground } = await withLive();
    const store = { ...ground.store, streams: async () => [] };
    expect(await rebuildViews({ ...ground, store })).toMatchObject({ streams: 0, switched: "not" });
    expect(await contentOf(ground.snapshots, all)).toEqual(live);
  });
});

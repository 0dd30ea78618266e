import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { LedgerError } from "@mission-ledger/core";
import { fileSnapshots, openFileStore } from "@mission-ledger/store-file";
import { cancelSource } from "@mission-ledger/testkit";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { RebuildProgress } from "./progress.ts";
import { rebuildViews } from "./rebuild-views.ts";
import { bundled } from "./testing/bundle.ts";
import { contentOf, counterFolds, rememberAll, storeOf } from "./testing/counters.ts";
import type { Mishap } from "./testing/mishaps.ts";
import type { ThreadData } from "./testing/thread.ts";
import { verifyViews } from "./verify-views.ts";

let file = "";
let remove = (): void => {};
beforeAll(async () => {
  ({ file, remove } = await bundled("thread"));
});
afterAll(() => remove());

const streams = Array.from({ length: 24 }, (_, index) => `counter-${String(index).padStart(2, "0")}`);
const histories = Object.fromEntries(
  streams.map((stream, index) => [
    stream.slice("counter-".length),
    Array.from({ length: 1 + ((index * 7) % 11) }, (_, at) => 1 + (at % 5)),
  ]),
);
const events = Object.values(histories).reduce((sum, { length }) => sum + length, 0);

const open = async () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "rebuild-threads-"));
  const store = await openFileStore({ directory });
  onTestFinished(async () => {
    await store.close();
    fs.rmSync(directory, { recursive: true, force: true });
  });
  await storeOf(histories, store);
  const snapshots = fileSnapshots({ directory });
  await rememberAll(store, snapshots);
  const crew = (count: number, mishap?: Mishap) => ({
    workers: {
      count,
      file,
      graceMs: 300,
      data: { directory, ...(mishap === undefined ? {} : { mishap }) } satisfies ThreadData,
    },
  });
  const live = await contentOf(snapshots, streams);
  return { ground: { store, snapshots, folds: counterFolds, scope: { category: "counter" } }, crew, live };
};

/** What a process holds on to: descriptors and threads. */
const held = (): { readonly descriptors: number; readonly threads: number } => ({
  descriptors: fs.readdirSync("/proc/self/fd").length,
  threads: fs.readdirSync("/proc/self/task").length,
});

const failureOf = (work: Promise<unknown>): Promise<LedgerError> =>
  work.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error as LedgerError,
  );

describe("a rebuild on several threads", () => {
  test("makes what one makes, byte for byte, and counts the same", async () => {
    const { ground, crew, live } = await open();
    for (const count of [2, 3, 5]) {
      const told: RebuildProgress[] = [];
      const report = await rebuildViews({
        ...ground,
        ...crew(count),
        compare: true,
        progressEveryMs: 0,
        onProgress: (progress) => told.push(progress),
      });
      expect(report).toMatchObject({
        streams: 24,
        events,
        compared: 48,
        differing: 0,
        problems: [],
        switched: "at_once",
      });
      expect(await contentOf(ground.snapshots, streams)).toEqual(live);
      const shares = told.map(({ share }) => share);
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(told.at(-1)).toMatchObject({ share: 1, events, streams: { done: 24, total: 24 } });
    }
  });

  test("finds the views that differ, with the events behind the true values", async () => {
    const { ground, crew } = await open();
    const key = { stream: "counter-05", name: "counter", version: 1 };
    const snapshot = await ground.snapshots.load(key);
    if (snapshot === undefined) throw new Error("there is no such view");
    await ground.snapshots.save(key, { ...snapshot, state: { total: 0, closed: false } });
    const alone = await verifyViews(ground);
    expect(alone.differences).toMatchObject([{ stream: "counter-05", path: ["total"], live: 0 }]);
    expect(await verifyViews({ ...ground, ...crew(3) })).toEqual(alone);
  });

  test("that is cancelled leaves the live views, and is gone on with by another number of threads", async () => {
    const { ground, crew, live } = await open();
    const source = cancelSource();
    const onProgress = ({ streams: { done } }: RebuildProgress): void => {
      if (done >= 6) source.abort();
    };
    const options = { ...ground, progressEveryMs: 0, onProgress, signal: source.signal };
    await expect(rebuildViews({ ...options, ...crew(2) })).rejects.toThrow(/abort/i);
    expect(await contentOf(ground.snapshots, streams)).toEqual(live);
    const { resumed, streams: now } = await rebuildViews({ ...ground, ...crew(3) });
    expect(resumed).toBeGreaterThan(0);
    expect(resumed + now).toBe(24);
    expect(await contentOf(ground.snapshots, streams)).toEqual(live);
  });

  test("ends with the thread that fails, says why, and leaves neither threads nor descriptors behind", async () => {
    const { ground, crew, live } = await open();
    // Started once, so that what Node keeps for all threads is there.
    await verifyViews({ ...ground, ...crew(2) });
    const before = held();
    // Among the first, so that there is work left when it happens.
    const at = { stream: "counter-00", revision: 0 };
    const projection = await failureOf(rebuildViews({ ...ground, ...crew(2, { ...at, kind: "throw" }) }));
    expect(projection).toMatchObject({
      code: "PROJECTION_FAILED",
      cause: { name: "RangeError", message: "no such card" },
      details: { projection: "counter", type: "Added", ...at },
    });
    // Begun anew each time: a thread that has no more to do than that one stream is done before it crashes.
    for (const kind of ["exit", "crash"] as const) {
      const mishap = crew(2, { ...at, kind });
      expect(await failureOf(rebuildViews({ ...ground, ...mishap, resume: false }))).toMatchObject({
        code: "RESOURCES_EXHAUSTED",
        outcome: "not_written",
      });
    }
    expect(await contentOf(ground.snapshots, streams)).toEqual(live);
    // A thread that was ended is gone a little later.
    await expect
      .poll(() => held().threads <= before.threads && held().descriptors <= before.descriptors)
      .toBe(true);
    expect(await rebuildViews({ ...ground, ...crew(2) })).toMatchObject({ problems: [] });
    expect(await contentOf(ground.snapshots, streams)).toEqual(live);
  });

  test("does not wait for a thread that hangs", async () => {
    const { ground, crew, live } = await open();
    const source = cancelSource();
    const onProgress = ({ streams: { done } }: RebuildProgress): void => {
      if (done >= 12) source.abort();
    };
    const before = held().threads;
    const options = { ...ground, progressEveryMs: 0, onProgress, signal: source.signal };
    // The first thing that the other thread is given; this one does most of the rest.
    const hanging = crew(2, { stream: "counter-00", revision: 0, kind: "hang" });
    await expect(rebuildViews({ ...options, ...hanging })).rejects.toThrow(/abort/i);
    await expect.poll(() => held().threads <= before).toBe(true);
    expect(await contentOf(ground.snapshots, streams)).toEqual(live);
  });

  test("refuses threads that make other views", async () => {
    const { ground, crew } = await open();
    const folds = counterFolds.slice(0, 1);
    await expect(rebuildViews({ ...ground, folds, ...crew(2) })).rejects.toThrow(/other views/);
  });

  test("says that a file is none of ours when it is", async () => {
    const { ground } = await open();
    const workers = { count: 2, file: path.join(os.tmpdir(), "there-is-no-such-file.mjs") };
    await expect(rebuildViews({ ...ground, workers })).rejects.toThrow(
      /^the threads' file .*there-is-no-such-file\.mjs could not be started: Cannot find module/,
    );
  });

  test("ends with a listener that throws, whoever called it", async () => {
    const { ground, crew } = await open();
    const onProgress = ({ events: count }: RebuildProgress): void => {
      if (count > 0) throw new RangeError("the listener");
    };
    await expect(rebuildViews({ ...ground, ...crew(2), progressEveryMs: 0, onProgress })).rejects.toThrow(
      "the listener",
    );
  });
});

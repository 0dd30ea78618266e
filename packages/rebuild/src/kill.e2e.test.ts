import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileSnapshots, openFileStore } from "@mission-ledger/store-file";
import { memorySnapshotSets, seededRandomness } from "@mission-ledger/testkit";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { rebuildViews } from "./rebuild-views.ts";
import { bundled } from "./testing/bundle.ts";
import { contentOf, counterFolds, storeOf } from "./testing/counters.ts";

const files: Awaited<ReturnType<typeof bundled>>[] = [];
beforeAll(async () => {
  files.push(await bundled("rebuilder"), await bundled("thread"));
});
afterAll(() => {
  for (const { remove } of files) remove();
});

const streams = Array.from({ length: 40 }, (_, index) => `counter-${String(index).padStart(2, "0")}`);
const kills = 200;
/** Another event for each, so that new views are not the former ones. */
const oneMore = Object.fromEntries(streams.map((stream) => [stream.slice("counter-".length), [1]]));

interface Life {
  readonly killed: boolean;
  /** Streams that an earlier life had done; told by one that ended by itself. */
  readonly resumed: number;
}

/** Runs one rebuild, killed once so many streams are done; the process is asked at once, so some get further. */
const live = (directory: string, threadFile: string, killAt: number): Promise<Life> =>
  new Promise((resolve, reject) => {
    const [program] = files.map(({ file }) => file);
    const child = spawn(process.execPath, [program as string, directory, threadFile], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [out, errors] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      const counts = out.split("\n").filter((line) => /^\d+$/.test(line));
      if (Number(counts.at(-1) ?? -1) >= killAt) child.kill("SIGKILL");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const resumed = Number(/done (\d+)/.exec(out)?.[1] ?? 0);
      if (signal === "SIGKILL") resolve({ killed: true, resumed });
      else if (code === 0) resolve({ killed: false, resumed });
      else reject(new Error(`${code} ${signal}: ${errors}`));
    });
  });

test(`rebuilds that are killed at random, ${kills} times, end equal to one that is not`, async () => {
  const seed = Math.trunc(Date.now() % 1_000_000);
  const { fraction } = seededRandomness(seed);
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "rebuild-kill-"));
  onTestFinished(() => fs.rmSync(directory, { recursive: true, force: true }));
  const store = await openFileStore({ directory });
  await storeOf(
    Object.fromEntries(
      streams.map((stream, index) => [stream.slice("counter-".length), Array(1 + (index % 9)).fill(2)]),
    ),
    store,
  );
  onTestFinished(() => store.close());
  const ground = { store, folds: counterFolds, scope: { category: "counter" } };
  /** What a rebuild makes that nobody interrupts. */
  const truth = async () => {
    const snapshots = memorySnapshotSets();
    await rebuildViews({ ...ground, snapshots });
    return contentOf(snapshots, streams);
  };
  const seen = () => contentOf(fileSnapshots({ directory }), streams);
  await rebuildViews({ ...ground, snapshots: fileSnapshots({ directory }) });
  let former = await truth();
  await storeOf(oneMore, store);
  let next = await truth();
  let [killed, finished, resumed] = [0, 0, 0];
  while (killed < kills) {
    const threadFile = fraction() < 0.3 ? (files[1]?.file ?? "") : "";
    const life = await live(directory, threadFile, Math.floor(fraction() * (streams.length + 2)));
    if (life.resumed > 0) resumed += 1;
    // Whoever reads finds all of the former views or all of the new ones; it may be killed after the switch.
    const content = await seen();
    const switched = content[`${streams[0]} counter`] === next[`${streams[0]} counter`];
    expect(content, `seed ${seed}, after ${killed} kills`).toEqual(switched ? next : former);
    if (life.killed) killed += 1;
    else expect(switched, `seed ${seed}, after ${killed} kills`).toBe(true);
    if (!switched) continue;
    finished += 1;
    former = next;
    await storeOf(oneMore, store);
    next = await truth();
  }
  const last = await live(directory, "", Number.POSITIVE_INFINITY);
  expect(last.killed).toBe(false);
  expect(await seen(), `seed ${seed}`).toEqual(next);
  expect([finished > 0, resumed > 0], `seed ${seed}: some ended, and went on with what was killed`).toEqual([
    true,
    true,
  ]);
});

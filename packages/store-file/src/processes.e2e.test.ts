import fs from "node:fs";
import { allEvents, put, noteStream as stream } from "@mission-ledger/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { inspectStream, openFileStore } from "./index.ts";
import { layoutOf } from "./layout.ts";
import { scratchDirectory } from "./testing/scratch.ts";
import { bundleWorker, type Worker } from "./testing/worker-bundle.ts";

let worker: Worker;

beforeAll(async () => {
  worker = await bundleWorker();
  return () => worker.remove();
});

/** Runs a writer; answers the command ids it got receipts for. */
const run = (directory: string, name: string, commands: number, ending = "", lock = "auto") =>
  worker.run({ directory, name, commands, ending, lock });

describe.each(["kernel", "generation"])("several processes on one stream, with %s locks", (lock) => {
  test.each([2, 8])("%i writers lose nothing and write nothing twice", async (writers) => {
    const directory = scratchDirectory();
    const each = 120 / writers;
    const runs = await Promise.all(
      Array.from({ length: writers }, (_, index) => run(directory, `w${index}`, each, "", lock)),
    );
    const acknowledged = runs.flatMap((result) => result.acknowledged).sort();
    const store = await openFileStore({ directory });
    const events = await allEvents(store.read(stream));
    expect(events.map(({ commandId }) => commandId).sort()).toEqual(acknowledged);
    expect(acknowledged).toHaveLength(writers * each);
    expect((await allEvents(store.readAll())).map(({ revision }) => revision)).toEqual(
      events.map(({ revision }) => revision),
    );
    await store.close();
    expect(inspectStream({ directory, stream })).toMatchObject({
      findings: [],
      brokenLinks: [],
      voidRecords: 0,
    });
  });
});

const atEachPoint = [
  "append:lock",
  "append:catch-up",
  "append:open",
  "append:write",
  "order:write",
  "append:flush",
  "append:release",
  "append:read-back",
].map((point) => ["kernel", point] as const);
const atEachStepOfTheLock = [
  "lock:draft",
  "lock:link",
  "lock:check",
  "lock:clean",
  "append:write",
  "lock:release",
].map((point) => ["generation", point] as const);

describe("a process that is killed", () => {
  test.each([...atEachPoint, ...atEachStepOfTheLock])(
    "with a %s lock at %s loses nothing it acknowledged, and its retry happens once",
    async (lock, point) => {
      const directory = scratchDirectory();
      const at = point === "append:open" ? 0 : 2;
      const killed = await run(directory, "w", 5, `${point}@${at}`, lock);
      expect(killed.signal).toBe("SIGKILL");
      const again = await run(directory, "w", 5);
      expect(again.acknowledged).toEqual(["w-0", "w-1", "w-2", "w-3", "w-4"]);
      const store = await openFileStore({ directory });
      const ids = (await allEvents(store.readAll())).map(({ commandId }) => commandId);
      expect(ids).toEqual(again.acknowledged);
      await put(store, await store.head(stream), "after");
      await store.close();
      expect(inspectStream({ directory, stream })).toMatchObject({
        records: 6,
        findings: [],
        brokenLinks: [],
      });
    },
  );

  test("leaves a lock that another takes at once", async () => {
    const directory = scratchDirectory();
    await run(directory, "w", 1, "append:write@0");
    expect(fs.existsSync(layoutOf(directory).of(stream).lock)).toBe(true);
    const store = await openFileStore({ directory, lockTimeoutMs: 2_000 });
    await put(store, await store.head(stream), "after");
    await store.close();
  });
});

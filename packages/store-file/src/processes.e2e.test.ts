import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import { inspectStream, openFileStore } from "./index.ts";
import { layoutOf } from "./layout.ts";
import { scratchDirectory } from "./testing/scratch.ts";
import { all, put, stream } from "./testing/writing.ts";

const here = path.dirname(fileURLToPath(import.meta.url));
/** In the package, so that the bundle finds the addon. */
const worker = path.join(here, "..", "node_modules", ".cache", `worker-${process.pid}.mjs`);

beforeAll(async () => {
  await build({
    entryPoints: [path.join(here, "testing", "worker.ts")],
    outfile: worker,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@mission-ledger/source"],
    external: ["fs-native-extensions"],
    logLevel: "error",
  });
  return () => fs.rmSync(worker, { force: true });
});

/** Runs a writer; answers the command ids it got receipts for. */
const run = (
  directory: string,
  name: string,
  count: number,
  killAt = "",
): Promise<{ acknowledged: string[]; signal: string | null }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [worker, directory, name, String(count), killAt], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    let errors = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0 || signal === "SIGKILL")
        resolve({ acknowledged: out.split("\n").filter((line) => line !== ""), signal });
      else reject(new Error(`${code} ${signal}: ${errors}`));
    });
  });

describe("several processes on one stream", () => {
  test.each([2, 8])("%i writers lose nothing and write nothing twice", async (writers) => {
    const directory = scratchDirectory();
    const each = 120 / writers;
    const runs = await Promise.all(
      Array.from({ length: writers }, (_, index) => run(directory, `w${index}`, each)),
    );
    const acknowledged = runs.flatMap((result) => result.acknowledged).sort();
    const store = await openFileStore({ directory });
    const events = await all(store.read(stream));
    expect(events.map(({ commandId }) => commandId).sort()).toEqual(acknowledged);
    expect(acknowledged).toHaveLength(writers * each);
    expect((await all(store.readAll())).map(({ revision }) => revision)).toEqual(
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

describe("a process that is killed", () => {
  test.each([
    "append:lock",
    "append:catch-up",
    "append:open",
    "append:write",
    "order:write",
    "append:flush",
    "append:release",
    "append:read-back",
  ])("at %s loses nothing it acknowledged, and its retry happens once", async (point) => {
    const directory = scratchDirectory();
    const at = point === "append:open" ? 0 : 2;
    const killed = await run(directory, "w", 5, `${point}@${at}`);
    expect(killed.signal).toBe("SIGKILL");
    const again = await run(directory, "w", 5);
    expect(again.acknowledged).toEqual(["w-0", "w-1", "w-2", "w-3", "w-4"]);
    const store = await openFileStore({ directory });
    const ids = (await all(store.readAll())).map(({ commandId }) => commandId);
    expect(ids).toEqual(again.acknowledged);
    await put(store, await store.head(stream), "after");
    await store.close();
    expect(inspectStream({ directory, stream })).toMatchObject({ records: 6, findings: [], brokenLinks: [] });
  });

  test("leaves a lock that another takes at once", async () => {
    const directory = scratchDirectory();
    await run(directory, "w", 1, "append:write@0");
    expect(fs.existsSync(layoutOf(directory).of(stream).lock)).toBe(true);
    const store = await openFileStore({ directory, lockTimeoutMs: 2_000 });
    await put(store, await store.head(stream), "after");
    await store.close();
  });
});

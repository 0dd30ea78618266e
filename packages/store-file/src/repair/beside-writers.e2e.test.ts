import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { emptyHead } from "@mission-ledger/core";
import { put, noteStream as stream } from "@mission-ledger/testkit";
import { build } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import { findLeftovers, inspectStream, openFileStore, repairStream } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { scratchDirectory } from "../testing/scratch.ts";

const here = path.dirname(fileURLToPath(import.meta.url));
/** In the package, so that the bundle finds the addon. */
const worker = path.join(here, "..", "..", "node_modules", ".cache", `patient-${process.pid}.mjs`);

beforeAll(async () => {
  await build({
    entryPoints: [path.join(here, "..", "testing", "worker.ts")],
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

interface Writer {
  readonly receipts: string[];
  readonly refusals: string[];
  readonly over: Promise<number | null>;
}

const startWriter = (directory: string, name: string, commands: number): Writer => {
  const receipts: string[] = [];
  const refusals: string[] = [];
  const child = spawn(process.execPath, [worker, directory, name, String(commands), "", "auto", "patient"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const collect = (into: string[]) => (chunk: Buffer) => {
    into.push(
      ...chunk
        .toString("utf8")
        .split("\n")
        .filter((line) => line !== ""),
    );
  };
  child.stdout.on("data", collect(receipts));
  child.stderr.on("data", collect(refusals));
  const over = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { receipts, refusals, over };
};

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe("a repair among ten writers", () => {
  test("takes its turn: they wait or are refused, every receipt stays, nothing is written twice", async () => {
    const directory = scratchDirectory();
    const { log, suspect } = layoutOf(directory).of(stream);
    const store = await openFileStore({ directory });
    await put(store, emptyHead, "first");
    await store.close();
    fs.writeFileSync(suspect, "");
    const commands = 60;
    const writers = Array.from({ length: 10 }, (_, index) => startWriter(directory, `w${index}`, commands));
    let isOver = false;
    const over = Promise.all(writers.map((writer) => writer.over)).finally(() => {
      isOver = true;
    });
    let repairs = 0;
    // The log is under suspicion: nobody has written, and somebody was told so.
    await until(() => isOver || writers.some(({ refusals }) => refusals.length > 0));
    for (let times = 0; times < 8; times += 1) {
      const { outcome } = await repairStream({ directory, stream });
      if (outcome === "repaired") repairs += 1;
      if (times === 0) await until(() => isOver || writers.every(({ receipts }) => receipts.length > 0));
      await new Promise((resolve) => setTimeout(resolve, 30));
      // What a foreign program does beside them.
      fs.appendFileSync(log, "\nforeign\n");
    }
    await repairStream({ directory, stream });
    expect(await over).toEqual(writers.map(() => 0));
    await repairStream({ directory, stream });
    expect(inspectStream({ directory, stream })).toMatchObject({
      findings: [],
      brokenLinks: [],
      suspect: false,
    });
    const stood = [...fs.readFileSync(log, "utf8").matchAll(/"commandId":"(w[0-9]+-[0-9]+)"/g)].map(
      (found) => found[1],
    );
    const receipts = writers.flatMap((writer) => writer.receipts);
    expect(receipts).toHaveLength(10 * commands);
    expect(stood.toSorted()).toEqual(receipts.toSorted());
    expect(repairs).toBeGreaterThan(0);
    expect(findLeftovers({ directory }).unfinished).toEqual([]);
    const codes = new Set(writers.flatMap((writer) => writer.refusals));
    expect(codes.size).toBeGreaterThan(0);
    expect(["LOG_CORRUPT", "DURABILITY_UNKNOWN", "LOG_REPLACED"]).toEqual(expect.arrayContaining([...codes]));
  });
});

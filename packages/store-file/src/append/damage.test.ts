import fs from "node:fs";
import { emptyHead, StoreFault } from "@mission-ledger/core";
import { allEvents, put, putMany, noteStream as stream, tryPut } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { inspectStream, openFileStore } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { errnoError } from "../testing/faulty-files.ts";
import { openBelow } from "../testing/open-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";

const logOf = (directory: string): string => layoutOf(directory).of(stream).log;
const flipBitNear = (file: string, text: string): void => {
  const bytes = fs.readFileSync(file);
  const at = bytes.indexOf(text);
  bytes[at] = (bytes[at] as number) ^ 1;
  fs.writeFileSync(file, bytes);
};

describe("a log that is damaged in the middle", () => {
  test.each([
    ["a flipped bit", (file: string) => flipBitNear(file, "c3")],
    [
      "a conflict marker",
      (file: string) =>
        fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("\n", "\n<<<<<<< ours\n")),
    ],
    [
      "a lost line",
      (file: string) =>
        fs.writeFileSync(file, fs.readFileSync(file, "utf8").split("\n").toSpliced(3, 1).join("\n")),
    ],
  ])("by %s is written to by nobody who has just read it", async (_, damage) => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory });
    await putMany(store, 10);
    await store.close();
    damage(logOf(directory));
    const damaged = fs.readFileSync(logOf(directory));
    const cold = await openFileStore({ directory });
    const last = (await allEvents(cold.read(stream))).at(-1);
    if (last === undefined) throw new Error("nothing was read");
    await expect(put(cold, last, "new")).rejects.toThrow(StoreFault);
    await cold.close();
    expect(fs.readFileSync(logOf(directory)).equals(damaged)).toBe(true);
    expect(inspectStream({ directory, stream }).findings.length).toBeGreaterThan(0);
  });

  test("does not run the command again whose record is damaged", async () => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory });
    const head = await putMany(store, 10);
    await store.close();
    flipBitNear(logOf(directory), "c3");
    const cold = await openFileStore({ directory });
    await expect(tryPut(cold, head, "c3")).rejects.toMatchObject({ code: "LOG_CORRUPT", outcome: "unknown" });
    await cold.close();
  });
});

describe("a log that changes under a warm writer", () => {
  test("in place and to the same length is another log, not the one that was known", async () => {
    const directory = scratchDirectory();
    const other = scratchDirectory();
    const [ours, theirs] = [await openFileStore({ directory }), await openFileStore({ directory: other })];
    let head = emptyHead;
    let foreign = emptyHead;
    for (let index = 0; index < 4; index += 1) {
      head = (await put(ours, head, `c${index}`)).head;
      foreign = (await put(theirs, foreign, `k${index}`)).head;
    }
    fs.writeFileSync(logOf(directory), fs.readFileSync(logOf(other)));
    expect(await tryPut(ours, head, "c9")).toMatchObject({ _tag: "Conflict" });
    await ours.close();
    await theirs.close();
  });

  test("and is taken away is missing for as long as the store is open", async () => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory });
    const { head } = await put(store, emptyHead, "c0");
    fs.unlinkSync(logOf(directory));
    for (const on of [head, emptyHead])
      await expect(put(store, on, "c1")).rejects.toMatchObject({
        code: "STORE_MISSING",
        outcome: "not_written",
      });
    await store.close();
  });
});

test("a failed flush is not forgotten when its mark cannot be made", async () => {
  const directory = scratchDirectory();
  let failing = false;
  const files: FilePort = {
    ...nodeFiles,
    fdatasync: (fd) => {
      if (failing) throw errnoError("ENOSPC");
      nodeFiles.fdatasync(fd);
    },
    open: (path, flags, mode) => {
      if (failing && path.endsWith(".suspect")) throw errnoError("ENOSPC");
      return nodeFiles.open(path, flags, mode);
    },
  };
  const store = await openFileStore({ directory, files });
  const { head } = await put(store, emptyHead, "c0");
  failing = true;
  await expect(put(store, head, "c1")).rejects.toMatchObject({
    code: "DURABILITY_UNKNOWN",
    outcome: "unknown",
  });
  failing = false;
  await expect(put(store, head, "c1")).rejects.toMatchObject({
    code: "DURABILITY_UNKNOWN",
    outcome: "unknown",
  });
  expect(inspectStream({ directory, stream }).suspect).toBe(true);
  await store.close();
});

test("more streams in flight than are kept warm leak no descriptor", async () => {
  const directory = scratchDirectory();
  const store = await openFileStore({ directory });
  await Promise.all(
    Array.from({ length: 100 }, (_, index) => put(store, emptyHead, "c", { stream: `mission-s${index}` })),
  );
  await store.close();
  expect(openBelow(directory)).toEqual([]);
});

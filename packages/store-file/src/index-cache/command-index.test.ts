import fs from "node:fs";
import path from "node:path";
import { type EventStore, emptyHead, type StreamHead } from "@mission-ledger/core";
import { commitOn, put, putMany, noteStream as stream } from "@mission-ledger/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeFiles } from "../files/node-files.ts";
import { openFileStore } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { faultyFiles } from "../testing/faulty-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { compareEntries, encodeSegment, hashCommandId, lookUp, readEntries, readHeader } from "./segment.ts";

const count = 3_300;
let original: string;
let head: StreamHead;

beforeAll(async () => {
  original = scratchDirectory();
  const store = await openFileStore({ directory: original });
  head = await putMany(store, count);
  await store.close();
});

/** The same ledger once more. Links keep the log's inode, which a copy would not. */
const withLedger = async (
  change: (index: string) => void,
  check: (store: EventStore) => Promise<void>,
): Promise<void> => {
  const { index } = layoutOf(original).of(stream);
  const kept = `${index}.kept`;
  fs.cpSync(index, kept, { recursive: true });
  try {
    change(index);
    const store = await openFileStore({ directory: original });
    await check(store);
    await store.close();
  } finally {
    fs.rmSync(index, { recursive: true, force: true });
    fs.renameSync(kept, index);
  }
};

const findsAll = async (store: EventStore): Promise<void> => {
  for (const number of [0, 1, 500, 1_023, 1_024, 1_025, 2_047, 2_048, 2_049, count - 2, count - 1]) {
    expect((await store.findCommand(stream, `c${number}`))?.firstRevision, `c${number}`).toBe(number);
  }
  expect(await store.findCommand(stream, "never")).toBeUndefined();
  const first = commitOn(emptyHead, "c0");
  expect(await store.append({ commit: first, expected: "no_stream" })).toMatchObject({
    repeated: true,
    commit: { firstRevision: 0 },
  });
  await expect(
    store.append({ commit: { ...first, commandDigest: "other" }, expected: "no_stream" }),
  ).rejects.toMatchObject({ code: "COMMAND_ID_REUSED" });
};

const eachFile = (index: string, change: (file: string) => void): void => {
  for (const name of fs.readdirSync(index)) change(path.join(index, name));
};

describe("a command of long ago", () => {
  afterAll(() => fs.rmSync(original, { recursive: true, force: true }));

  test("is found through the segments, which are few", async () => {
    await withLedger(() => {}, findsAll);
    expect(fs.readdirSync(layoutOf(original).of(stream).index).length).toBeLessThan(4);
  });

  test("is found without an index", () =>
    withLedger((index) => fs.rmSync(index, { recursive: true }), findsAll));

  test("is found beside a damaged page", () =>
    withLedger(
      (index) =>
        eachFile(index, (file) => {
          const bytes = fs.readFileSync(file);
          for (let at = 4_096 + 100; at < bytes.length; at += 4_096) bytes[at] = (bytes[at] as number) ^ 1;
          fs.writeFileSync(file, bytes);
        }),
      findsAll,
    ));

  test("is found beside a damaged header", () =>
    withLedger((index) => eachFile(index, (file) => fs.writeFileSync(file, "nonsense")), findsAll));

  test("is found beside a page that belongs elsewhere", () =>
    withLedger(
      (index) =>
        eachFile(index, (file) => {
          const bytes = fs.readFileSync(file);
          bytes.copy(bytes, 4_096, 8_192, 12_288);
          fs.writeFileSync(file, bytes);
        }),
      findsAll,
    ));

  test("is found beside the index of another log", async () => {
    const other = scratchDirectory();
    const store = await openFileStore({ directory: other });
    await putMany(store, 1_100, { data: { other: true } });
    await store.close();
    const foreign = layoutOf(other).of(stream).index;
    await withLedger((index) => {
      eachFile(index, (file) => fs.unlinkSync(file));
      fs.cpSync(foreign, index, { recursive: true });
    }, findsAll);
  });
});

describe("a process that begins with a mark", () => {
  test("reads a small part of the log", async () => {
    const directory = scratchDirectory();
    const warm = await openFileStore({ directory });
    const last = await putMany(warm, 1_500);
    await warm.close();
    const size = fs.statSync(layoutOf(directory).of(stream).log).size;
    const faulty = faultyFiles();
    const cold = await openFileStore({ directory, files: faulty.files });
    await put(cold, last, "next");
    expect(faulty.bytesRead).toBeLessThan(size / 2);
    await cold.close();
  });

  test("that does not fit reads the log from its start", async () => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory });
    const last = await putMany(store, 3);
    const [ino, ...rest] = (last.mark as string).split(":");
    for (const mark of [
      `${Number(ino) + 1}:${rest.join(":")}`,
      `${ino}:0:10:00000000`,
      "nonsense",
      `${ino}:99999999:100:00000000`,
    ]) {
      const cold = await openFileStore({ directory });
      expect((await put(cold, { ...(await store.head(stream)), mark }, `after ${mark}`)).repeated).toBe(
        false,
      );
      await cold.close();
    }
    await store.close();
    expect(head.revision).toBe(count - 1);
  });
});

describe("a segment", () => {
  test("gives back every entry, also where many share a page", () => {
    const ids = Array.from({ length: 5_000 }, (_, index) => `id-${index}`);
    const crowded = Array.from({ length: 700 }, (_, index) => ({
      high: 77,
      low: index,
      offset: 1_000_000 + index,
    }));
    const entries = [...ids.map((id, offset) => ({ ...hashCommandId(id), offset })), ...crowded].sort(
      compareEntries,
    );
    const file = path.join(scratchDirectory(), "0-9.idx");
    const last = { offset: 0, length: 9, crc: "00000000" };
    fs.writeFileSync(
      file,
      encodeSegment(
        { stream, ino: 1, origin: "o", from: 0, to: 9, revision: 0, digest: "d", seq: 1, last },
        entries,
      ),
    );
    const fd = nodeFiles.open(file, fs.constants.O_RDONLY);
    const header = readHeader(nodeFiles, fd);
    if (header === undefined) throw new Error("no header");
    expect(readEntries(nodeFiles, fd, header)).toEqual(entries);
    ids.forEach((id, offset) => void expect(lookUp(nodeFiles, fd, header, id)).toContain(offset));
    expect(lookUp(nodeFiles, fd, header, "never")).toEqual([]);
    nodeFiles.close(fd);
  });
});

import fs from "node:fs";
import { emptyHead, type StreamHead } from "@mission-ledger/core";
import { allEvents, put, putMany, noteStream as stream } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { inspectStream, openFileStore } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { scratchDirectory } from "../testing/scratch.ts";

/** A log of some records, and where each of them ends. */
const logOf = async (
  count: number,
): Promise<{ readonly bytes: Buffer; readonly ends: readonly number[]; readonly heads: StreamHead[] }> => {
  const directory = scratchDirectory();
  const store = await openFileStore({ directory });
  await putMany(store, count);
  const events = await allEvents(store.read(stream));
  await store.close();
  const bytes = fs.readFileSync(layoutOf(directory).of(stream).log);
  const ends: number[] = [];
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) ends.push(at + 1);
  return { bytes, ends, heads: [emptyHead, ...events.map(({ revision, digest }) => ({ revision, digest }))] };
};

const planted = (bytes: Buffer): string => {
  const directory = scratchDirectory();
  const { logs } = layoutOf(directory);
  fs.mkdirSync(logs, { mode: 0o700 });
  fs.writeFileSync(layoutOf(directory).of(stream).log, bytes, { mode: 0o600 });
  return directory;
};

describe("a log cut anywhere", () => {
  test("gives exactly its complete records", async () => {
    const { bytes, ends } = await logOf(50);
    const directory = planted(bytes);
    const { log } = layoutOf(directory).of(stream);
    const store = await openFileStore({ directory });
    for (let cut = bytes.length; cut >= 0; cut -= 1) {
      fs.truncateSync(log, cut);
      const events = await allEvents(store.read(stream));
      expect(events.length, `cut at ${cut}`).toBe(ends.filter((end) => end <= cut).length);
    }
    await store.close();
  });

  test("at any byte of its last record takes the next append, and seals what was torn", async () => {
    const { bytes, ends, heads } = await logOf(3);
    for (let cut = ends[1] as number; cut < bytes.length; cut += 1) {
      const directory = planted(bytes.subarray(0, cut));
      const store = await openFileStore({ directory });
      await put(store, heads[2] as StreamHead, "again");
      expect((await allEvents(store.read(stream))).map(({ commandId }) => commandId)).toEqual([
        "c0",
        "c1",
        "again",
      ]);
      await store.close();
      const report = inspectStream({ directory, stream });
      expect(report, `cut at ${cut}`).toMatchObject({
        records: 3,
        findings: [],
        brokenLinks: [],
        tornBytes: 0,
      });
      expect(report.sealedFragments).toBe(cut === ends[1] ? 0 : 1);
      fs.rmSync(directory, { recursive: true });
    }
  });
});

describe("a damaged line", () => {
  test("is reported with its place; reading goes on, writing does not", async () => {
    const { bytes, ends } = await logOf(3);
    const damaged = Buffer.from(bytes);
    damaged[(ends[0] as number) + 20] = 0;
    const directory = planted(damaged);
    const store = await openFileStore({ directory });
    expect((await allEvents(store.read(stream))).map(({ commandId }) => commandId)).toEqual(["c0", "c2"]);
    const { revision, digest } = await store.head(stream);
    const head = { revision, digest }; // without its mark, the log is read from the start
    await expect(put(store, head, "next")).rejects.toMatchObject({
      code: "LOG_CORRUPT",
      outcome: "unknown",
    });
    await store.close();
    const [first, second] = inspectStream({ directory, stream }).findings;
    expect(first).toMatchObject({
      kind: "damaged",
      offset: ends[0],
      length: (ends[1] as number) - (ends[0] as number),
    });
    expect(second).toMatchObject({ kind: "gap", offset: ends[1] });
    expect(fs.readFileSync(layoutOf(directory).of(stream).log).equals(damaged)).toBe(true);
  });

  test("before a whole record in one line does not hide the record", async () => {
    const { bytes, ends } = await logOf(2);
    const torn = Buffer.concat([
      bytes.subarray(0, ends[0]),
      Buffer.from('{"v":1,"stre'),
      bytes.subarray(ends[0]),
    ]);
    const directory = planted(torn);
    expect(inspectStream({ directory, stream })).toMatchObject({
      records: 2,
      findings: [{ kind: "damaged", offset: ends[0], length: 12 }],
    });
  });

  test.each([
    ["<<<<<<< HEAD\n", "conflict_marker", "LOG_CONFLICTED"],
    ["\0\0\0\0\n", "damaged", "LOG_CORRUPT"],
    ["\n", "damaged", "LOG_CORRUPT"],
    [`${"x".repeat(2_000_000)}\n`, "damaged", "LOG_CORRUPT"],
  ])("such as %j is a finding of its own kind", async (text, kind, code) => {
    const { bytes, heads } = await logOf(1);
    const directory = planted(Buffer.concat([bytes, Buffer.from(text)]));
    expect(inspectStream({ directory, stream }).findings).toMatchObject([
      { kind, offset: bytes.length, length: text.length },
    ]);
    const store = await openFileStore({ directory });
    await expect(put(store, heads[1] as StreamHead, "next")).rejects.toMatchObject({ code });
    expect(await allEvents(store.readAll())).toHaveLength(1);
    await store.close();
  });

  test("that repeats a record is void", async () => {
    const { bytes, ends } = await logOf(2);
    const directory = planted(Buffer.concat([bytes, bytes.subarray(0, ends[0])]));
    expect(inspectStream({ directory, stream })).toMatchObject({ records: 2, voidRecords: 1, findings: [] });
  });
});

test("a log whose first record was never whole is no stream yet, and can become one", async () => {
  const directory = scratchDirectory();
  const store = await openFileStore({ directory });
  await put(store, emptyHead, "c0");
  const { log } = layoutOf(directory).of(stream);
  const whole = fs.readFileSync(log);
  await store.close();
  for (const length of [0, 1, whole.length - 1]) {
    fs.writeFileSync(log, whole.subarray(0, length));
    const other = await openFileStore({ directory });
    expect(await other.streams("mission")).toEqual([]);
    await put(other, emptyHead, "c0");
    expect(await other.streams("mission")).toEqual([stream]);
    await other.close();
  }
});

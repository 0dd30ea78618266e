import fs from "node:fs";
import path from "node:path";
import {
  type Commit,
  copyLedger,
  digestOf,
  type EventStore,
  emptyHead,
  headOfCommit,
  openMemoryStore,
  type StoreFault,
  type StreamHead,
  sealCommit,
  storeTransfer,
  type TransferCommit,
  type TransferEntry,
  type TransferSource,
  type TransferTarget,
} from "@mission-ledger/core";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { inspectDatabase } from "../inspect/inspect-database.ts";
import { openSqliteStore } from "../sqlite-store.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { scriptedDriver, sqliteError } from "../testing/scripted-driver.ts";
import { behindTriggers, changeEvent } from "../testing/tamper.ts";
import { sqliteTransfer } from "./sqlite-transfer.ts";

const stream = "mission-m1";
const other = "mission-m2";
const newPath = (): string => path.join(scratchDirectory(), "ledger.db");

const commitOn = (head: StreamHead, name: string, commandId: string, events = 1): Commit =>
  sealCommit(
    head,
    {
      stream: name,
      commandId,
      commandDigest: digestOf({ commandId }),
      recordedAt: "2026-01-02T03:04:05.678Z",
      actor: "agent-1",
    },
    Array.from({ length: events }, () => ({
      type: "Noted",
      version: 1,
      data: { note: `Größe ${commandId}` },
    })),
  );

const put = async (store: EventStore, name: string, commandId: string, events = 1): Promise<void> => {
  const head = await store.head(name);
  const commit = commitOn(head, name, commandId, events);
  const appended = await store.append({ commit, expected: head.revision < 0 ? "no_stream" : head.revision });
  if (appended._tag === "Conflict") throw new Error("conflict");
  await store.readBack(appended);
};

const databaseWith = async (commands: number): Promise<string> => {
  const file = newPath();
  const store = await openSqliteStore({ path: file });
  for (let index = 0; index < commands; index += 1)
    await put(store, index % 2 === 0 ? stream : other, `c${index}`, 1 + (index % 3));
  await store.close();
  return file;
};

/** A source of its own making, for what no store of this package writes. */
const sourceOf = (entries: readonly TransferEntry[]): TransferSource => {
  const nameOf = (entry: TransferEntry): string =>
    entry._tag === "Commit" ? entry.commit.stream : entry.stream;
  return {
    keeps: "lines",
    extents: async () =>
      [...new Set(entries.map(nameOf))].sort().map((name) => ({ stream: name, end: null })),
    read: async function* (extent) {
      yield entries.filter((entry) => nameOf(entry) === extent.stream);
    },
    readTogether: async function* () {
      yield entries;
    },
    close: async () => {},
  };
};

const copy = async (
  from: string,
  to: string,
  wrap: (target: TransferTarget) => TransferTarget = (target) => target,
) => {
  const [source, target] = [sqliteTransfer({ path: from }), sqliteTransfer({ path: to })];
  try {
    return await copyLedger({ from: source, to: wrap(target) });
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
};
const faultOf = (copying: Promise<unknown>): Promise<StoreFault> =>
  copying.then(
    () => {
      throw new Error("the copy was not refused");
    },
    (error: StoreFault) => error,
  );
const entriesOf = async (file: string): Promise<readonly TransferEntry[]> => {
  const source = sqliteTransfer({ path: file });
  const entries: TransferEntry[] = [];
  for await (const batch of source.readTogether(await source.extents())) entries.push(...batch);
  await source.close();
  return entries;
};

test("a copied database holds the same rows, and takes writes behind them", async () => {
  const [from, to] = [await databaseWith(9), newPath()];
  expect(await copy(from, to)).toMatchObject({ records: 9, equal: true, copied: { records: 9 } });
  const rowsIn = (file: string) => {
    const db = new Database(file, { readonly: true });
    const rows = ["commands", "events", "lines"].map((table) => db.prepare(`SELECT * FROM ${table}`).all());
    db.close();
    return rows;
  };
  expect(rowsIn(to)).toEqual(rowsIn(from));
  const store = await openSqliteStore({ path: to });
  await put(store, stream, "here");
  await store.close();
  expect((await entriesOf(to)).at(-1)).toMatchObject({ commit: { commandId: "here" } });
});

test("what is written after a copy is numbered behind all that came with it, whatever was added before", async () => {
  const file = newPath();
  const commit = commitOn(emptyHead, stream, "far", 2);
  const far: TransferCommit = { _tag: "Commit", commit, origin: "elsewhere", number: 900, bytes: 1 };
  const target = sqliteTransfer({ path: file });
  await copyLedger({ from: sourceOf([far]), to: target });
  const store = await openSqliteStore({ path: file });
  for (const id of ["n1", "n2"]) await put(store, other, id);
  const late = commitOn(headOfCommit(commit), stream, "late");
  const more: TransferCommit = { _tag: "Commit", commit: late, origin: "elsewhere", number: 2_000, bytes: 1 };
  await copyLedger({ from: sourceOf([far, more]), to: target, streams: [stream] });
  await put(store, other, "n3");
  await Promise.all([store.close(), target.close()]);
  const numbers = (await entriesOf(file)).map((entry) => (entry._tag === "Commit" ? entry.number : null));
  expect(numbers).toEqual([900, 903, 904, 2_000, 2_006]);
});

test("a writer that comes between two batches is met inside the transaction, and nothing of the batch stands", async () => {
  const [from, to] = [await databaseWith(4), newPath()];
  const fault = await faultOf(
    copy(from, to, (target) => ({
      ...target,
      take: async (batch, signal) => {
        const store = await openSqliteStore({ path: to });
        await put(store, other, "first");
        await store.close();
        return target.take(batch, signal);
      },
    })),
  );
  expect(fault).toMatchObject({ code: "COPY_DIVERGED", outcome: "not_written", details: { stream: other } });
  expect((await entriesOf(to)).map((entry) => entry._tag === "Commit" && entry.commit.commandId)).toEqual([
    "first",
  ]);
});

test("a target that a hand has changed is met, before the copy and after it", async () => {
  const [from, to] = [await databaseWith(4), newPath()];
  const tampered = await faultOf(
    copy(from, to, (target) => ({
      ...target,
      finish: async () => {
        await target.finish();
        changeEvent(to, stream, 0, () => ({ note: "another" }));
      },
    })),
  );
  expect(tampered).toMatchObject({ code: "LOG_CORRUPT", details: { stream, revision: 0 } });
  expect(await faultOf(copy(from, to))).toMatchObject({ code: "LOG_CORRUPT", details: { stream } });
  const sound = newPath();
  await copy(from, sound);
  behindTriggers(sound, (db) =>
    db.prepare("DELETE FROM events WHERE stream = ? AND revision = 0").run(stream),
  );
  expect(await faultOf(copy(from, sound))).toMatchObject({ code: "LOG_CORRUPT" });
});

test("lines that count for nothing can neither be changed nor deleted", async () => {
  const file = newPath();
  const target = sqliteTransfer({ path: file });
  const torn = Buffer.from([0x7b, 0xc3, 0x20, 0x23, 0x74, 0x6f, 0x72, 0x6e]);
  const aside: TransferEntry = { _tag: "Aside", stream, kind: "sealed", line: torn, bytes: torn.length + 1 };
  await copyLedger({ from: sourceOf([aside]), to: target });
  expect(await entriesOf(file)).toEqual([aside]);
  await target.close();
  const db = new Database(file);
  expect(() => db.exec("DELETE FROM lines")).toThrow("append-only");
  expect(() => db.exec("UPDATE lines SET text = ''")).toThrow("append-only");
  db.close();
  expect((await inspectDatabase({ path: file })).findings).toEqual([]);
  behindTriggers(file, (hand) => hand.exec("UPDATE lines SET text = 'x'"));
  expect((await inspectDatabase({ path: file })).findings).toMatchObject([
    { kind: "row", stream, revision: -1 },
  ]);
  await expect(entriesOf(file)).rejects.toMatchObject({ code: "LOG_CORRUPT" });
});

test("a store that knows only the port can be copied from and to", async () => {
  const [from, memory, to] = [await databaseWith(7), openMemoryStore(), newPath()];
  const through = storeTransfer(memory, ["mission"]);
  await copyLedger({ from: sqliteTransfer({ path: from }), to: through });
  expect(await copyLedger({ from: through, to: sqliteTransfer({ path: to }) })).toMatchObject({
    kept: "commits",
    records: 7,
    equal: true,
  });
  const commits = async (file: string) =>
    (await entriesOf(file)).map((entry) => (entry._tag === "Commit" ? entry.commit : null));
  expect(await commits(to)).toEqual(await commits(from));
});

test("a database that is not there is an empty source, and stays not there", async () => {
  const file = newPath();
  const source = sqliteTransfer({ path: file });
  expect(await source.extents()).toEqual([]);
  await source.settle([]);
  await source.close();
  expect(() => new Database(file, { fileMustExist: true })).toThrow();
});

test("settling a target flushes what stands in its write-ahead log", async () => {
  const file = await databaseWith(2);
  const keepsOpen = await openSqliteStore({ path: file });
  await keepsOpen.head(stream);
  const target = sqliteTransfer({ path: file });
  const walBytes = (): number => fs.statSync(`${file}-wal`).size;
  const before = walBytes();
  await target.settle([stream]);
  // A commit that writes no page flushes nothing either.
  expect(walBytes()).toBeGreaterThan(before);
  await target.close();
  await keepsOpen.close();
});

test("a batch whose flush fails leaves the mark, and the same copy goes on once all pages are written anew", async () => {
  const [from, to] = [await databaseWith(3), newPath()];
  const driver = scriptedDriver();
  const source = sqliteTransfer({ path: from });
  const target = sqliteTransfer({ path: to, loadDriver: driver.loadDriver });
  let hasInserted = false;
  driver.before = (sql) => {
    // The tables are made with a COMMIT of their own.
    hasInserted ||= sql.startsWith("INSERT INTO events");
    if (hasInserted && sql === "COMMIT") throw sqliteError("SQLITE_IOERR_FSYNC");
  };
  expect(await faultOf(copyLedger({ from: source, to: target }))).toMatchObject({
    code: "DURABILITY_UNKNOWN",
    outcome: "unknown",
  });
  expect(fs.existsSync(`${to}-suspect`)).toBe(true);
  const takes = "PRAGMA wal_checkpoint(TRUNCATE)";
  driver.before = (sql) => {
    if (sql === takes) throw sqliteError("SQLITE_IOERR_FSYNC");
  };
  expect(await faultOf(copyLedger({ from: source, to: target }))).toMatchObject({
    code: "DURABILITY_UNKNOWN",
    outcome: "not_written",
  });
  driver.before = () => {};
  await Promise.all([source.close(), target.close()]);
  expect(await copy(from, to)).toMatchObject({ equal: true });
  expect(fs.existsSync(`${to}-suspect`)).toBe(false);
});

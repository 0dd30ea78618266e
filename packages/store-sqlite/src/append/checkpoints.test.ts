import fs from "node:fs";
import path from "node:path";
import { type EventStore, emptyHead, type StreamHead } from "@mission-ledger/core";
import { allEvents, commitOn, put, noteStream as stream } from "@mission-ledger/testkit";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { openSqliteStore } from "../index.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { scriptedDriver, sqliteError } from "../testing/scripted-driver.ts";

const checkpoint = "PRAGMA wal_checkpoint(FULL)";

const opened = async () => {
  const file = path.join(scratchDirectory(), "ledger.db");
  const driver = scriptedDriver();
  const store = await openSqliteStore({ path: file, loadDriver: driver.loadDriver });
  return { file, driver, store };
};

/** Fills a store up to the event before the one that brings a checkpoint. */
const almost = async (store: EventStore): Promise<StreamHead> => {
  const { head } = await put(store, emptyHead, "many", { events: 64 });
  return (await put(store, head, "more", { events: 63 })).head;
};

test("the write-ahead log is copied behind every hundred-and-twenty-eighth event, and begun anew", async () => {
  const { file, driver, store } = await opened();
  const statements: string[] = [];
  driver.before = (sql) => void statements.push(sql);
  const checkpoints = (): number => statements.filter((sql) => sql === checkpoint).length;
  let { head } = await put(store, await almost(store), "c0");
  expect(checkpoints()).toBe(1);
  const { size } = fs.statSync(`${file}-wal`);
  for (let index = 1; index <= 3; index += 1) ({ head } = await put(store, head, `c${index}`));
  expect(checkpoints()).toBe(1);
  expect(fs.statSync(`${file}-wal`).size).toBe(size);
  expect(await allEvents(store.read(stream))).toHaveLength(131);
  await store.close();
});

test("a reader that stays behind keeps nobody from writing", async () => {
  const { file, store } = await opened();
  const head = await almost(store);
  const reader = new Database(file);
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM events").get();
  const { head: next } = await put(store, head, "c0");
  reader.close();
  await put(store, next, "c1");
  expect(await allEvents(store.read(stream))).toHaveLength(129);
  await store.close();
});

test("a flush that fails in a checkpoint makes the database suspect to everybody, and the event stands", async () => {
  const { file, driver, store } = await opened();
  const head = await almost(store);
  const statements: string[] = [];
  driver.before = (sql) => {
    statements.push(sql);
    if (sql === checkpoint) throw sqliteError("SQLITE_IOERR_FSYNC");
  };
  const { head: next } = (await store.append({
    commit: commitOn(head, "c0"),
    expected: head.revision,
  })) as { head: StreamHead };
  expect(fs.existsSync(`${file}-suspect`)).toBe(true);
  await put(store, next, "c1");
  expect(statements).toContain("PRAGMA wal_checkpoint(TRUNCATE)");
  expect(fs.existsSync(`${file}-suspect`)).toBe(false);
  expect(await allEvents(store.read(stream))).toHaveLength(129);
  await store.close();
});

test.each(["SQLITE_FULL", "SQLITE_BUSY", "SQLITE_IOERR_WRITE"])(
  "a checkpoint that ends with %s is left to the next one",
  async (code) => {
    const { file, driver, store } = await opened();
    const head = await almost(store);
    driver.before = (sql) => {
      if (sql === checkpoint) throw sqliteError(code);
    };
    await put(store, head, "c0");
    expect(fs.existsSync(`${file}-suspect`)).toBe(false);
    await store.close();
  },
);

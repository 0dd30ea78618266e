import fs from "node:fs";
import path from "node:path";
import { type Commit, type EventStore, emptyHead } from "@mission-ledger/core";
import { allEvents, commitOn, put, noteStream as stream, tryPut } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { openSqliteStore } from "../index.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { type ScriptedDriver, scriptedDriver, sqliteError } from "../testing/scripted-driver.ts";
import { changeEvent } from "../testing/tamper.ts";

interface World {
  readonly store: EventStore;
  readonly driver: ScriptedDriver;
  readonly file: string;
}

const opened = async (): Promise<World> => {
  const file = path.join(scratchDirectory(), "ledger.db");
  const driver = scriptedDriver();
  const store = await openSqliteStore({ path: file, loadDriver: driver.loadDriver, lockTimeoutMs: 50 });
  await put(store, emptyHead, "c0");
  return { store, driver, file };
};

/** Fails statements that begin so, as often as said. */
const failing = (driver: ScriptedDriver, start: string, code: string, times = 1): void => {
  let left = times;
  driver.before = (sql) => {
    if (!sql.startsWith(start) || left === 0) return;
    left -= 1;
    throw sqliteError(code);
  };
};

const certain: readonly (readonly [string, string, string])[] = [
  ["INSERT INTO events", "SQLITE_FULL", "STORAGE_FULL"],
  ["INSERT INTO commands", "SQLITE_NOMEM", "RESOURCES_EXHAUSTED"],
  ["INSERT INTO events", "SQLITE_TOOBIG", "LIMIT_EXCEEDED"],
  ["INSERT INTO events", "SQLITE_INTERRUPT", "TIMEOUT"],
  ["INSERT INTO events", "SQLITE_IOERR_WRITE", "STORAGE_ERROR"],
  ["INSERT INTO events", "SQLITE_READONLY_DBMOVED", "STORE_MISSING"],
  ["INSERT INTO events", "SQLITE_CORRUPT", "LOG_CORRUPT"],
  ["BEGIN", "SQLITE_READONLY", "STORAGE_READ_ONLY"],
  ["BEGIN", "SQLITE_CANTOPEN", "STORE_MISSING"],
  ["BEGIN", "SQLITE_CORRUPT", "LOG_CORRUPT"],
  ["COMMIT", "SQLITE_FULL", "STORAGE_FULL"],
];

describe("a transaction that fails", () => {
  test.each(certain)("at %s with %s has written nothing, and says so", async (start, code, expected) => {
    const { store, driver } = await opened();
    failing(driver, start, code);
    const head = await store.head(stream);
    const refused = tryPut(store, head, "c1", { events: 2 });
    await expect(refused).rejects.toMatchObject({
      code: expected,
      outcome: "not_written",
      details: { stream, commandId: "c1" },
    });
    expect((await allEvents(store.read(stream))).map(({ commandId }) => commandId)).toEqual(["c0"]);
    expect(await store.findCommand(stream, "c1")).toBeUndefined();
    if (expected !== "LOG_CORRUPT") {
      expect((await put(store, head, "c1", { events: 2 })).repeated).toBe(false);
      expect(await allEvents(store.read(stream))).toHaveLength(3);
    }
    await store.close();
  });

  test("on a damaged page stops all writing for as long as the store is open", async () => {
    const { store, driver, file } = await opened();
    const head = await store.head(stream);
    failing(driver, "INSERT INTO events", "SQLITE_CORRUPT");
    await expect(tryPut(store, head, "c1")).rejects.toMatchObject({ code: "LOG_CORRUPT" });
    for (const [id, name] of [
      ["c1", stream],
      ["c2", "mission-other"],
    ] as const)
      await expect(
        tryPut(store, name === stream ? head : emptyHead, id, { stream: name }),
      ).rejects.toMatchObject({ code: "LOG_CORRUPT", outcome: "not_written" });
    expect(await allEvents(store.readAll())).toHaveLength(1);
    await store.close();
    const again = await openSqliteStore({ path: file });
    await put(again, head, "c1");
    await again.close();
  });

  test("is not begun behind a damaged row that a reader of the same store met", async () => {
    const { store, file } = await opened();
    const head = await store.head(stream);
    changeEvent(file, stream, 0, () => ({ note: "changed" }), { keepChecksum: true });
    await expect(allEvents(store.read(stream))).rejects.toMatchObject({ code: "LOG_CORRUPT" });
    await expect(tryPut(store, head, "c1")).rejects.toMatchObject({
      code: "LOG_CORRUPT",
      outcome: "not_written",
    });
    await store.close();
  });

  test("beside others is found out alone, and the others are written", async () => {
    const { store, driver } = await opened();
    const head = await store.head(stream);
    let seen = 0;
    driver.before = (sql) => {
      // The second of three inserts, and the same one when it is tried alone.
      if (!sql.startsWith("INSERT INTO commands")) return;
      seen += 1;
      if (seen === 2 || seen === 4) throw sqliteError("SQLITE_TOOBIG");
    };
    const settled = await Promise.allSettled(
      ["mission-x", "mission-y", "mission-z"].map((name) => tryPut(store, emptyHead, "c1", { stream: name })),
    );
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((await allEvents(store.readAll())).map((event) => event.stream)).toEqual([
      stream,
      "mission-x",
      "mission-z",
    ]);
    expect(head.revision).toBe(0);
    await store.close();
  });
});

describe("a commit whose flush fails", () => {
  const codes = ["SQLITE_IOERR_FSYNC", "SQLITE_IOERR", "SQLITE_IOERR_WRITE"];

  test.each(codes)(
    "with %s is of unknown outcome, and is looked up once the database was written anew",
    async (code) => {
      const { store, driver } = await opened();
      const head = await store.head(stream);
      failing(driver, "COMMIT", code);
      await expect(tryPut(store, head, "c1")).rejects.toMatchObject({
        code: "DURABILITY_UNKNOWN",
        outcome: "unknown",
        details: { stream, commandId: "c1" },
      });
      expect(driver.opened.every((db) => !db.open)).toBe(true);
      const statements: string[] = [];
      driver.before = (sql) => void statements.push(sql);
      expect((await put(store, head, "c1")).repeated).toBe(false);
      const checkpoint = statements.findIndex((sql) => sql.includes("wal_checkpoint(TRUNCATE)"));
      expect(checkpoint).toBeGreaterThanOrEqual(0);
      expect(checkpoint).toBeLessThan(statements.indexOf("BEGIN IMMEDIATE"));
      await store.close();
    },
  );

  test("although it was written is a repeat when it is tried again", async () => {
    const { store, driver } = await opened();
    const head = await store.head(stream);
    driver.before = (sql) => {
      if (sql !== "COMMIT") return;
      driver.before = () => {};
      // The connection that holds the transaction.
      driver.opened.find((db) => db.inTransaction)?.exec("COMMIT");
      throw sqliteError("SQLITE_IOERR_FSYNC");
    };
    await expect(tryPut(store, head, "c1")).rejects.toMatchObject({ outcome: "unknown" });
    const repeat = await put(store, head, "c1");
    expect(repeat.repeated).toBe(true);
    expect(await allEvents(store.read(stream))).toHaveLength(2);
    await store.close();
  });

  test("keeps everybody from writing until the database can be written anew", async () => {
    const { store, driver } = await opened();
    const head = await store.head(stream);
    failing(driver, "COMMIT", "SQLITE_IOERR_FSYNC");
    await expect(tryPut(store, head, "c1")).rejects.toMatchObject({ outcome: "unknown" });
    failing(driver, "PRAGMA wal_checkpoint", "SQLITE_IOERR_FSYNC", 2);
    // Another command has certainly not been written; the one that failed first may have been.
    await expect(tryPut(store, head, "c2")).rejects.toMatchObject({
      code: "DURABILITY_UNKNOWN",
      outcome: "not_written",
    });
    await expect(tryPut(store, head, "c1")).rejects.toMatchObject({
      code: "DURABILITY_UNKNOWN",
      outcome: "unknown",
    });
    await put(store, head, "c1");
    await store.close();
  });

  test("waits for a reader that keeps the database from being written anew", async () => {
    const { store, driver, file } = await opened();
    const head = await store.head(stream);
    const reader = new (scriptedDriver().loadDriver())(file, { fileMustExist: true, timeout: 0 });
    reader.exec("BEGIN; SELECT count(*) FROM events");
    failing(driver, "COMMIT", "SQLITE_IOERR_FSYNC");
    await expect(tryPut(store, head, "c1")).rejects.toMatchObject({ outcome: "unknown" });
    await expect(tryPut(store, head, "c1")).rejects.toMatchObject({
      code: "DURABILITY_UNKNOWN",
      outcome: "unknown",
    });
    reader.exec("COMMIT");
    await put(store, head, "c1");
    reader.close();
    await store.close();
  });

  test("under a confirmation has written nothing, and nobody builds on what it was to confirm", async () => {
    const { store, driver, file } = await opened();
    const head = await store.head(stream);
    await store.close();
    const other = await openSqliteStore({ path: file, loadDriver: driver.loadDriver });
    failing(driver, "COMMIT", "SQLITE_IOERR_FSYNC");
    await expect(other.confirm(stream, head)).rejects.toMatchObject({
      code: "DURABILITY_UNKNOWN",
      outcome: "not_written",
    });
    await other.confirm(stream, head);
    await other.close();
  });
});

describe("a confirmation", () => {
  test("flushes the write-ahead log once for each time the database is opened, unless an append has", async () => {
    const { store, file } = await opened();
    const head = await store.head(stream);
    const walBytes = (): number => fs.statSync(`${file}-wal`).size;
    const before = walBytes();
    await store.confirm(stream, head);
    expect(walBytes()).toBe(before);
    await store.close();
    const driver = scriptedDriver();
    const other = await openSqliteStore({ path: file, loadDriver: driver.loadDriver });
    const statements: string[] = [];
    driver.before = (sql) => void statements.push(sql);
    await other.confirm(stream, head);
    expect(walBytes()).toBeGreaterThan(0);
    const flushed = walBytes();
    await other.confirm(stream, head);
    expect(walBytes()).toBe(flushed);
    expect(statements.filter((sql) => sql === "COMMIT")).toHaveLength(1);
    await other.close();
  });

  test("of a repeat comes with the answer, which is read back", async () => {
    const { store, file } = await opened();
    await store.close();
    const driver = scriptedDriver();
    const other = await openSqliteStore({ path: file, loadDriver: driver.loadDriver });
    const statements: string[] = [];
    driver.before = (sql) => void statements.push(sql);
    expect((await put(other, emptyHead, "c0")).repeated).toBe(true);
    expect(statements.filter((sql) => sql === "COMMIT")).toHaveLength(1);
    expect((await put(other, emptyHead, "c0")).repeated).toBe(true);
    expect(statements.filter((sql) => sql === "COMMIT")).toHaveLength(1);
    await other.close();
  });

  test("that finds the database busy to the end leaves nobody suspect", async () => {
    const { store, file } = await opened();
    const head = await store.head(stream);
    await store.close();
    const driver = scriptedDriver();
    const other = await openSqliteStore({ path: file, loadDriver: driver.loadDriver, lockTimeoutMs: 20 });
    failing(driver, "COMMIT", "SQLITE_BUSY", Number.POSITIVE_INFINITY);
    await expect(other.confirm(stream, head)).rejects.toMatchObject({
      code: "LOCK_TIMEOUT",
      outcome: "not_written",
    });
    const statements: string[] = [];
    driver.before = (sql) => void statements.push(sql);
    await put(other, head, "c1");
    expect(statements.filter((sql) => sql.includes("wal_checkpoint"))).toEqual([]);
    await other.close();
  });
});

describe("a database that others hold", () => {
  test("at BEGIN is waited for until the deadline, and the fault names who has it", async () => {
    const { store, file } = await opened();
    const head = await store.head(stream);
    const other = new (scriptedDriver().loadDriver())(file, { fileMustExist: true, timeout: 0 });
    other.exec("BEGIN IMMEDIATE");
    const refused = tryPut(store, head, "c1");
    await expect(refused).rejects.toMatchObject({
      code: "LOCK_TIMEOUT",
      outcome: "not_written",
      retryable: true,
    });
    if (process.platform === "linux")
      await expect(refused).rejects.toMatchObject({ details: { holder: { pid: process.pid } } });
    other.exec("ROLLBACK");
    other.close();
    await put(store, head, "c1");
    await store.close();
  });

  test("at COMMIT is asked again, and the commit stands", async () => {
    const { store, driver } = await opened();
    const head = await store.head(stream);
    failing(driver, "COMMIT", "SQLITE_BUSY", 3);
    expect((await put(store, head, "c1")).repeated).toBe(false);
    await store.close();
  });

  test("at COMMIT until the deadline is undone for certain", async () => {
    const { store, driver } = await opened();
    const head = await store.head(stream);
    failing(driver, "COMMIT", "SQLITE_BUSY", Number.POSITIVE_INFINITY);
    await expect(tryPut(store, head, "c1")).rejects.toMatchObject({
      code: "LOCK_TIMEOUT",
      outcome: "not_written",
    });
    driver.before = () => {};
    expect(await store.findCommand(stream, "c1")).toBeUndefined();
    await put(store, head, "c1");
    await store.close();
  });

  test("is not waited for by an append that is called off", async () => {
    const { store, file } = await opened();
    const head = await store.head(stream);
    const other = new (scriptedDriver().loadDriver())(file, { fileMustExist: true, timeout: 0 });
    other.exec("BEGIN IMMEDIATE");
    const calling = new AbortController();
    const commit = commitOn(head, "c1");
    const called = store.append({ commit, expected: 0, signal: calling.signal });
    calling.abort(new Error("called off"));
    await expect(called).rejects.toThrow("called off");
    other.exec("ROLLBACK");
    other.close();
    expect(await store.findCommand(stream, "c1")).toBeUndefined();
    await store.close();
  });
});

describe("a commit that is none, or too much for one,", () => {
  const odd = (commit: Commit): Commit => ({
    ...commit,
    events: commit.events.map((event) => ({ ...event, actor: "agent-2" })),
  });

  test("is refused before anything is written", async () => {
    const { store, driver } = await opened();
    const head = await store.head(stream);
    const written: string[] = [];
    driver.before = (sql) => {
      if (sql.startsWith("INSERT")) written.push(sql);
    };
    const none = odd(commitOn(head, "c1"));
    await expect(store.append({ commit: none, expected: 0 })).rejects.toThrow(TypeError);
    const tooMuch = [
      commitOn(head, "c".repeat(201)),
      commitOn(head, "c1", { data: { note: "n".repeat(65_536) } }),
      commitOn(head, "c1", { events: 65 }),
    ];
    for (const commit of tooMuch)
      await expect(store.append({ commit, expected: 0 })).rejects.toMatchObject({
        code: "LIMIT_EXCEEDED",
        outcome: "not_written",
      });
    expect(written).toEqual([]);
    expect(await store.head(stream)).toEqual(head);
    await store.close();
  });

  test("keeps nobody from writing beside it", async () => {
    const { store } = await opened();
    const head = await store.head(stream);
    const other = "mission-m2";
    const [none, second] = await Promise.allSettled([
      store.append({ commit: odd(commitOn(head, "c1")), expected: 0 }),
      tryPut(store, emptyHead, "c2", { stream: other }),
    ]);
    expect(none).toMatchObject({ status: "rejected", reason: expect.any(TypeError) });
    expect(second).toMatchObject({ status: "fulfilled", value: { _tag: "Appended" } });
    expect(await store.head(other)).toMatchObject({ revision: 0 });
    await store.close();
  });
});

import fs from "node:fs";
import path from "node:path";
import { emptyHead } from "@mission-ledger/core";
import { allEvents, put, noteStream as stream, tryPut } from "@mission-ledger/testkit";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { openSqliteStore } from "../index.ts";
import { applicationId, schemaVersion } from "../schema/schema.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { scriptedDriver } from "../testing/scripted-driver.ts";

const scratchFile = (): string => path.join(scratchDirectory(), "ledger.db");

describe("every connection", () => {
  test.each([
    ["journal_mode", "wal"],
    ["synchronous", 2],
    ["foreign_keys", 1],
    ["trusted_schema", 0],
    ["cell_size_check", 1],
    ["mmap_size", 0],
    ["journal_size_limit", 67_108_864],
    ["busy_timeout", 0],
    ["application_id", applicationId],
    ["user_version", schemaVersion],
  ])("has %s %s", async (name, value) => {
    const driver = scriptedDriver();
    const store = await openSqliteStore({ path: scratchFile(), loadDriver: driver.loadDriver });
    await put(store, emptyHead, "c0");
    expect(driver.opened.map((db) => db.pragma(name, { simple: true }))).toEqual([value, value]);
    await store.close();
  });

  test.each([
    "journal_mode",
    "synchronous",
    "foreign_keys",
    "trusted_schema",
    "cell_size_check",
    "mmap_size",
    "journal_size_limit",
  ])("is refused if %s does not read back as it was set", async (name) => {
    const driver = scriptedDriver();
    const file = scratchFile();
    const store = await openSqliteStore({ path: file, loadDriver: driver.loadDriver });
    driver.answers = (pragma, answer) =>
      pragma === name || pragma.startsWith(`${name} = WAL`) ? "something else" : answer;
    await expect(tryPut(store, emptyHead, "c0")).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      outcome: "not_written",
      details: { setting: name, answer: "something else" },
    });
    expect(driver.opened.every((db) => !db.open)).toBe(true);
    driver.answers = (_, answer) => answer;
    await put(store, emptyHead, "c0");
    await store.close();
  });
});

describe("a database", () => {
  test("of another application is refused and left as it was", async () => {
    const file = scratchFile();
    const other = new Database(file);
    other.exec("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
    other.close();
    const before = fs.readFileSync(file);
    const store = await openSqliteStore({ path: file });
    for (const refused of [tryPut(store, emptyHead, "c0"), allEvents(store.readAll()), store.head(stream)])
      await expect(refused).rejects.toMatchObject({ code: "UNSAFE_FILE", outcome: "not_written" });
    await store.close();
    expect(fs.readFileSync(file).equals(before)).toBe(true);
  });

  test.each([
    ["application_id = 1", "another application's id"],
    ["user_version = 1", "a version but no id"],
  ])("without tables but with %s (%s) is refused", async (pragma) => {
    const file = scratchFile();
    const other = new Database(file);
    other.pragma(pragma);
    other.close();
    const store = await openSqliteStore({ path: file });
    await expect(tryPut(store, emptyHead, "c0")).rejects.toMatchObject({ code: "UNSAFE_FILE" });
    await store.close();
  });

  test("of a newer format is neither read nor written", async () => {
    const file = scratchFile();
    const first = await openSqliteStore({ path: file });
    const { head } = await put(first, emptyHead, "c0");
    await first.close();
    const newer = new Database(file);
    newer.pragma(`user_version = ${schemaVersion + 1}`);
    newer.close();
    const store = await openSqliteStore({ path: file });
    for (const refused of [tryPut(store, head, "c1"), allEvents(store.readAll())])
      await expect(refused).rejects.toMatchObject({ code: "UNSUPPORTED_FORMAT", outcome: "not_written" });
    await store.close();
  });

  test("that is none is damaged", async () => {
    const file = scratchFile();
    fs.writeFileSync(file, "this is a text, and longer than the header of a database would be. ".repeat(99));
    const store = await openSqliteStore({ path: file });
    await expect(tryPut(store, emptyHead, "c0")).rejects.toMatchObject({
      code: "LOG_CORRUPT",
      outcome: "not_written",
    });
    await store.close();
  });

  test("is made by the first append and by no read, for its owner alone", async () => {
    const file = scratchFile();
    const store = await openSqliteStore({ path: file });
    expect(await allEvents(store.readAll())).toEqual([]);
    expect(await allEvents(store.read(stream))).toEqual([]);
    expect(await store.head(stream)).toEqual(emptyHead);
    expect(await store.findCommand(stream, "c0")).toBeUndefined();
    expect(await store.streams("mission")).toEqual([]);
    await store.confirm(stream, emptyHead);
    expect(fs.readdirSync(path.dirname(file))).toEqual([]);
    await put(store, emptyHead, "c0");
    expect(["", "-wal", "-shm"].map((part) => (fs.statSync(file + part).mode & 0o777).toString(8))).toEqual([
      "600",
      "600",
      "600",
    ]);
    await store.close();
  });

  test("whose tables are made while it is looked at is ours", async () => {
    const file = scratchFile();
    fs.writeFileSync(file, "");
    const driver = scriptedDriver();
    const store = await openSqliteStore({ path: file, loadDriver: driver.loadDriver, lockTimeoutMs: 5_000 });
    const other = await openSqliteStore({ path: file, lockTimeoutMs: 0 });
    let making: Promise<unknown> = Promise.resolve();
    driver.before = (sql) => {
      if (!sql.startsWith("SELECT count(*) FROM sqlite_schema")) return;
      driver.before = () => {};
      // Before the promise is answered: an append with a free lock is done within microtasks, or refused for good.
      making = tryPut(other, emptyHead, "c0").catch(() => {});
    };
    await put(store, emptyHead, "c1", { stream: "mission-other" });
    await making;
    await Promise.all([store.close(), other.close()]);
  });

  test("that a process began and died over is begun by the next", async () => {
    const file = scratchFile();
    let dies = true;
    const failpoint = (name: string): void => {
      if (dies && name === "init:commit") throw new Error("died here");
    };
    const store = await openSqliteStore({ path: file, failpoint });
    await expect(tryPut(store, emptyHead, "c0")).rejects.toMatchObject({
      code: "INTERNAL",
      outcome: "not_written",
    });
    expect(await allEvents(store.readAll())).toEqual([]);
    dies = false;
    await put(store, emptyHead, "c0");
    expect(await allEvents(store.readAll())).toHaveLength(1);
    await store.close();
  });

  test("whose directory is missing is a missing store", async () => {
    const file = path.join(scratchDirectory(), "not", "there", "ledger.db");
    const store = await openSqliteStore({ path: file });
    expect(await allEvents(store.readAll())).toEqual([]);
    await expect(tryPut(store, emptyHead, "c0")).rejects.toMatchObject({
      code: "STORE_MISSING",
      outcome: "not_written",
    });
    await store.close();
  });
});

describe("after a sudden end of all writers", () => {
  /** The three files as they are while a writer has them open: what a kill leaves behind. */
  const killed = async (): Promise<string> => {
    const from = scratchFile();
    const store = await openSqliteStore({ path: from });
    await put(store, emptyHead, "c0");
    const file = scratchFile();
    // In another process's stead: this one holds no lock that closing the copies could drop.
    for (const part of ["", "-wal"]) fs.copyFileSync(from + part, file + part);
    await store.close();
    return file;
  };

  test("the pages are looked through before the first write, and what was committed is there", async () => {
    const file = await killed();
    const driver = scriptedDriver();
    const statements: string[] = [];
    driver.before = (sql) => void statements.push(sql);
    const store = await openSqliteStore({ path: file, loadDriver: driver.loadDriver });
    const head = await store.head(stream);
    expect(head.revision).toBe(0);
    await put(store, head, "c1");
    expect(statements.filter((sql) => sql.startsWith("PRAGMA quick_check"))).toHaveLength(1);
    await put(store, await store.head(stream), "c2");
    expect(statements.filter((sql) => sql.startsWith("PRAGMA quick_check"))).toHaveLength(1);
    await store.close();
  });

  test("a page that does not pass keeps everybody from writing", async () => {
    const file = await killed();
    const driver = scriptedDriver();
    driver.answers = (pragma, answer) => (pragma.startsWith("quick_check") ? "page 3 is broken" : answer);
    const store = await openSqliteStore({ path: file, loadDriver: driver.loadDriver });
    for (const id of ["c1", "c2"])
      await expect(tryPut(store, await store.head(stream), id)).rejects.toMatchObject({
        code: "LOG_CORRUPT",
        outcome: "not_written",
      });
    expect(await allEvents(store.readAll())).toHaveLength(1);
    await store.close();
  });

  test("a store that others have open, or that was closed, is not looked through", async () => {
    const file = scratchFile();
    const driver = scriptedDriver();
    const statements: string[] = [];
    driver.before = (sql) => void statements.push(sql);
    const first = await openSqliteStore({ path: file });
    const { head } = await put(first, emptyHead, "c0");
    if (process.platform === "linux") {
      const beside = await openSqliteStore({ path: file, loadDriver: driver.loadDriver });
      await put(beside, head, "c1");
      await beside.close();
    }
    await first.close();
    const later = await openSqliteStore({ path: file, loadDriver: driver.loadDriver });
    await put(later, await later.head(stream), "c2");
    await later.close();
    expect(statements.filter((sql) => sql.startsWith("PRAGMA quick_check"))).toEqual([]);
  });
});

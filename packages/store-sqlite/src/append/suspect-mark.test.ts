import fs from "node:fs";
import path from "node:path";
import { type EventStore, emptyHead } from "@mission-ledger/core";
import { allEvents, put, noteStream as stream, tryPut } from "@mission-ledger/testkit";
import { afterEach, expect, test, vi } from "vitest";
import { inspectDatabase, openSqliteStore } from "../index.ts";
import { touchSql } from "../schema/schema.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { type ScriptedDriver, scriptedDriver, sqliteError } from "../testing/scripted-driver.ts";

interface Side {
  readonly store: EventStore;
  readonly driver: ScriptedDriver;
}

const side = async (file: string, failpoint: (name: string) => void = () => {}): Promise<Side> => {
  const driver = scriptedDriver();
  const { loadDriver } = driver;
  return { store: await openSqliteStore({ path: file, loadDriver, lockTimeoutMs: 50, failpoint }), driver };
};

/** Two stores that have one database open, as two processes would. */
const both = async (failpoint?: (name: string) => void): Promise<readonly [Side, Side, string]> => {
  const file = path.join(scratchDirectory(), "ledger.db");
  const one = await side(file, failpoint);
  await put(one.store, emptyHead, "c0");
  const other = await side(file);
  await other.store.confirm(stream, await other.store.head(stream));
  return [one, other, file];
};

const failing = (driver: ScriptedDriver, start: string, times = Number.POSITIVE_INFINITY): void => {
  let left = times;
  driver.before = (sql) => {
    if (!sql.startsWith(start) || left === 0) return;
    left -= 1;
    throw sqliteError("SQLITE_IOERR_FSYNC");
  };
};

const failFlush = async ({ store, driver }: Side, id = "c1"): Promise<void> => {
  const head = await store.head(stream);
  failing(driver, "COMMIT", 1);
  await expect(tryPut(store, head, id)).rejects.toMatchObject({ code: "DURABILITY_UNKNOWN" });
};

const listening = (driver: ScriptedDriver): string[] => {
  const statements: string[] = [];
  driver.before = (sql) => void statements.push(sql);
  return statements;
};

const isMarked = (file: string): boolean => fs.existsSync(`${file}-suspect`);
const takes = "PRAGMA wal_checkpoint(TRUNCATE)";
const refused = { code: "DURABILITY_UNKNOWN", outcome: "not_written" };

afterEach(() => {
  vi.useRealTimers();
});

test("a mark is seen by a store that has found its directory standing still", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
  const [one, other, file] = await both();
  for (const id of ["a1", "a2"]) await put(other.store, await other.store.head(stream), id);
  await failFlush(one);
  const statements = listening(other.driver);
  await put(other.store, await other.store.head(stream), "c2");
  expect(statements.indexOf(takes)).toBeGreaterThanOrEqual(0);
  expect(statements.indexOf(takes)).toBeLessThan(statements.findIndex((sql) => sql.startsWith("INSERT")));

  for (const id of ["a3", "a4"]) await put(other.store, await other.store.head(stream), id);
  const appended = await tryPut(other.store, await other.store.head(stream), "c3");
  if (appended._tag === "Conflict") throw new Error("nobody else has written");
  fs.writeFileSync(`${file}-suspect`, "");
  failing(other.driver, takes, 1);
  await expect(other.store.readBack(appended)).rejects.toMatchObject({ outcome: "unknown" });
  expect(await other.store.readBack(appended)).toHaveLength(1);
  expect(isMarked(file)).toBe(false);
  await Promise.all([one.store.close(), other.store.close()]);
});

test("a failed flush leaves a mark for its owner alone, before the write lock falls", async () => {
  const [one, other, file] = await both();
  let marked: boolean | undefined;
  const head = await one.store.head(stream);
  one.driver.before = (sql) => {
    if (sql === "ROLLBACK") marked ??= isMarked(file);
    if (sql === "COMMIT") throw sqliteError("SQLITE_IOERR_FSYNC");
  };
  await expect(tryPut(one.store, head, "c1")).rejects.toMatchObject({ outcome: "unknown" });
  expect(marked).toBe(true);
  expect(fs.statSync(`${file}-suspect`).mode & 0o777).toBe(0o600);
  expect((await inspectDatabase({ path: file })).suspect).toBe(true);
  await Promise.all([one.store.close(), other.store.close()]);
});

test("another process writes all pages anew before it writes, and takes the mark away", async () => {
  const [one, other, file] = await both();
  await failFlush(one);
  const statements = listening(other.driver);
  await put(other.store, await other.store.head(stream), "c2");
  expect(statements.indexOf(takes)).toBeGreaterThanOrEqual(0);
  expect(statements.indexOf(takes)).toBeLessThan(statements.findIndex((sql) => sql.startsWith("INSERT")));
  expect(isMarked(file)).toBe(false);
  expect((await inspectDatabase({ path: file })).suspect).toBe(false);
  const before = statements.filter((sql) => sql === takes).length;
  await put(other.store, await other.store.head(stream), "c3");
  expect(statements.filter((sql) => sql === takes)).toHaveLength(before);
  await put(one.store, await one.store.head(stream), "c4");
  await Promise.all([one.store.close(), other.store.close()]);
});

test("another process neither writes, repeats nor confirms while the disk does not take the pages", async () => {
  const [one, other, file] = await both();
  await failFlush(one);
  const head = await other.store.head(stream);
  failing(other.driver, takes);
  await expect(tryPut(other.store, head, "c2")).rejects.toMatchObject(refused);
  await expect(tryPut(other.store, emptyHead, "c0")).rejects.toMatchObject(refused);
  await expect(other.store.confirm(stream, head)).rejects.toMatchObject(refused);
  expect((await allEvents(other.store.read(stream))).map(({ commandId }) => commandId)).toEqual(["c0"]);
  expect(isMarked(file)).toBe(true);
  other.driver.before = () => {};
  await put(other.store, head, "c2");
  await Promise.all([one.store.close(), other.store.close()]);
});

test("a mark that is set while the lock is waited for is seen before anything is written", async () => {
  const [one, other, file] = await both();
  const head = await other.store.head(stream);
  const holder = new (scriptedDriver().loadDriver())(file, { fileMustExist: true, timeout: 0 });
  holder.exec("BEGIN IMMEDIATE");
  const statements: string[] = [];
  other.driver.before = (sql) => {
    statements.push(sql);
    if (statements.filter((each) => each === "BEGIN IMMEDIATE").length !== 2 || isMarked(file)) return;
    fs.writeFileSync(`${file}-suspect`, "");
    holder.exec("ROLLBACK");
    holder.close();
  };
  await put(other.store, head, "c1");
  expect(statements.indexOf(takes)).toBeGreaterThanOrEqual(0);
  expect(statements.indexOf(takes)).toBeLessThan(statements.findIndex((sql) => sql.startsWith("INSERT")));
  expect(isMarked(file)).toBe(false);
  await Promise.all([one.store.close(), other.store.close()]);
});

test("an append whose readback finds the mark is acknowledged only once the pages are written anew", async () => {
  const [one, other, file] = await both();
  const appended = await tryPut(other.store, await other.store.head(stream), "c1");
  if (appended._tag === "Conflict") throw new Error("nobody else has written");
  fs.writeFileSync(`${file}-suspect`, "");
  failing(other.driver, takes, 1);
  await expect(other.store.readBack(appended)).rejects.toMatchObject({
    code: "DURABILITY_UNKNOWN",
    outcome: "unknown",
  });
  expect(await other.store.readBack(appended)).toHaveLength(1);
  expect(isMarked(file)).toBe(false);
  await Promise.all([one.store.close(), other.store.close()]);
});

test("a mark that is left over after a kill is recovered by the next writer", async () => {
  const [one, other, file] = await both();
  await Promise.all([one.store.close(), other.store.close()]);
  fs.writeFileSync(`${file}-suspect`, "");
  const next = await side(file);
  const statements = listening(next.driver);
  await put(next.store, await next.store.head(stream), "c1");
  expect(statements).toContain(takes);
  expect(isMarked(file)).toBe(false);
  await next.store.close();
});

test("a mark that cannot be set leaves the failure known to the process that met it", async () => {
  const [one, other, file] = await both((name) => {
    if (name === "suspect:mark") throw new Error("no room for it");
  });
  await failFlush(one);
  expect(isMarked(file)).toBe(false);
  const head = await other.store.head(stream);
  failing(one.driver, takes, 1);
  await expect(tryPut(one.store, head, "c2")).rejects.toMatchObject(refused);
  await put(one.store, head, "c2");
  await Promise.all([one.store.close(), other.store.close()]);
});

test("a mark that cannot be removed keeps everybody from writing", async () => {
  const [one, other, file] = await both();
  fs.mkdirSync(`${file}-suspect`);
  await expect(tryPut(other.store, await other.store.head(stream), "c1")).rejects.toMatchObject(refused);
  fs.rmdirSync(`${file}-suspect`);
  await put(other.store, await other.store.head(stream), "c1");
  await Promise.all([one.store.close(), other.store.close()]);
});

test("a mark outlives a recovery that somebody has written behind", async () => {
  const [one, other, file] = await both();
  await failFlush(one);
  const head = await other.store.head(stream);
  let isBehind: boolean | undefined;
  other.driver.before = (sql) => {
    if (sql === takes) isBehind ??= true;
    if (sql !== "BEGIN IMMEDIATE" || isBehind !== true) return;
    isBehind = false;
    // Between the checkpoint and the lock, by a program that does not know the mark.
    const stranger = new (scriptedDriver().loadDriver())(file, { fileMustExist: true, timeout: 0 });
    stranger.exec(touchSql);
    stranger.close();
  };
  await expect(tryPut(other.store, head, "c2")).rejects.toMatchObject(refused);
  expect(isMarked(file)).toBe(true);
  await put(other.store, head, "c2");
  expect(isMarked(file)).toBe(false);
  await Promise.all([one.store.close(), other.store.close()]);
});

test("a process that ends leaves a suspect write-ahead log as it is", async () => {
  const [one, other, file] = await both();
  await failFlush(one);
  await one.store.close();
  const before = fs.statSync(`${file}-wal`).size;
  await other.store.close();
  expect(fs.statSync(`${file}-wal`).size).toBe(before);
  expect(before).toBeGreaterThan(0);
});

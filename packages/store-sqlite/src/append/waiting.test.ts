import fs from "node:fs";
import path from "node:path";
import { emptyHead } from "@mission-ledger/core";
import { put } from "@mission-ledger/testkit";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { inspectDatabase, openSqliteStore } from "../index.ts";
import { scratchDirectory } from "../testing/scratch.ts";

/** A store with one commit, on a database that somebody else has locked, and which acts at its third try for the lock. */
const lockedOut = async (atThirdTry: (file: string, release: () => void) => void) => {
  const file = path.join(scratchDirectory(), "ledger.db");
  const points: string[] = [];
  let isLocked = false;
  const tries = (): number => points.filter((name) => name === "append:begin").length;
  const store = await openSqliteStore({
    path: file,
    failpoint: (name) => {
      if (!isLocked) return;
      points.push(name);
      if (name === "append:begin" && tries() === 3) atThirdTry(file, release);
    },
  });
  const { head } = await put(store, emptyHead, "c0");
  const other = new Database(file, { timeout: 0 });
  const release = (): void => {
    other.exec("ROLLBACK");
    other.close();
  };
  other.exec("BEGIN IMMEDIATE");
  isLocked = true;
  return { file, store, head, points, tries };
};

test("a store that has written before looks at its database only when it holds the lock", async () => {
  const { store, head, points, tries } = await lockedOut((_, release) => release());
  const { head: next } = await put(store, head, "c1");
  expect(tries()).toBe(3);
  // At the two tries behind a wait.
  expect(points.filter((name) => name === "append:open")).toHaveLength(2);
  await put(store, next, "c2");
  expect(points.filter((name) => name === "append:open")).toHaveLength(2);
  await store.close();
});

test("a database that is moved away while a store waits for the lock is not written to", async () => {
  const { file, store, head, tries } = await lockedOut((moved, release) => {
    release();
    fs.renameSync(moved, `${moved}.away`);
    for (const end of ["-wal", "-shm"]) fs.renameSync(`${moved}${end}`, `${moved}.away${end}`);
  });
  // The stream ends elsewhere in the database that is made in its place.
  await expect(put(store, head, "c1")).rejects.toThrow("conflict at -1");
  expect(tries()).toBe(4);
  await put(store, emptyHead, "c1");
  await store.close();
  expect(await inspectDatabase({ path: `${file}.away` })).toMatchObject({ events: 1, findings: [] });
  expect(await inspectDatabase({ path: file })).toMatchObject({ events: 1, findings: [] });
});

import fs from "node:fs";
import path from "node:path";
import { commitOn, put, putMany, noteStream as stream, tryPut } from "@mission-ledger/testkit";
import { expect, test } from "vitest";
import { openSqliteStore } from "../index.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { scriptedDriver, sqliteError } from "../testing/scripted-driver.ts";

/** A database as its writers left it when they died: with a write-ahead log, and nobody who has it open. */
const orphaned = async (): Promise<string> => {
  const directory = scratchDirectory();
  const alive = path.join(directory, "alive.db");
  const store = await openSqliteStore({ path: alive });
  await putMany(store, 2);
  const file = path.join(directory, "ledger.db");
  // Copying drops the locks on the one that is alive, which nobody else has open.
  for (const end of ["", "-wal"]) fs.copyFileSync(`${alive}${end}`, `${file}${end}`);
  await store.close();
  return file;
};

const takes = "PRAGMA wal_checkpoint(TRUNCATE)";

test("what dead writers left is written anew before a repeat of it is acknowledged", async () => {
  const file = await orphaned();
  const driver = scriptedDriver();
  const store = await openSqliteStore({ path: file, loadDriver: driver.loadDriver });
  const statements: string[] = [];
  driver.before = (sql) => void statements.push(sql);
  const commit = commitOn({ revision: -1, digest: null }, "c0");
  expect(await store.append({ commit, expected: "no_stream" })).toMatchObject({ repeated: true });
  expect(statements).toContain(takes);
  expect(statements.indexOf(takes)).toBeLessThan(statements.indexOf("BEGIN IMMEDIATE"));
  await store.close();
});

test("nothing is written behind what dead writers left as long as the disk does not take it", async () => {
  const file = await orphaned();
  const driver = scriptedDriver();
  const store = await openSqliteStore({ path: file, loadDriver: driver.loadDriver });
  const head = await store.head(stream);
  driver.before = (sql) => {
    if (sql === takes) throw sqliteError("SQLITE_IOERR_FSYNC");
  };
  await expect(tryPut(store, head, "n1")).rejects.toMatchObject({
    code: "DURABILITY_UNKNOWN",
    outcome: "not_written",
  });
  driver.before = () => {};
  await put(store, head, "n1");
  await store.close();
});

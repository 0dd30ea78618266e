import path from "node:path";
import { emptyHead } from "@mission-ledger/core";
import { put } from "@mission-ledger/testkit";
import Database from "better-sqlite3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSqliteStore } from "../index.ts";
import { scratchDirectory } from "../testing/scratch.ts";

let db: Database.Database;

beforeAll(async () => {
  const file = path.join(scratchDirectory(), "ledger.db");
  const store = await openSqliteStore({ path: file });
  const { head } = await put(store, emptyHead, "c0", { events: 2 });
  await put(store, head, "c1");
  await store.close();
  db = new Database(file);
  db.pragma("foreign_keys = ON");
});

afterAll(() => void db.close());

const insertEvent = (values: string): string =>
  `INSERT INTO events SELECT ${values} FROM events WHERE position = 3`;

test.each([
  ["an event cannot be changed", "UPDATE events SET data = '{}'", "append-only"],
  ["an event cannot be deleted", "DELETE FROM events WHERE position = 3", "append-only"],
  ["a command cannot be changed", "UPDATE commands SET actor = 'x'", "append-only"],
  ["a command cannot be deleted", "DELETE FROM commands", "append-only"],
  [
    "an event cannot be replaced",
    "INSERT OR REPLACE INTO events SELECT * FROM events WHERE position = 3",
    "position was left out",
  ],
  [
    "a revision cannot be claimed twice",
    insertEvent("4, command, stream, revision, 'new', type, version, data, digest, crc"),
    "UNIQUE constraint failed: events.stream, events.revision",
  ],
  [
    "an event id cannot come twice",
    insertEvent("4, command, stream, 9, id, type, version, data, digest, crc"),
    "UNIQUE constraint failed: events.id",
  ],
  [
    "a command id cannot come twice in a stream",
    "INSERT INTO commands SELECT 9, stream, 9, command_id, command_digest, previous, recorded_at, actor, NULL, NULL, 1, origin, 9, 0 FROM commands WHERE position = 3",
    "UNIQUE constraint failed: commands.stream, commands.command_id",
  ],
  [
    "a position cannot be left out",
    insertEvent("5, command, stream, 9, 'new', type, version, data, digest, crc"),
    "position was left out",
  ],
  [
    "an event needs its command",
    insertEvent("4, 99, stream, 9, 'new', type, version, data, digest, crc"),
    "FOREIGN KEY constraint failed",
  ],
  [
    "a text cannot stand where a number belongs",
    insertEvent("4, command, stream, 'nine', 'new', type, version, data, digest, crc"),
    "cannot store TEXT value in INTEGER column",
  ],
])("%s", (_, sql, message) => {
  expect(() => db.exec(sql)).toThrow(message);
});

test("positions count from 1 and a command has that of its first event", () => {
  expect(db.prepare("SELECT position, command, stream, revision FROM events").raw().all()).toEqual([
    [1, 1, "mission-m1", 0],
    [2, 1, "mission-m1", 1],
    [3, 3, "mission-m1", 2],
  ]);
});

import path from "node:path";
import { emptyHead } from "@mission-ledger/core";
import { allEvents, put, putMany, noteStream as stream, tryPut } from "@mission-ledger/testkit";
import { expect, test } from "vitest";
import { openSqliteStore } from "../index.ts";
import { crcOfColumns } from "../schema/checksum.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { behindTriggers } from "../testing/tamper.ts";

const damages: readonly (readonly [string, string])[] = [
  ["an event's data", `UPDATE events SET data = '{"note":"x"}' WHERE position = 3`],
  ["an event's data, no longer JSON", "UPDATE events SET data = '{' WHERE position = 3"],
  ["an event's type", "UPDATE events SET type = 'Other' WHERE position = 3"],
  ["an event's version", "UPDATE events SET version = 2 WHERE position = 3"],
  ["an event's digest", "UPDATE events SET digest = 'd' WHERE position = 3"],
  ["an event's id", "UPDATE events SET id = 'i' WHERE position = 3"],
  ["an event's checksum", "UPDATE events SET crc = crc + 1 WHERE position = 3"],
  ["an event's command", "UPDATE events SET command = 1 WHERE position = 3"],
  ["a command's actor", "UPDATE commands SET actor = 'other' WHERE position = 3"],
  ["a command's id", "UPDATE commands SET command_id = 'other' WHERE position = 3"],
  ["a command's digest", "UPDATE commands SET command_digest = 'other' WHERE position = 3"],
  ["a command's time", "UPDATE commands SET recorded_at = 'then' WHERE position = 3"],
  ["a command's link", "UPDATE commands SET previous = NULL WHERE position = 3"],
  ["a command's origin", "UPDATE commands SET origin_seq = 99 WHERE position = 3"],
  ["an event that is gone", "DELETE FROM events WHERE position = 3"],
];

test.each(damages)("%s is not read over", async (_, sql) => {
  const file = path.join(scratchDirectory(), "ledger.db");
  const store = await openSqliteStore({ path: file });
  await putMany(store, 5);
  behindTriggers(file, (db) => db.exec(sql));
  const corrupt = { code: "LOG_CORRUPT", outcome: "not_written" };
  await expect(allEvents(store.read(stream))).rejects.toMatchObject(corrupt);
  await expect(allEvents(store.readAll())).rejects.toMatchObject(corrupt);
  await store.close();
});

test.each([
  ["the end of the stream", "UPDATE events SET type = 'Other' WHERE position = 5", "c5"],
  ["the command that is repeated", "UPDATE commands SET actor = 'other' WHERE position = 3", "c2"],
])("damage at %s keeps everybody from writing", async (_, sql, commandId) => {
  const file = path.join(scratchDirectory(), "ledger.db");
  const store = await openSqliteStore({ path: file });
  const head = await putMany(store, 5);
  behindTriggers(file, (db) => db.exec(sql));
  await expect(tryPut(store, head, commandId)).rejects.toMatchObject({
    code: "LOG_CORRUPT",
    outcome: "not_written",
    details: { table: expect.any(String), position: expect.any(Number) },
  });
  await expect(put(store, emptyHead, "x", { stream: "mission-x" })).rejects.toMatchObject({
    code: "LOG_CORRUPT",
  });
  await store.close();
});

test.each([
  ["nests too deep", `{"a":${"[".repeat(32)}${"]".repeat(32)}}`],
  ["nests deeper than a stack holds", `{"a":${"[".repeat(30_000)}${"]".repeat(30_000)}}`],
  ["has a key that names a prototype", '{"a":{"__proto__":{"b":1}}}'],
  ["has such a key in disguise", '{"\\u005f_proto__":1}'],
  ["holds half a character", '{"a":"\\ud800"}'],
  ["is no object", "[1]"],
])("data that %s is not read, whatever its checksum says", async (_, data) => {
  const file = path.join(scratchDirectory(), "ledger.db");
  const store = await openSqliteStore({ path: file });
  await putMany(store, 3);
  behindTriggers(file, (db) => {
    const row = db.prepare("SELECT * FROM events WHERE position = 2").raw().get() as (string | number)[];
    row[7] = data;
    db.prepare("UPDATE events SET data = ?, crc = ? WHERE position = 2").run(data, crcOfColumns(row, 9));
  });
  await expect(allEvents(store.read(stream))).rejects.toMatchObject({ code: "LOG_CORRUPT" });
  expect(({} as Record<string, unknown>).b).toBeUndefined();
  await store.close();
});

test("a missing event at the end is no gap to a reader, and is one to whoever remembers it", async () => {
  const file = path.join(scratchDirectory(), "ledger.db");
  const store = await openSqliteStore({ path: file });
  const head = await putMany(store, 5);
  behindTriggers(file, (db) => db.exec("DELETE FROM events WHERE position = 5"));
  expect(await allEvents(store.read(stream))).toHaveLength(4);
  await expect(allEvents(store.read(stream, { after: head }))).rejects.toMatchObject({
    code: "LOG_REPLACED",
  });
  await expect(store.confirm(stream, head)).rejects.toMatchObject({ code: "LOG_REPLACED" });
  await store.close();
});

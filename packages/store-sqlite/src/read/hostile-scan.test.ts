import path from "node:path";
import { type EventEnvelope, emptyHead } from "@mission-ledger/core";
import { allEvents, putMany, noteStream as stream } from "@mission-ledger/testkit";
import type Database from "better-sqlite3";
import { expect, test } from "vitest";
import type { SqlValue } from "../driver/driver.ts";
import { openSqliteStore } from "../index.ts";
import { crcOfColumns } from "../schema/checksum.ts";
import { eventColumns } from "../schema/rows.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { behindTriggers } from "../testing/tamper.ts";

/** As somebody hands a database over whose checksums are right. */
const plant = (file: string, data: string): void =>
  behindTriggers(file, (db: Database.Database) => {
    const row = db.prepare(`SELECT ${eventColumns} FROM events WHERE position = 2`).raw().get() as SqlValue[];
    row[7] = data;
    db.prepare("UPDATE events SET data = ?, crc = ? WHERE position = 2").run(data, crcOfColumns(row, 9));
  });

const hostile: readonly (readonly [string, string])[] = [
  ["a key that reaches prototypes", '{"__proto__":{"admin":true}}'],
  ["nesting beyond the bound", `{"a":${"[".repeat(200)}${"]".repeat(200)}}`],
  ["half a character", '{"note":"\\ud800"}'],
];

test.each(hostile)("a scan refuses data with %s, as a read does", async (_, data) => {
  const file = path.join(scratchDirectory(), "ledger.db");
  const store = await openSqliteStore({ path: file });
  await putMany(store, 3);
  plant(file, data);
  await expect(allEvents(store.read(stream))).rejects.toMatchObject({ code: "LOG_CORRUPT" });
  const taken: EventEnvelope[] = [];
  const scanned = store.scan?.(
    stream,
    { after: emptyHead, wanted: new Map([["Noted", {}]]) },
    { take: (event) => void taken.push(event), pass: () => {} },
  );
  await expect(scanned).rejects.toMatchObject({ code: "LOG_CORRUPT" });
  // A read hands over nothing of such a page either.
  expect(taken).toHaveLength(0);
  await store.close();
});

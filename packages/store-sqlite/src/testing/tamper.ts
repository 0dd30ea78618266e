/** A hand that changes a database behind the store's back. */
import type { JsonObject } from "@mission-ledger/core";
import Database from "better-sqlite3";
import type { SqlValue } from "../driver/driver.ts";
import { crcOfColumns } from "../schema/checksum.ts";
import { eventColumns } from "../schema/rows.ts";

/** Changes an event's data, and its checksum with it unless told otherwise; the triggers are there again afterwards. */
export const changeEvent = (
  file: string,
  stream: string,
  revision: number,
  change: (data: JsonObject) => JsonObject,
  { keepChecksum = false }: { readonly keepChecksum?: boolean } = {},
): void => {
  behindTriggers(file, (db) => {
    const row = db
      .prepare(`SELECT ${eventColumns} FROM events WHERE stream = ? AND revision = ?`)
      .raw()
      .get(stream, revision) as SqlValue[];
    row[7] = JSON.stringify(change(JSON.parse(String(row[7]))));
    if (!keepChecksum) row[9] = crcOfColumns(row, 9);
    db.prepare("UPDATE events SET data = ?, crc = ? WHERE position = ?").run(row[7], row[9], row[0]);
  });
};

/** Runs a task in a transaction without the triggers that keep the tables append-only; all but `gone` are made again. */
export const behindTriggers = (
  file: string,
  task: (db: Database.Database) => void,
  gone: readonly string[] = [],
): void => {
  const db = new Database(file, { timeout: 5_000 });
  try {
    db.pragma("foreign_keys = OFF");
    db.exec("BEGIN IMMEDIATE");
    const triggers = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all() as {
      name: string;
      sql: string;
    }[];
    for (const { name } of triggers) db.exec(`DROP TRIGGER "${name}"`);
    task(db);
    for (const { name, sql } of triggers) if (!gone.includes(name)) db.exec(sql);
    db.exec("COMMIT");
  } finally {
    db.close();
  }
};

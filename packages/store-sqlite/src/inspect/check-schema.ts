/** Whether the tables, indexes and triggers are those that were made. What is called `cache_…` may be anything. */
import type { SqlDatabase, SqlDriver, SqlRow } from "../driver/driver.ts";
import { schemaSql } from "../schema/schema.ts";
import type { FindingList } from "./report.ts";

const objectsSql = "SELECT type || ' ' || name, sql, tbl_name FROM sqlite_schema";

export const checkSchema = (db: SqlDatabase, driver: SqlDriver, findings: FindingList): void => {
  const expected = expectedObjects(driver);
  for (const [name, sql, table] of db.prepare(objectsSql).raw().all() as SqlRow[]) {
    if (String(table).startsWith("cache_") || String(table).startsWith("sqlite_")) continue;
    const object = String(name);
    if (!expected.has(object)) findings.add({ kind: "schema", why: `${object} is none of the ledger's` });
    else if (expected.get(object) !== sql)
      findings.add({ kind: "schema", why: `${object} is not as it was made` });
    expected.delete(object);
  }
  for (const object of expected.keys()) findings.add({ kind: "schema", why: `${object} is missing` });
};

const expectedObjects = (driver: SqlDriver): Map<string, unknown> => {
  const db = new driver(":memory:", { fileMustExist: false, timeout: 0 });
  try {
    db.exec(schemaSql);
    const rows = db.prepare(objectsSql).raw().all() as SqlRow[];
    return new Map(rows.map(([name, sql]) => [String(name), sql]));
  } finally {
    db.close();
  }
};

/**
 * A ledger's database seen without the store that wrote it: with the driver alone, and SQL that a person could have typed.
 */
import { createRequire } from "node:module";

/** The driver of the store's own package. */
export const Driver = createRequire(new URL("../../packages/store-sqlite/package.json", import.meta.url))(
  "better-sqlite3",
);

const gaps = {
  "positions have a gap":
    "SELECT position AS at FROM (SELECT position, row_number() OVER (ORDER BY position) AS n FROM events) WHERE position - n <> (SELECT min(position) - 1 FROM events) LIMIT 1",
  "revisions have a gap":
    "SELECT stream || '@' || revision AS at FROM (SELECT stream, revision, row_number() OVER (PARTITION BY stream ORDER BY revision) - 1 AS n FROM events) WHERE revision <> n LIMIT 1",
  "positions and revisions disagree":
    "SELECT stream || '@' || revision AS at FROM (SELECT stream, revision, row_number() OVER (PARTITION BY stream ORDER BY position) - 1 AS n FROM events) WHERE revision <> n LIMIT 1",
  "an event stands twice": "SELECT id AS at FROM events GROUP BY id HAVING count(*) > 1 LIMIT 1",
};

/** What `PRAGMA integrity_check` says; nothing if it is ok. */
export const integrityOf = (database) =>
  database
    .pragma("integrity_check")
    .map((row) => row.integrity_check)
    .filter((text) => text !== "ok");

/** Everything that is wrong with a database as a file and as a log; sentences. */
export const problemsOf = (path) => {
  const database = new Driver(path, { fileMustExist: true, timeout: 10_000 });
  try {
    const problems = integrityOf(database).map((text) => `integrity_check: ${text}`);
    for (const [what, sql] of Object.entries(gaps)) {
      const row = database.prepare(sql).get();
      if (row !== undefined) problems.push(`${what}: ${row.at}`);
    }
    return problems;
  } finally {
    database.close();
  }
};

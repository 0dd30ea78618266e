/** Makes the tables of a new database, all of them or none. */
import type { Failpoint, Randomness } from "@mission-ledger/core";
import type { SqlDatabase } from "../driver/driver.ts";
import { applicationId, schemaSql, schemaVersion } from "../schema/schema.ts";

export interface InitialiseOptions {
  readonly randomness: Randomness;
  readonly failpoint: Failpoint;
}

/** Leaves what another process has made meanwhile. Throws what SQLite throws; then nothing was made. */
export const initialise = (db: SqlDatabase, { randomness, failpoint }: InitialiseOptions): void => {
  db.exec("BEGIN IMMEDIATE");
  try {
    if (db.pragma("application_id", { simple: true }) === 0) {
      failpoint("init:tables");
      db.exec(schemaSql);
      // The id of this copy of the ledger: commits name the copy that wrote them first.
      db.prepare("INSERT INTO meta (key, value) VALUES ('id', ?)").run(randomness.uuid());
      db.pragma(`application_id = ${applicationId}`);
      db.pragma(`user_version = ${schemaVersion}`);
    }
    failpoint("init:commit");
    db.exec("COMMIT");
  } finally {
    if (db.inTransaction) db.exec("ROLLBACK");
  }
};

/** A hand that changes a SQLite file with SQL, behind the ledger's back. */
import { fileURLToPath } from "node:url";
import { driverFrom, type SqlDatabase } from "@mission-ledger/store-sqlite";

export const changeDatabase = (file: string, change: (db: SqlDatabase) => void): void => {
  const Driver = driverFrom(fileURLToPath(import.meta.resolve("@mission-ledger/store-sqlite")))();
  const db = new Driver(file, { fileMustExist: true, timeout: 0 });
  try {
    change(db);
  } finally {
    db.close();
  }
};

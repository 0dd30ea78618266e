/** The SQLite store: one database file, many processes on one machine, flushed and read back. */

export { type CreateDatabaseOptions, createDatabase } from "./create-database.ts";
export type {
  LoadDriver,
  SqlDatabase,
  SqlDriver,
  SqlOpenOptions,
  SqlRow,
  SqlStatement,
  SqlValue,
} from "./driver/driver.ts";
export { driverFrom } from "./driver/load-driver.ts";
export { type InspectDatabaseOptions, inspectDatabase } from "./inspect/inspect-database.ts";
export type {
  DatabaseFinding,
  DatabaseFindingKind,
  DatabaseReport,
  StreamSummary,
} from "./inspect/report.ts";
export { openSqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";
export { type SqliteTransferOptions, sqliteTransfer } from "./transfer/sqlite-transfer.ts";
export {
  type SqliteSnapshots,
  type SqliteSnapshotsOptions,
  sqliteSnapshots,
} from "./views/sqlite-snapshots.ts";
export { type SqliteViews, type SqliteViewsOptions, sqliteViews } from "./views/sqlite-views.ts";

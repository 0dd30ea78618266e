/** A database as a side of a copy: commands under their numbers and origins, and every line of a log that does not count. */
import { noFailpoint, systemRandomness, type TransferTarget } from "@mission-ledger/core";
import { openDatabase } from "../connection/database.ts";
import { lockRetry } from "../connection/lock-retry.ts";
import { lazyDriver, ownDriver } from "../driver/load-driver.ts";
import { databasePlace } from "../location/database-place.ts";
import type { SqliteStoreOptions } from "../sqlite-store.ts";
import { sqliteSource } from "./sqlite-source.ts";
import { sqliteTarget } from "./sqlite-target.ts";

/** The database is made by the first batch that is taken; its directory has to be there then. */
export type SqliteTransferOptions = Omit<SqliteStoreOptions, "maxCommitBytes">;

/** Reads and writes nothing yet; throws `STORE_UNAVAILABLE` on a network file system. */
export const sqliteTransfer = ({
  path: given,
  lockTimeoutMs = 10_000,
  allowUnsafeFileSystem = false,
  fileSystemType,
  clock = { now: () => performance.now() },
  randomness = systemRandomness,
  failpoint = noFailpoint,
  loadDriver = ownDriver,
}: SqliteTransferOptions): TransferTarget => {
  const path = databasePlace({
    path: given,
    allowUnsafeFileSystem,
    ...(fileSystemType === undefined ? {} : { fileSystemType }),
  });
  const elapsed = (): number => clock.now();
  const retry = lockRetry({ path, timeoutMs: lockTimeoutMs, randomness, elapsed });
  const database = openDatabase({ path, loadDriver: lazyDriver(loadDriver), randomness, failpoint });
  const context = { path, database, retry, failpoint, elapsed };
  return {
    ...sqliteSource(context),
    ...sqliteTarget(context),
    close: async () => database.drop(),
  };
};

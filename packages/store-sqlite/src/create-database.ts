/** Makes a ledger's database before anything is written to it. */
import { noFailpoint, systemRandomness } from "@mission-ledger/core";
import { openDatabase } from "./connection/database.ts";
import { lockRetry } from "./connection/lock-retry.ts";
import { lazyDriver, ownDriver } from "./driver/load-driver.ts";
import { faultOf } from "./faults.ts";
import { databasePlace } from "./location/database-place.ts";
import type { SqliteStoreOptions } from "./sqlite-store.ts";

export type CreateDatabaseOptions = Pick<
  SqliteStoreOptions,
  "path" | "lockTimeoutMs" | "allowUnsafeFileSystem" | "randomness" | "failpoint" | "loadDriver"
>;

/**
 * The database with its tables, in a directory that is there. One that is a ledger's already stays as it is. Throws
 * `UNSAFE_FILE` for what is somebody else's.
 */
export const createDatabase = async ({
  path: given,
  lockTimeoutMs = 10_000,
  allowUnsafeFileSystem = false,
  randomness = systemRandomness,
  failpoint = noFailpoint,
  loadDriver = ownDriver,
}: CreateDatabaseOptions): Promise<void> => {
  const path = databasePlace({ path: given, allowUnsafeFileSystem });
  const database = openDatabase({ path, loadDriver: lazyDriver(loadDriver), randomness, failpoint });
  const retry = lockRetry({ path, timeoutMs: lockTimeoutMs, randomness, elapsed: () => performance.now() });
  try {
    await retry.patiently(() => database.writer());
  } catch (error) {
    throw faultOf(error, "open", { path });
  } finally {
    database.drop();
  }
};

/**
 * The cache beside a ledger's database, `<path>-cache`: a database of its own, so that what may be lost never keeps a writer
 * of the log waiting, nor grows its write-ahead log (docs/adr/0017). It is not flushed with each commit; a damaged one is put
 * away and made anew, and every row carries a checksum.
 */
import fs from "node:fs";
import { type Randomness, StoreFault, systemRandomness } from "@mission-ledger/core";
import type { LoadDriver, SqlDatabase, SqlStatement } from "../driver/driver.ts";
import { lazyDriver, ownDriver } from "../driver/load-driver.ts";
import { codeOf, faultOf, isBusy } from "../faults.ts";
import { createDatabaseFile, databaseFile, isSameFile, statusOf } from "../location/database-place.ts";
import { cacheApplicationId, cacheSchemaSql, cacheVersion } from "./cache-schema.ts";

export interface CacheOptions {
  /** The ledger's database, as given to `openSqliteStore`. */
  readonly path: string;
  /** @defaultValue better-sqlite3 as it lies beside this package */
  readonly loadDriver?: LoadDriver;
  readonly randomness?: Randomness;
}

/**
 * `NORMAL` keeps the file sound through a power cut; the last commits may be lost with it. `OFF` may cost all of the cache then,
 * and is half as long about a hundred megabytes.
 */
export type CacheFlushing = "NORMAL" | "OFF";

export interface CacheConnection {
  /** A statement, compiled once. */
  prepare(sql: string): SqlStatement;
  /** As {@link prepare}, giving rows as lists of values. */
  rows(sql: string): SqlStatement;
}

export interface CacheDatabase {
  /** What `work` finds in the cache; `undefined` if there is none. Throws {@link StoreFault}. */
  read<A>(work: (cache: CacheConnection) => A): A | undefined;
  /** One write transaction; makes the cache if there is none. Waits so long for other writers, then throws `LOCK_TIMEOUT`. */
  write<A>(waitMs: number, work: (cache: CacheConnection) => A): Promise<A>;
  /** Lets go of the database; the next use opens it again. */
  close(): void;
}

interface OpenCache extends CacheConnection {
  readonly db: SqlDatabase;
  readonly file: fs.Stats;
}

export const cacheDatabase = (
  { path: ledger, loadDriver = ownDriver, randomness = systemRandomness }: CacheOptions,
  flushing: CacheFlushing = "NORMAL",
): CacheDatabase => {
  const path = `${ledger}-cache`;
  const driver = lazyDriver(loadDriver);
  let open: OpenCache | undefined;

  const close = (): void => {
    const closing = open;
    open = undefined;
    try {
      closing?.db.close();
    } catch {
      // It is a cache, and as closed as it gets.
    }
  };
  /** The cache under the name now: somebody may have removed the one that is open, or put it away. */
  const present = (make: boolean): OpenCache | undefined => {
    if (open !== undefined && !isSameFile(open.file, statusOf(path))) close();
    if (open !== undefined) return open;
    if (databaseFile(path) === undefined) {
      if (!make) return undefined;
      createDatabaseFile(path);
    }
    const file = databaseFile(path);
    if (file === undefined) throw new Error(`${path} is gone again`);
    const db = new (driver())(path, { fileMustExist: true, timeout: 0 });
    try {
      makeReady(db, path, flushing);
    } catch (error) {
      db.close();
      throw error;
    }
    open = { ...statementsOf(db), db, file };
    return open;
  };
  /** A damaged cache costs what is in it and nothing else. Other processes that hold it go on with a file that has no name. */
  const mending = <A>(work: () => A): A => {
    try {
      return work();
    } catch (error) {
      if (!isDamage(error)) throw error;
      close();
      // The log of a database without its database says nothing; the other way round it would be taken for the next one's.
      for (const name of [`${path}-wal`, `${path}-shm`, path]) fs.rmSync(name, { force: true });
      return work();
    }
  };

  return {
    read: (work) => {
      try {
        return mending(() => {
          const cache = present(false);
          return cache === undefined ? undefined : work(cache);
        });
      } catch (error) {
        throw faultOf(error, "read", { path });
      }
    },
    write: async (waitMs, work) => {
      const began = performance.now();
      for (;;)
        try {
          return mending(() => {
            const cache = present(true) as OpenCache;
            return inTransaction(cache.db, () => work(cache));
          });
        } catch (error) {
          const leftMs = waitMs - (performance.now() - began);
          // Of a cache it is certain: what was not committed is not there, and what was may be lost.
          if (!isBusy(error) || leftMs <= 0) throw faultOf(error, "insert", { path });
          await pause(Math.min(leftMs, 1 + randomness.fraction() * longestPauseMs));
        }
    },
    close,
  };
};

const longestPauseMs = 4;

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

const statementsOf = (db: SqlDatabase): CacheConnection => {
  const prepared = new Map<string, SqlStatement>();
  const once = (key: string, make: () => SqlStatement): SqlStatement => {
    const known = prepared.get(key);
    if (known !== undefined) return known;
    const made = make();
    prepared.set(key, made);
    return made;
  };
  return {
    prepare: (sql) => once(sql, () => db.prepare(sql)),
    rows: (sql) => once(`rows ${sql}`, () => db.prepare(sql).raw()),
  };
};

const inTransaction = <A>(db: SqlDatabase, work: () => A): A => {
  db.exec("BEGIN IMMEDIATE");
  try {
    const answer = work();
    db.exec("COMMIT");
    return answer;
  } finally {
    if (db.inTransaction) db.exec("ROLLBACK");
  }
};

/** Pages that are kept: views are read again and again, a set is written from its first row to its last. */
const cacheKibibytes: Readonly<Record<CacheFlushing, number>> = { NORMAL: 2_048, OFF: 128 };

const makeReady = (db: SqlDatabase, path: string, flushing: CacheFlushing): void => {
  // Before anything is set: what is not ours is not ours to write to.
  const isNew = isEmpty(db, path);
  const mode = db.pragma("journal_mode = WAL", { simple: true });
  if (mode !== "wal") throw new Error(`${path} does not take a write-ahead log, but ${String(mode)}`);
  db.pragma(`synchronous = ${flushing}`);
  db.pragma("trusted_schema = OFF");
  db.pragma("cell_size_check = ON");
  db.pragma("mmap_size = 0");
  db.pragma(`cache_size = -${cacheKibibytes[flushing]}`);
  db.pragma("journal_size_limit = 16777216");
  if (!isNew) return;
  inTransaction(db, () => {
    if (!isEmpty(db, path)) return;
    db.exec(cacheSchemaSql);
    db.pragma(`application_id = ${cacheApplicationId}`);
    db.pragma(`user_version = ${cacheVersion}`);
  });
};

/** Whether nobody has made the tables yet. Throws `UNSUPPORTED_FORMAT` for what was made by another version, or by others. */
const isEmpty = (db: SqlDatabase, path: string): boolean => {
  const application = db.pragma("application_id", { simple: true });
  const version = db.pragma("user_version", { simple: true });
  if (application === cacheApplicationId && version === cacheVersion) return false;
  const objects = db.prepare("SELECT count(*) FROM sqlite_schema").raw().get() as readonly [number];
  if (application === 0 && version === 0 && objects[0] === 0) return true;
  throw new StoreFault("UNSUPPORTED_FORMAT", `${path} is no cache of this version`, {
    outcome: "not_written",
    retryable: false,
    hint: "Remove it if no other version of mission-ledger uses it: it holds nothing that the log does not.",
    details: { path, applicationId: application, version, known: cacheVersion },
  });
};

const isDamage = (error: unknown): boolean => {
  const code = codeOf(error) ?? "";
  return ["SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_SHORT_READ"].some((start) =>
    code.startsWith(start),
  );
};

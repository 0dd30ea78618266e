/** The two connections of a store: one that writes, one that reads and proves. Opened when first needed, by path. */
import { type Failpoint, type Randomness, systemClock } from "@mission-ledger/core";
import type { LoadDriver } from "../driver/driver.ts";
import { createDatabaseFile, databaseFile, isSameFile, statusOf } from "../location/database-place.ts";
import {
  areSameFiles,
  type Connection,
  type DatabaseFiles,
  holdsSameLedger,
  openConnection,
} from "./connection.ts";
import { type Place, watchFiles } from "./file-watch.ts";
import { initialise } from "./initialise.ts";
import { isHeld } from "./locks.ts";
import { openLogKeeper } from "./log-keeper.ts";
import { isMarkedSuspect } from "./suspect-mark.ts";

/**
 * Pages that a reader keeps: it goes through streams once. Source: a rebuild of 103,808 events takes 77 MB in place of 102, on two
 * threads 98 in place of 127, and as much processor time as with SQLite's 16 MB.
 */
const readerCacheKibibytes = 2_048;

export interface DatabaseOptions {
  readonly path: string;
  readonly loadDriver: LoadDriver;
  readonly randomness: Randomness;
  readonly failpoint: Failpoint;
}

export interface Database {
  readonly path: string;
  /** Makes the database if there is none. Throws what SQLite throws; busy is worth another try. */
  writer(): Connection;
  /** `undefined` if there is no database yet. */
  reader(): Connection | undefined;
  /** As {@link reader}, without asking whether it holds the right file: for one who asks {@link placeOf} afterwards. */
  proofReader(): Connection | undefined;
  /** Whether the names lead, at this moment, to the files that both connections hold, and these are the given ones. */
  placeOf(files: DatabaseFiles): Place;
  /**
   * Whether a connection is the one that writes, and no name has changed since a look found its files in place and no flush
   * failed: {@link writer} would answer it again. For one who asks {@link placeOf} afterwards.
   */
  standsStill(connection: Connection): boolean;
  /** Whether all writers had died when the first connection was opened: their last pages were never looked at since. */
  needsCheck(): boolean;
  /** Closes both connections; the next use opens by path again. */
  drop(): void;
  /** From now on closing leaves the write-ahead log as it is, or again empties it. */
  keepLog(isKept: boolean): void;
}

export const openDatabase = ({ path, loadDriver, randomness, failpoint }: DatabaseOptions): Database => {
  let writing: Connection | undefined;
  let reading: Connection | undefined;
  let unclean = false;
  let keepsLog = false;
  // The system's, since it is compared with the times of files.
  const watch = watchFiles(path, systemClock);

  /** A write-ahead log that is left over though nobody has the database open: its writers have died. */
  const noteEnd = (): void => {
    if (writing === undefined && reading === undefined)
      unclean = (statusOf(`${path}-wal`)?.size ?? 0) > 0 && !isHeld(path);
  };
  const drop = (): void => {
    const open = [reading, writing];
    const isOpen = open.some((one) => one !== undefined);
    const keeper = isOpen && (keepsLog || isSuspectFor(path)) ? openLogKeeper(path, loadDriver) : undefined;
    reading = undefined;
    writing = undefined;
    for (const connection of [...open, keeper]) closeQuietly(connection);
  };
  /** SQLite goes on with a file that was moved away: whoever asks by name means the one that stands there now. */
  const leaveMoved = (): void => {
    const held = (writing ?? reading)?.files.database;
    if (held !== undefined && !isSameFile(held, statusOf(path))) drop();
  };
  /** Two connections that hold different files would prove nothing about each other. */
  const together = (opened: Connection, other: Connection | undefined): Connection => {
    if (other === undefined || areSameFiles(opened.files, other.files)) return opened;
    drop();
    return opened;
  };

  const openReader = (): Connection | undefined => {
    if (reading !== undefined) return reading;
    if (databaseFile(path) === undefined) return undefined;
    failpoint("open:reader");
    noteEnd();
    const opened = openConnection({ driver: loadDriver(), path });
    opened?.db.pragma(`cache_size = -${readerCacheKibibytes}`);
    if (opened === undefined) return undefined;
    reading = together(opened, writing);
    return reading;
  };

  return {
    path,
    writer: () => {
      leaveMoved();
      if (writing !== undefined) return writing;
      failpoint("open:writer");
      noteEnd();
      const driver = loadDriver();
      if (databaseFile(path) === undefined) {
        failpoint("init:create");
        createDatabaseFile(path);
      }
      const opened = openConnection({
        driver,
        path,
        initialise: (db) => initialise(db, { randomness, failpoint }),
      });
      if (opened === undefined) throw new Error(`${path} is gone again`);
      writing = together(opened, reading);
      return writing;
    },
    reader: () => {
      leaveMoved();
      return openReader();
    },
    proofReader: openReader,
    placeOf: (files) =>
      isOf(files, writing) && isOf(files, reading)
        ? watch.placeOf(files, () =>
            [reading, writing].every((one) => one === undefined || holdsSameLedger(one)),
          )
        : "Moved",
    standsStill: (connection) => connection === writing && watch.standsStill(connection.files),
    needsCheck: () => unclean,
    drop,
    keepLog: (isKept) => {
      keepsLog = isKept;
    },
  };
};

const isOf = (files: DatabaseFiles, connection: Connection | undefined): boolean =>
  connection === undefined || areSameFiles(connection.files, files);

/** Closing is no time to fail: where nobody can look, the log is better left as it is. */
const isSuspectFor = (path: string): boolean => {
  try {
    return isMarkedSuspect(path);
  } catch {
    return true;
  }
};

/** What matters was committed before: an error here would only keep somebody from closing the rest. */
const closeQuietly = (connection: { close(): unknown } | undefined): void => {
  try {
    connection?.close();
  } catch {
    // It is as closed as it gets.
  }
};

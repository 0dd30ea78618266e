/** The two connections of a store: one that writes, one that reads and proves. Opened when first needed, by path. */
import type { Failpoint, Randomness } from "@mission-ledger/core";
import type { LoadDriver } from "../driver/driver.ts";
import { createDatabaseFile, databaseFile, isSameFile, statusOf } from "../location/database-place.ts";
import { areSameFiles, type Connection, filesOf, openConnection } from "./connection.ts";
import { initialise } from "./initialise.ts";
import { isHeld } from "./locks.ts";

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
  /** Whether the files under the names are, at this moment, those that the connections hold. */
  isInPlace(): boolean;
  /** Whether all writers had died when the first connection was opened: their last pages were never looked at since. */
  needsCheck(): boolean;
  /** Closes both connections; the next use opens by path again. */
  drop(): void;
}

export const openDatabase = ({ path, loadDriver, randomness, failpoint }: DatabaseOptions): Database => {
  let writing: Connection | undefined;
  let reading: Connection | undefined;
  let unclean = false;

  /** A write-ahead log that is left over though nobody has the database open: its writers have died. */
  const noteEnd = (): void => {
    if (writing === undefined && reading === undefined)
      unclean = (statusOf(`${path}-wal`)?.size ?? 0) > 0 && !isHeld(path);
  };
  const drop = (): void => {
    const open = [reading, writing];
    reading = undefined;
    writing = undefined;
    for (const connection of open) closeQuietly(connection);
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
      if (reading !== undefined) return reading;
      if (databaseFile(path) === undefined) return undefined;
      failpoint("open:reader");
      noteEnd();
      const opened = openConnection({ driver: loadDriver(), path });
      if (opened === undefined) return undefined;
      reading = together(opened, writing);
      return reading;
    },
    isInPlace: () => {
      const now = filesOf(path);
      return [writing, reading].every((one) => one === undefined || areSameFiles(one.files, now));
    },
    needsCheck: () => unclean,
    drop,
  };
};

/** What matters was committed before: an error here would only keep somebody from closing the rest. */
const closeQuietly = (connection: Connection | undefined): void => {
  try {
    connection?.close();
  } catch {
    // It is as closed as it gets.
  }
};

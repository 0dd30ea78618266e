/**
 * What is not believed of a database after a failed flush: the cache may hold what the disk does not, and a second flush may say
 * yes without having written. So all pages are written anew before anybody builds on them. Source: durability rules, fact 9.
 */
import { type Failpoint, StoreFault } from "@mission-ledger/core";
import type { Connection } from "../connection/connection.ts";
import type { Database } from "../connection/database.ts";
import { probeDisk } from "../connection/log-keeper.ts";
import { isMarkedSuspect, markSuspect, removeMark } from "../connection/suspect-mark.ts";
import { faultOf, isBusy } from "../faults.ts";
import { statusOf } from "../location/database-place.ts";

export interface Suspicion {
  /** Whether a flush failed, here or in another process, and was not recovered since. */
  stands(): boolean;
  /** Whether one failed here, though its mark may be lacking. */
  isRemembered(): boolean;
  /** A flush failed: remembered here, and marked for other processes. Best before the write lock falls. */
  arise(): void;
  /** Writes all pages anew if it stands. Outside a transaction. Throws `DURABILITY_UNKNOWN`, or what says that it is busy. */
  clear(connection: Connection): void;
}

export interface SuspicionOptions {
  readonly path: string;
  readonly database: Database;
  readonly failpoint: Failpoint;
}

export const suspicion = ({ path, database, failpoint }: SuspicionOptions): Suspicion => {
  /** The mark may not have been set, so it is remembered too. */
  let remembered = false;
  const stands = (): boolean => remembered || isMarkedSuspect(path);
  return {
    stands,
    isRemembered: () => remembered,
    arise: () => {
      remembered = true;
      markSuspect(path, failpoint);
      database.keepLog(true);
    },
    clear: ({ db }) => {
      if (!stands()) return;
      database.keepLog(true);
      const [answer] = checkpoint(db, path);
      if (answer?.busy !== 0) throw suspect(path, "other connections keep it from being written anew");
      failpoint("suspect:unmark");
      if (isMarkedSuspect(path)) unmark(db, path);
      remembered = false;
      database.keepLog(false);
    },
  };
};

/**
 * Under the write lock, and only while the log is still empty: whoever has written since may have failed again, and have found
 * the mark in its place.
 */
const unmark = (db: Connection["db"], path: string): void => {
  try {
    db.exec("BEGIN IMMEDIATE");
    try {
      if ((statusOf(`${path}-wal`)?.size ?? 0) === 0) removeMark(path);
    } finally {
      db.exec("ROLLBACK");
    }
  } catch (error) {
    if (isBusy(error)) throw error;
    throw suspect(path, error instanceof Error ? error.message : String(error), error);
  }
  if (isMarkedSuspect(path)) throw suspect(path, "others wrote to it while it was written anew");
};

const checkpoint = (db: Connection["db"], path: string): readonly { readonly busy: number }[] => {
  try {
    probeDisk(path);
    return db.pragma("wal_checkpoint(TRUNCATE)") as readonly { readonly busy: number }[];
  } catch (error) {
    throw suspect(path, error instanceof Error ? error.message : String(error), error);
  }
};

const suspect = (path: string, why: string, cause?: unknown): StoreFault =>
  new StoreFault("DURABILITY_UNKNOWN", `a commit to ${path} was not confirmed by the disk, and ${why}`, {
    outcome: "not_written",
    retryable: true,
    hint: "Look at the system log for the disk; end other programs that have the database open; then repeat the command with the same command id.",
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  });

/**
 * What dead writers left in the write-ahead log is read from the cache. The flush of its end may have failed before they died:
 * the next flush says yes, and the disk has nothing. So its pages are written anew, unless others are at work already.
 */
export const writeLeftoversAnew = ({ db }: Connection, path: string): void => {
  try {
    checkpoint(db, path);
  } catch (error) {
    const { cause } = error as StoreFault;
    // A full disk is no doubt about what stands there.
    const fault = faultOf(cause, "open", { path });
    throw fault.code === "STORAGE_FULL" ? fault : error;
  }
};

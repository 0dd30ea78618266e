/** What a store knows of the connection it writes with, and why it may have to turn back before it writes. */
import { type Commit, type Outcome, StoreFault } from "@mission-ledger/core";
import type { Connection } from "../connection/connection.ts";
import { probeDisk } from "../connection/log-keeper.ts";
import { faultOf } from "../faults.ts";
import { type FileIdentity, isSameFile } from "../location/database-place.ts";
import { type LogEnd, logEnd } from "./log-end.ts";

export interface WritingState {
  readonly connection: Connection;
  readonly end: LogEnd;
  /**
   * This connection has had the write-ahead log flushed. What stood there before is durable then, whoever wrote it; and what
   * comes later was flushed by its writer before anybody could see it. Only when the log is recovered after every writer has
   * died may commits show that were never flushed, and it is not recovered while a connection is open.
   */
  settled: boolean;
}

export const writingState = (connection: Connection): WritingState => ({
  connection,
  end: logEnd(connection),
  settled: false,
});

/** What went wrong earlier and still stands in the way. */
export interface Troubles {
  /** A commit's flush failed: the cache may hold what the disk does not. */
  suspect: boolean;
  /** Commands whose outcome that left open. */
  readonly open: Set<string>;
  /** The damage that was met, and in which file. */
  damage: { readonly fault: StoreFault; readonly file: FileIdentity } | undefined;
}

export const commandKey = ({ stream, commandId }: Commit): string => JSON.stringify([stream, commandId]);

/** Throws what keeps writers out. Called outside a transaction, with the connection that is to write. */
export const clearTroubles = (troubles: Troubles, { db, files }: Connection, path: string): void => {
  if (troubles.damage !== undefined) {
    const { fault, file } = troubles.damage;
    if (isSameFile(file, files.database)) throw refusing(fault);
    troubles.damage = undefined;
  }
  if (!troubles.suspect) return;
  // Pages are written anew and flushed: a second flush of the old ones could say yes without having written.
  const [answer] = checkpoint(db, path);
  if (answer?.busy !== 0) throw suspect(path, "other connections keep it from being written anew");
  troubles.suspect = false;
  troubles.open.clear();
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

const refusing = (fault: StoreFault): StoreFault =>
  new StoreFault("LOG_CORRUPT", `the database was found damaged earlier: ${fault.message}`, {
    outcome: "not_written",
    retryable: false,
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    details: fault.details,
    cause: fault,
  });

/** A fault for one of several appends that failed together. */
export const faultFor = (fault: StoreFault, { stream, commandId }: Commit, outcome: Outcome): StoreFault =>
  new StoreFault(fault.code, fault.message, {
    outcome,
    retryable: fault.retryable,
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    details: { ...fault.details, stream, commandId },
    cause: fault.cause ?? fault,
  });

/** After a sudden end of all writers the pages are looked through before anything is written behind them. */
export const quickCheck = ({ db }: Connection, path: string): void => {
  const answer = db.pragma("quick_check(1)", { simple: true });
  if (answer !== "ok")
    throw faultOf(
      Object.assign(new Error(`quick_check: ${String(answer)}`), { code: "SQLITE_CORRUPT" }),
      "open",
      { path },
    );
};

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

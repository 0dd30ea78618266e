/**
 * When the write-ahead log is copied into the database. SQLite's own way is to try behind every commit as long as the log is long.
 * Beside a crowd it never comes to the log's end, since others write on meanwhile: the log is not begun anew, and two of
 * three commits pay two more flushes. So whoever writes the event at every hundred-and-twenty-eighth position does it, alone
 * and whole if it gets the write lock once more.
 */
import type { Connection } from "../connection/connection.ts";
import type { SqlRow } from "../driver/driver.ts";
import { codeOf } from "../faults.ts";

/** Events between two checkpoints. Source: seven pages for a command with one event, and SQLite's 1,000 pages. */
const everyEvents = 128;

/**
 * Called behind a commit, with the rows of the events that it wrote. Answers whether a flush failed: then the database may hold
 * what the disk does not. Never throws: the commit stands in the log, and the next checkpoint has the same to do.
 */
export const checkpointBehind = ({ rows }: Connection, events: readonly SqlRow[]): boolean => {
  if (!events.some(([position]) => Number(position) % everyEvents === 0)) return false;
  try {
    rows("PRAGMA wal_checkpoint(FULL)").get();
    return false;
  } catch (error) {
    return codeOf(error)?.startsWith("SQLITE_IOERR_FSYNC") ?? false;
  }
};

/**
 * Readback: the commit's rows once more, over the second connection, and the proof that both connections still hold the files
 * that stand under the names: SQLite goes on writing to a file that was moved away or unlinked.
 */
import { type Appended, type Commit, type RecordedEvent, StoreFault } from "@mission-ledger/core";
import { areSameFiles, type Connection } from "../connection/connection.ts";
import type { SqlRow } from "../driver/driver.ts";
import { faultOf } from "../faults.ts";
import { eventOfKnownRow, joinedSql } from "../schema/rows.ts";
import type { GroupRead } from "./group-read.ts";
import { type ReceiptMark, receiptMarkOf } from "./receipt-mark.ts";
import type { StoreContext } from "./store-context.ts";

const readBackSql = `${joinedSql} WHERE e.position >= ? AND e.position < ? ORDER BY e.position`;

export interface ReadBackContext extends Pick<StoreContext, "path" | "database" | "failpoint" | "retry"> {
  /** Remembers damage that was met: nothing is written behind it. */
  meet(fault: StoreFault): void;
}

/** `undefined` where a flush has failed that may be an earlier one than the append's own: then its pages have to be written anew first. */
export const readBackFrom = (
  context: ReadBackContext,
  appended: Appended,
): readonly RecordedEvent[] | undefined => {
  const { path, database, failpoint, retry } = context;
  const { commit } = appended;
  const mark = receiptMarkOf(appended);
  const details = { stream: commit.stream, commandId: commit.commandId, path };
  try {
    failpoint("append:read-back");
    const reader = retry.stubbornly(() => database.proofReader());
    if (reader === undefined || !areSameFiles(mark.files, reader.files)) throw replaced(path, details);
    const { command, events } = mark.rows;
    const first = Number(command[0]);
    const end = first + events.length;
    const shared = mark.group === undefined ? undefined : fromGroup(context, mark.group, reader, mark);
    const rows = shared ?? retry.stubbornly(() => reader.rows(readBackSql).all(first, end) as SqlRow[]);
    if (shared === undefined) {
      // Afterwards, so that what was read is known to have been at the path when it was read.
      failpoint("append:read-back-files");
      const place = database.placeOf(mark.files);
      if (place === "Moved") throw replaced(path, details);
      if (place === "Suspect") return undefined;
    }
    const equal =
      rows.length === events.length &&
      rows.every((row, index) => isEqual(row, events[index] as SqlRow, command));
    if (!equal) throw differs(path, details);
    return eventsOf(rows, commit);
  } catch (error) {
    const fault = faultOf(error, "read-back", details);
    // The next use opens by path again: what these connections hold is no longer believed.
    if (fault.code === "LOG_REPLACED") database.drop();
    throw fault;
  }
};

/** One commit's rows out of what is read for all of its group; `undefined` where they have to be read for itself. */
const fromGroup = (
  { path, database, failpoint, meet }: ReadBackContext,
  group: GroupRead,
  reader: Connection,
  { files, rows: { command, events } }: ReceiptMark,
): readonly SqlRow[] | undefined => {
  const first = Number(command[0]);
  return group.take(reader, first, first + events.length, (from, to) => {
    try {
      const rows = reader.rows(readBackSql).all(from, to) as SqlRow[];
      failpoint("append:read-back-files");
      return database.placeOf(files) === "InPlace" ? rows : undefined;
    } catch (error) {
      // Whoever it concerns meets it again; only that nothing is written behind damage is certain now.
      meet(faultOf(error, "read-back", { path }));
      return undefined;
    }
  });
};

/** Made of what was read; that the rows are sound is known, since every value is the one that was written. */
const eventsOf = (rows: readonly SqlRow[], { previous }: Commit): readonly RecordedEvent[] => {
  let link = previous;
  return rows.map((row) => {
    const event = eventOfKnownRow(row, link);
    link = event.digest;
    return event;
  });
};

const isEqual = (row: SqlRow, event: SqlRow, command: SqlRow): boolean => {
  if (row.length !== event.length + command.length) return false;
  for (let index = 0; index < event.length; index += 1) if (row[index] !== event[index]) return false;
  for (let index = 0; index < command.length; index += 1)
    if (row[event.length + index] !== command[index]) return false;
  return true;
};

const replaced = (path: string, details: Readonly<Record<string, unknown>>): StoreFault =>
  new StoreFault("LOG_REPLACED", `${path}, or its -wal or -shm, is not the file that was written`, {
    outcome: "unknown",
    retryable: true,
    hint: "Find out what replaces the database; then repeat the command with the same command id.",
    details,
  });

const differs = (path: string, details: Readonly<Record<string, unknown>>): StoreFault =>
  new StoreFault("READBACK_FAILED", `${path} does not hold what was committed`, {
    outcome: "unknown",
    retryable: true,
    hint: "Repeat the command with the same command id; if it happens again, distrust the disk.",
    details,
  });

/**
 * A database as something to copy to. Promises: a batch is one transaction, so what stands is always a beginning of the source in
 * its order; each stream is looked at in the same transaction that writes behind it; what was taken was flushed, and its rows
 * read again over the second connection from the files that stand under the names.
 */
import {
  checkCommit,
  diverged,
  StoreFault,
  type TransferBatch,
  type TransferCommit,
  type TransferTarget,
} from "@mission-ledger/core";
import type { StoreContext } from "../append/store-context.ts";
import { suspicion, writeLeftoversAnew } from "../append/suspicion.ts";
import { quickCheck } from "../append/writing-state.ts";
import { areSameFiles, type Connection, checkVersion, filesOf } from "../connection/connection.ts";
import type { SqlRow } from "../driver/driver.ts";
import { codeOf, faultOf, type Step } from "../faults.ts";
import { readHead } from "../read/stream-head.ts";
import { type CommitRows, commandColumns, eventColumns, rowsOf } from "../schema/rows.ts";
import { touchSql } from "../schema/schema.ts";
import { asideRow, asidesBehind, commandLineRow, insertLine, lineColumns } from "./log-lines.ts";

type Context = Omit<StoreContext, "ensureOpen" | "maxCommitBytes">;

const insertCommandSql = `INSERT INTO commands (${commandColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const insertEventSql = `INSERT INTO events (${eventColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const commandsSql = `SELECT ${commandColumns} FROM commands WHERE position >= ? ORDER BY position LIMIT ?`;
const eventsSql = `SELECT ${eventColumns} FROM events WHERE position >= ? ORDER BY position LIMIT ?`;
const lineSql = `SELECT ${lineColumns} FROM lines WHERE stream = ? AND after_revision = ? AND place = ?`;

/** Event ids come in no order, so nearly every page of their index is written to again and again: it had better be in memory. */
const cacheKibibytes = 65_536;
/** And had better not be written into the database each time. 64 MiB, the bound of the write-ahead log. */
const pagesBetweenCheckpoints = 16_384;

/** What a batch has put into the tables. */
interface Inserted {
  readonly commands: SqlRow[];
  readonly events: SqlRow[];
  readonly lines: SqlRow[];
}

export const sqliteTarget = (
  context: Context,
): Pick<TransferTarget, "takes" | "settle" | "take" | "finish"> => {
  const { database, retry, failpoint, path } = context;
  const doubt = suspicion(context);
  let checked: Connection | undefined;

  const begin = (): Connection => {
    failpoint("transfer:begin");
    const connection = database.writer();
    if (checked !== connection && database.needsCheck()) {
      quickCheck(connection, path);
      try {
        writeLeftoversAnew(connection, path);
      } catch (error) {
        if (StoreFault.is(error, "DURABILITY_UNKNOWN")) doubt.arise();
        throw error;
      }
    }
    checked = connection;
    doubt.clear(connection);
    connection.db.pragma(`cache_size = -${cacheKibibytes}`);
    connection.db.pragma(`wal_autocheckpoint = ${pagesBetweenCheckpoints}`);
    connection.prepare("BEGIN IMMEDIATE").run();
    return connection;
  };
  const undo = ({ db }: Connection): void => {
    try {
      if (db.inTransaction) db.exec("ROLLBACK");
    } catch {
      // A transaction that cannot be undone dies with its connection.
      database.drop();
    }
  };
  const inTransaction = async <A>(task: (connection: Connection) => A): Promise<readonly [A, Connection]> => {
    let step: Step = "begin";
    let connection: Connection | undefined;
    try {
      const begun = await retry.patiently(begin);
      connection = begun;
      step = "insert";
      checkVersion(begun, path);
      const done = task(begun);
      failpoint("transfer:commit");
      step = "commit";
      retry.stubbornly(() => begun.prepare("COMMIT").run());
      failpoint("transfer:committed");
      return [done, begun];
    } catch (error) {
      const fault = faultOf(error, step, { path });
      const wasCommitted =
        step === "commit" && connection?.db.inTransaction === false && codeOf(error) === undefined;
      const isUnknown = fault.outcome === "unknown" && !StoreFault.is(error, "LOCK_TIMEOUT");
      // Before the lock falls, if it is still held.
      if (isUnknown && !wasCommitted) doubt.arise();
      if (connection !== undefined) undo(connection);
      // After a commit that was not confirmed nothing of this connection is believed.
      if (fault.outcome === "unknown") database.drop();
      throw fault;
    }
  };

  return {
    takes: "in_log_order",
    settle: async () => {
      try {
        if ((await retry.patiently(() => database.reader())) === undefined) return;
      } catch (error) {
        throw faultOf(error, "open", { path });
      }
      await inTransaction((connection) => connection.prepare(touchSql).run());
    },
    take: async (batch) => {
      const [inserted, { files }] = await inTransaction((connection) => insert(context, connection, batch));
      try {
        failpoint("transfer:read-back");
        if (doubt.stands()) await retry.patiently(() => doubt.clear(database.writer()));
        const reader = await retry.patiently(() => database.reader());
        if (reader === undefined || !areSameFiles(files, reader.files)) throw replaced(path);
        const isEqual = await retry.patiently(() => standsAsWritten(reader, inserted));
        if (!areSameFiles(files, filesOf(path))) throw replaced(path);
        if (!isEqual) throw differs(path);
      } catch (error) {
        const fault = faultOf(error, "read-back", { path });
        if (fault.code === "LOG_REPLACED") database.drop();
        throw fault;
      }
    },
    finish: async () => {
      try {
        const connection = database.reader();
        // Best effort: one file is easier to look after than three.
        if (connection !== undefined && !doubt.stands()) connection.db.pragma("wal_checkpoint(TRUNCATE)");
      } catch {
        // Somebody reads; the next checkpoint does it.
      }
    },
  };
};

const insert = (
  { failpoint }: Context,
  connection: Connection,
  { entries, after }: TransferBatch,
): Inserted => {
  const ends = new Map<string, { revision: number; asides: number }>();
  for (const [stream, { head }] of after) {
    const stands = readHead(connection, stream);
    if (stands.revision !== head.revision || stands.digest !== head.digest)
      throw diverged(stream, "was written to in the target while it was copied");
    ends.set(stream, { revision: head.revision, asides: asidesBehind(connection, stream, head.revision) });
  }
  const endOf = (stream: string): { revision: number; asides: number } => {
    const end = ends.get(stream);
    if (end === undefined) throw new TypeError(`the batch does not say where ${stream} ends before it`);
    return end;
  };
  const ledgerId = String(
    (connection.rows("SELECT value FROM meta WHERE key = 'id'").get() as SqlRow | undefined)?.[0],
  );
  let position = Number((connection.rows("SELECT max(position) FROM events").get() as SqlRow)[0] ?? 0);
  const inserted: Inserted = { commands: [], events: [], lines: [] };
  for (const entry of entries) {
    failpoint("transfer:insert");
    const stream = entry._tag === "Commit" ? entry.commit.stream : entry.stream;
    const end = endOf(stream);
    try {
      if (entry._tag === "Aside") {
        put(connection, inserted, asideRow(entry, end.revision, end.asides));
        end.asides += 1;
        continue;
      }
      const rows = rowsOfEntry(entry, position + 1, ledgerId);
      connection.prepare(insertCommandSql).run(...rows.command);
      for (const row of rows.events) connection.prepare(insertEventSql).run(...row);
      inserted.commands.push(rows.command);
      inserted.events.push(...rows.events);
      const line = commandLineRow(entry);
      if (line !== undefined) put(connection, inserted, line);
      position += rows.events.length;
      end.revision += rows.events.length;
      end.asides = 0;
    } catch (error) {
      throw codeOf(error)?.startsWith("SQLITE_CONSTRAINT") === true ? taken(stream, error) : error;
    }
  }
  return inserted;
};

const put = (connection: Connection, { lines }: Inserted, row: SqlRow): void => {
  insertLine(connection, row);
  lines.push(row);
};

const rowsOfEntry = (
  { commit, origin, number }: TransferCommit,
  position: number,
  ledgerId: string,
): CommitRows => {
  checkCommit(commit);
  return rowsOf(commit, position, { id: origin ?? ledgerId, seq: number ?? position });
};

const standsAsWritten = (reader: Connection, { commands, events, lines }: Inserted): boolean =>
  areEqual(reader, commandsSql, commands) &&
  areEqual(reader, eventsSql, events) &&
  lines.every((row) =>
    isSameRow(reader.rows(lineSql).get(row[0] ?? null, row[1] ?? null, row[2] ?? null) as SqlRow, row),
  );

/** Commands and events of a batch stand one behind the other, since it is one transaction. */
const areEqual = (reader: Connection, sql: string, wanted: readonly SqlRow[]): boolean => {
  const [first] = wanted;
  if (first === undefined) return true;
  const found = reader.rows(sql).all(first[0] ?? null, wanted.length) as SqlRow[];
  return (
    found.length === wanted.length && found.every((row, index) => isSameRow(row, wanted[index] as SqlRow))
  );
};

const isSameRow = (row: SqlRow | undefined, wanted: SqlRow): boolean =>
  row?.length === wanted.length && row.every((value, index) => value === wanted[index]);

const taken = (stream: string, cause: unknown): StoreFault =>
  new StoreFault("LOG_CORRUPT", `${stream} holds what the tables hold once: ${(cause as Error).message}`, {
    outcome: "not_written",
    retryable: false,
    hint: "Run `mled verify <mission>` on the source.",
    details: { stream },
    cause,
  });

const replaced = (path: string): StoreFault =>
  new StoreFault("LOG_REPLACED", `${path}, or its -wal or -shm, is not the file that was written`, {
    outcome: "unknown",
    retryable: true,
    hint: `Find out what replaces the database. ${goOn}`,
    details: { path },
  });

const differs = (path: string): StoreFault =>
  new StoreFault("READBACK_FAILED", `${path} does not hold what was copied into it`, {
    outcome: "unknown",
    retryable: true,
    hint: goOn,
    details: { path },
  });

const goOn = "Then run the same copy again: it goes on where it stopped.";

/** Events of one stream, a page at a time, each row checked. */
import type { RecordedEvent } from "@mission-ledger/core";
import type { Connection } from "../connection/connection.ts";
import type { SqlRow } from "../driver/driver.ts";
import {
  commandColumns,
  commandOf,
  DamagedRow,
  eventColumns,
  eventOf,
  joinedCommandOf,
  joinedSql,
  recordedEvent,
  type StoredCommand,
} from "../schema/rows.ts";

export const pageEvents = 256;

const pageSql = `${joinedSql} WHERE e.stream = ? AND e.revision > ? AND e.revision <= ? ORDER BY e.revision LIMIT ${pageEvents}`;
const eventSql = `SELECT ${eventColumns} FROM events WHERE stream = ? AND revision = ?`;
const findSql = `SELECT ${commandColumns} FROM commands WHERE stream = ? AND command_id = ?`;
const ofCommandSql = `${joinedSql} WHERE e.position >= ? AND e.position < ? ORDER BY e.position`;

/** Turns rows into events. `previous` is the digest before the first of them; throws `DamagedRow`. */
const eventsOfRows = (
  rows: readonly SqlRow[],
  stream: string,
  previous: string | null,
  firstRevision: number,
): readonly RecordedEvent[] => {
  let link = previous;
  let command: StoredCommand | undefined;
  return rows.map((row, index) => {
    const stored = eventOf(row);
    if (stored.stream !== stream || stored.revision !== firstRevision + index)
      throw new DamagedRow(`revision ${firstRevision + index} is missing`, {
        table: "events",
        position: stored.position,
        stream,
        revision: stored.revision,
      });
    if (command?.position !== stored.command) command = joinedCommandOf(row);
    if (command.position === stored.position && command.previous !== link)
      throw new DamagedRow("it does not follow the event before it", {
        table: "commands",
        position: command.position,
        stream,
        revision: stored.revision,
      });
    const event = recordedEvent(stored, command, link);
    link = stored.digest;
    return event;
  });
};

/** Up to {@link pageEvents} events after `after` and up to `to`. */
export const pageOf = (
  connection: Connection,
  stream: string,
  after: { readonly revision: number; readonly digest: string | null },
  to: number,
): readonly RecordedEvent[] => {
  const rows = connection.rows(pageSql).all(stream, after.revision, to) as SqlRow[];
  const wanted = Math.min(pageEvents, to - after.revision);
  if (rows.length < wanted)
    throw new DamagedRow(`events before revision ${to} are missing`, {
      table: "events",
      stream,
      revision: after.revision + rows.length + 1,
    });
  return eventsOfRows(rows, stream, after.digest, after.revision + 1);
};

/** The digest of the event there; `null` before the start of the stream, `undefined` where there is none. */
export const digestAt = (
  connection: Connection,
  stream: string,
  revision: number,
): string | null | undefined => {
  if (revision < 0) return null;
  const row = connection.rows(eventSql).get(stream, revision) as SqlRow | undefined;
  return row === undefined ? undefined : eventOf(row).digest;
};

/** A command's rows, as stored. */
export interface StoredCommit {
  readonly command: StoredCommand;
  readonly commandRow: SqlRow;
  readonly eventRows: readonly SqlRow[];
  readonly events: readonly RecordedEvent[];
}

export const findStored = (
  connection: Connection,
  stream: string,
  commandId: string,
): StoredCommit | undefined => {
  const commandRow = connection.rows(findSql).get(stream, commandId) as SqlRow | undefined;
  if (commandRow === undefined) return undefined;
  const command = commandOf(commandRow);
  const rows = connection
    .rows(ofCommandSql)
    .all(command.position, command.position + command.events) as SqlRow[];
  if (rows.length !== command.events)
    throw new DamagedRow("it lacks events", { table: "commands", position: command.position, stream });
  return {
    command,
    commandRow,
    eventRows: rows.map((row) => row.slice(0, row.length - commandRow.length)),
    events: eventsOfRows(rows, stream, command.previous, command.firstRevision),
  };
};

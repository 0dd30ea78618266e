/** Events of the whole log by position, a page at a time, each row checked and none left out. */
import type { EventBatch, ReadAllOptions, RecordedEvent } from "@mission-ledger/core";
import type { Connection } from "../connection/connection.ts";
import type { SqlRow } from "../driver/driver.ts";
import {
  DamagedRow,
  eventColumns,
  eventOf,
  joinedCommandOf,
  joinedSql,
  positionNumber,
  recordedEvent,
  type StoredCommand,
} from "../schema/rows.ts";
import { isOfCategory } from "./categories.ts";
import { pageEvents } from "./stream-events.ts";

const pageSql = `${joinedSql} WHERE e.position > ? AND e.position <= ? ORDER BY e.position LIMIT ${pageEvents}`;
const eventSql = `SELECT ${eventColumns} FROM events WHERE position = ?`;

/** A place in the log, and what the next event may be linked to. */
interface LogPlace {
  readonly position: number;
  readonly digest: string | null;
}

/** What stands at a connection's end of the log. */
export const lastPosition = (connection: Connection): number =>
  Number((connection.rows("SELECT max(position) FROM events").get() as SqlRow)[0] ?? 0);

/** Begins after a position. */
const placeAfter = (connection: Connection, after: string | undefined): LogPlace => {
  const position = after === undefined ? 0 : positionNumber(after);
  if (position === 0) return { position, digest: null };
  const row = connection.rows(eventSql).get(position) as SqlRow | undefined;
  return { position, digest: row === undefined ? null : eventOf(row).digest };
};

/** Up to a page of events behind a place, those of other categories left out, and the place behind them. */
const logPage = (
  connection: Connection,
  place: LogPlace,
  upTo: number,
  category: string | undefined,
): { readonly batch: EventBatch; readonly reached: LogPlace } => {
  const rows = connection.rows(pageSql).all(place.position, upTo) as SqlRow[];
  let reached = place;
  let command: StoredCommand | undefined;
  const batch: RecordedEvent[] = [];
  for (const row of rows) {
    const stored = eventOf(row);
    if (stored.position !== reached.position + 1) throw gap(reached.position + 1);
    if (command?.position !== stored.command) command = joinedCommandOf(row);
    const previous = stored.position === command.position ? command.previous : reached.digest;
    reached = { position: stored.position, digest: stored.digest };
    if (category === undefined || isOfCategory(stored.stream, category))
      batch.push(recordedEvent(stored, command, previous));
  }
  if (rows.length < Math.min(pageEvents, upTo - place.position)) throw gap(reached.position + 1);
  return { batch, reached };
};

const gap = (position: number): DamagedRow =>
  new DamagedRow(`the event at position ${position} is missing`, { table: "events", position });

/** What a read of the log needs of its store. */
export interface LogReading {
  /** Runs a look at the database; `nothing` if there is none yet. Throws a fault. */
  look<A>(task: (connection: Connection) => A, nothing: A): Promise<A>;
  ensureOpen(): void;
}

export async function* readLog(
  { look, ensureOpen }: LogReading,
  { after, category, signal }: ReadAllOptions,
  upTo?: number,
): AsyncGenerator<EventBatch, LogPlace> {
  ensureOpen();
  signal?.throwIfAborted();
  const nothing = { place: { position: 0, digest: null } as LogPlace, end: 0 };
  const begun = await look(
    (connection) => ({ place: placeAfter(connection, after), end: upTo ?? lastPosition(connection) }),
    nothing,
  );
  let { place } = begun;
  while (place.position < begun.end) {
    signal?.throwIfAborted();
    ensureOpen();
    const { batch, reached } = await look((connection) => logPage(connection, place, begun.end, category), {
      batch: [],
      reached: { position: begun.end, digest: null },
    });
    place = reached;
    if (batch.length > 0) yield batch;
  }
  return place;
}

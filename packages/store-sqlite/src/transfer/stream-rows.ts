/**
 * The events of one stream, for a copy. The index on streams is asked first, and believed only where it bears itself out; an
 * index holds nothing of its own, so where it is damaged the table alone is gone through, and the copy still has everything.
 */
import type { Connection } from "../connection/connection.ts";
import type { SqlRow } from "../driver/driver.ts";
import { codeOf } from "../faults.ts";
import { lastPosition } from "../read/read-log.ts";
import { readHead } from "../read/stream-head.ts";
import { eventColumns, eventOf, joinedSql } from "../schema/rows.ts";

/** What has to be asked about a stream. Each call is a look at the database as it is then. */
export interface StreamRows {
  /** Every stream that has events, with the revision of its last one. Throws `DamagedRow`. */
  ends(connection: Connection): ReadonlyMap<string, number>;
  /** Rows of events behind a revision, with their commands; fewer than were asked for only where the table lacks some. */
  page(connection: Connection, wanted: WantedRows): readonly SqlRow[];
}

export interface WantedRows {
  readonly stream: string;
  readonly after: number;
  readonly to: number;
  readonly limit: number;
}

const ofStreamSql = `${joinedSql} WHERE e.stream = ? AND e.revision > ? AND e.revision <= ? ORDER BY e.revision LIMIT ?`;
const atPositionSql = `${joinedSql} WHERE e.position = ?`;
const eventAtSql = `SELECT ${eventColumns} FROM events WHERE position = ?`;
const placesSql = "SELECT position, stream FROM events NOT INDEXED ORDER BY position";
/** The streams of a table: steps from one name to the next, whatever stands between. */
export const namesSqlOf = (table: "events" | "lines"): string => `
WITH RECURSIVE found (stream) AS (
  SELECT min(stream) FROM ${table}
  UNION ALL
  SELECT (SELECT min(stream) FROM ${table} WHERE stream > found.stream) FROM found WHERE found.stream IS NOT NULL
) SELECT stream FROM found WHERE stream IS NOT NULL`;
const namesSql = namesSqlOf("events");

export const streamRows = (): StreamRows => {
  /** Positions by stream and revision; made when the index was seen to be damaged, and used from then on. */
  let places: ReadonlyMap<string, readonly number[]> | undefined;
  const placesIn = (connection: Connection): ReadonlyMap<string, readonly number[]> => {
    places ??= placesByTable(connection);
    return places;
  };
  return {
    ends: (connection) => {
      const known = places === undefined ? endsByIndex(connection) : undefined;
      if (known !== undefined) return known;
      // What came meanwhile is wanted as well.
      places = undefined;
      return new Map(
        [...placesIn(connection)].map(([stream, positions]) => {
          const row = connection.rows(eventAtSql).get(positions.at(-1) as number) as SqlRow;
          return [stream, eventOf(row).revision];
        }),
      );
    },
    page: (connection, wanted) => {
      const { stream, after, to, limit } = wanted;
      const rows = places === undefined ? pageByIndex(connection, wanted) : undefined;
      if (rows !== undefined) return rows;
      const positions = placesIn(connection).get(stream) ?? [];
      return positions
        .slice(after + 1, Math.min(after + limit, to) + 1)
        .flatMap((position) => connection.rows(atPositionSql).all(position) as SqlRow[]);
    },
  };
};

/** `undefined` where the index is damaged: it cannot be read, names what is not there, or hides events. */
const endsByIndex = (connection: Connection): ReadonlyMap<string, number> | undefined =>
  unlessCorrupt(() => {
    for (let attempt = 0; attempt < quietAttempts; attempt += 1) {
      const last = lastPosition(connection);
      const ends = new Map<string, number>();
      let events = 0;
      for (const [name] of connection.rows(namesSql).all() as SqlRow[]) {
        const { revision } = readHead(connection, String(name));
        if (revision < 0) return undefined;
        ends.set(String(name), revision);
        events += revision + 1;
      }
      // Positions have no gaps. Where somebody wrote meanwhile, the two do not belong together.
      if (lastPosition(connection) === last) return events === last ? ends : undefined;
    }
    return undefined;
  });

/** Looks at all streams in the hope that nobody writes meanwhile, before the table is gone through as a whole. */
const quietAttempts = 3;

/** `undefined` where the index does not give just the events that were asked for. */
const pageByIndex = (
  connection: Connection,
  { stream, after, to, limit }: WantedRows,
): readonly SqlRow[] | undefined =>
  unlessCorrupt(() => {
    const rows = connection.rows(ofStreamSql).all(stream, after, to, limit) as SqlRow[];
    const isWhole =
      rows.length === Math.min(limit, to - after) &&
      rows.every((row, index) => row[2] === stream && row[3] === after + 1 + index);
    return isWhole ? rows : undefined;
  });

const placesByTable = (connection: Connection): ReadonlyMap<string, readonly number[]> => {
  const places = new Map<string, number[]>();
  for (const [position, name] of connection.rows(placesSql).iterate() as IterableIterator<SqlRow>) {
    const stream = String(name);
    const known = places.get(stream);
    if (known === undefined) places.set(stream, [Number(position)]);
    else known.push(Number(position));
  }
  return places;
};

/** A page of the table itself that is damaged is met again without the index, and then it is said. */
const unlessCorrupt = <A>(task: () => A): A | undefined => {
  try {
    return task();
  } catch (error) {
    if (codeOf(error)?.startsWith("SQLITE_CORRUPT") !== true) throw error;
    return undefined;
  }
};

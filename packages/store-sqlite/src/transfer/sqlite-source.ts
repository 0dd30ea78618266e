/** A database as something to copy from. Takes no lock and writes nothing; what is written meanwhile is not handed over. */
import type {
  CancelSignal,
  RecordedEvent,
  TransferCommit,
  TransferEntry,
  TransferExtent,
  TransferSource,
} from "@mission-ledger/core";
import type { StoreContext } from "../append/store-context.ts";
import type { Connection } from "../connection/connection.ts";
import type { SqlRow } from "../driver/driver.ts";
import { faultOf } from "../faults.ts";
import {
  commitOf,
  DamagedRow,
  eventOf,
  joinedCommandOf,
  joinedSql,
  recordedEvent,
  type StoredCommand,
  type StoredEvent,
} from "../schema/rows.ts";
import { ledgerNumbers } from "./ledger-numbers.ts";
import { asidesBehind, hasLines, linesBehind } from "./log-lines.ts";
import { namesSqlOf, type StreamRows, streamRows } from "./stream-rows.ts";

type Context = Pick<StoreContext, "database" | "path" | "retry">;

/** Where a stream ended when it was looked at. */
interface End {
  readonly revision: number;
  /** Lines behind that event that count for nothing. */
  readonly asides: number;
}

const pageEvents = 1_024;
const ofLogSql = `${joinedSql} WHERE e.position > ? ORDER BY e.position LIMIT ${pageEvents}`;
const namesOfLinesSql = namesSqlOf("lines");

export const sqliteSource = ({ database, path, retry }: Context): Omit<TransferSource, "close"> => {
  const streams = streamRows();
  const look = async <A>(task: (connection: Connection) => A, nothing: A): Promise<A> => {
    try {
      return await retry.patiently(() => {
        const connection = database.reader();
        return connection === undefined ? nothing : task(connection);
      });
    } catch (error) {
      throw faultOf(error, "read", { path });
    }
  };
  /** Reads page after page; each is a short statement, so nobody is kept waiting between them. */
  async function* entries(
    pages: Pages,
    ends: ReadonlyMap<string, End>,
    signal: CancelSignal | undefined,
  ): AsyncGenerator<readonly TransferEntry[]> {
    const numberOf = await look<ReturnType<typeof ledgerNumbers> | undefined>(ledgerNumbers, undefined);
    if (numberOf === undefined) return;
    const assembly = assembling(ends, numberOf);
    for (let ended = false; !ended; ) {
      signal?.throwIfAborted();
      const batch = await look<readonly TransferEntry[]>((connection) => {
        const rows = pages.next(connection);
        ended = rows.length < pageEvents;
        return rows.flatMap((row) => assembly.take(connection, row));
      }, []);
      if (batch.length > 0) yield batch;
    }
    assembly.end();
  }
  const endsOf = (extents: readonly TransferExtent[]): ReadonlyMap<string, End> =>
    new Map(extents.map(({ stream, end }) => [stream, end as End]));
  /** Lines before the first event. */
  const leading = (extents: readonly TransferExtent[]): Promise<readonly TransferEntry[]> =>
    look<readonly TransferEntry[]>(
      (connection) =>
        extents.flatMap(({ stream, end }) => {
          const { asides } = linesBehind(connection, stream, -1);
          const { revision, asides: many } = end as End;
          return revision < 0 ? asides.slice(0, many) : asides;
        }),
      [],
    );

  return {
    keeps: "lines",
    extents: () =>
      look<readonly TransferExtent[]>((connection) => {
        const ends = streams.ends(connection);
        const withLines = connection.rows(namesOfLinesSql).all() as SqlRow[];
        const names = new Set([...ends.keys(), ...withLines.map(([stream]) => String(stream))]);
        return [...names].sort().map((stream) => {
          const revision = ends.get(stream) ?? -1;
          const end: End = { revision, asides: asidesBehind(connection, stream, revision) };
          return { stream, end };
        });
      }, []),
    read: async function* (extent, signal) {
      const { stream, end } = extent;
      try {
        const first = await leading([extent]);
        if (first.length > 0) yield first;
        yield* entries(pagesOf(streams, stream, end as End), endsOf([extent]), signal);
      } catch (error) {
        if (signal?.aborted === true) throw error;
        throw faultOf(error, "read", { path, stream });
      }
    },
    readTogether: async function* (extents, signal) {
      try {
        const first = await leading(extents);
        if (first.length > 0) yield first;
        yield* entries(pagesOfLog(), endsOf(extents), signal);
      } catch (error) {
        if (signal?.aborted === true) throw error;
        throw faultOf(error, "read", { path });
      }
    },
  };
};

interface Pages {
  /** Rows of the next page; fewer than a page at the end. */
  next(connection: Connection): readonly SqlRow[];
}

const pagesOf = (streams: StreamRows, stream: string, { revision: to }: End): Pages => {
  let after = -1;
  return {
    next: (connection) => {
      const rows = streams.page(connection, { stream, after, to, limit: pageEvents });
      after += rows.length;
      return rows;
    },
  };
};

const pagesOfLog = (): Pages => {
  let after = 0;
  return {
    next: (connection) => {
      const rows = connection.rows(ofLogSql).all(after) as SqlRow[];
      after = Number(rows.at(-1)?.[0] ?? after);
      return rows;
    },
  };
};

interface Open {
  readonly command: StoredCommand;
  readonly events: RecordedEvent[];
  bytes: number;
}

interface Assembly {
  /** The entries that are complete with this row. */
  take(connection: Connection, row: SqlRow): readonly TransferEntry[];
  /** Throws `DamagedRow` if a command lacks events, or a stream its end. */
  end(): void;
}

/** Puts rows together to commands. Those of one command stand together, in its stream and in the log. */
const assembling = (
  ends: ReadonlyMap<string, End>,
  numberOf: (command: StoredCommand) => number,
): Assembly => {
  const heads = new Map<string, { readonly revision: number; readonly digest: string | null }>();
  const withLines = new Map<string, boolean>();
  let open: Open | undefined;

  const begin = (row: SqlRow, stored: StoredEvent): Open => {
    const command = joinedCommandOf(row);
    const { revision, digest } = heads.get(stored.stream) ?? { revision: -1, digest: null };
    if (command.position !== stored.position || command.firstRevision !== revision + 1)
      throw damaged(stored, `revision ${revision + 1} of ${stored.stream} is missing`);
    if (command.previous !== digest) throw damaged(stored, "it does not follow the event before it");
    return { command, events: [], bytes: 0 };
  };
  const complete = (connection: Connection, { command, events, bytes }: Open): readonly TransferEntry[] => {
    const { stream, firstRevision, origin } = command;
    const entry: TransferCommit = {
      _tag: "Commit",
      commit: commitOf(command, events),
      origin,
      number: numberOf(command),
      bytes,
    };
    if (!withLines.has(stream)) withLines.set(stream, hasLines(connection, stream));
    if (withLines.get(stream) !== true) return [entry];
    const last = firstRevision + events.length - 1;
    const verbatim = linesBehind(connection, stream, firstRevision - 1).ofCommand;
    const { asides } = linesBehind(connection, stream, last);
    const end = ends.get(stream);
    return [
      verbatim === undefined ? entry : { ...entry, verbatim },
      ...(end?.revision === last ? asides.slice(0, end.asides) : asides),
    ];
  };

  return {
    take: (connection, row) => {
      const stored = eventOf(row);
      const end = ends.get(stored.stream);
      if (end === undefined || stored.revision > end.revision) return [];
      open ??= begin(row, stored);
      const { command, events } = open;
      if (stored.command !== command.position) throw damaged(stored, "the command before it lacks events");
      const previous = events.at(-1)?.digest ?? command.previous;
      events.push(recordedEvent(stored, command, previous));
      open.bytes += stored.data.length + rowBytes;
      if (events.length < command.events) return [];
      heads.set(stored.stream, { revision: stored.revision, digest: stored.digest });
      const done = open;
      open = undefined;
      return complete(connection, done);
    },
    end: () => {
      if (open !== undefined)
        throw new DamagedRow("it lacks events", { table: "commands", position: open.command.position });
      for (const [stream, { revision }] of ends)
        if ((heads.get(stream)?.revision ?? -1) !== revision)
          throw new DamagedRow(`${stream} lacks events before revision ${revision}`, {
            table: "events",
            revision,
          });
    },
  };
};

/** About what an event takes beside its data. */
const rowBytes = 300;

const damaged = ({ position, revision }: StoredEvent, why: string): DamagedRow =>
  new DamagedRow(why, { table: "events", position, revision });

/**
 * One stream for folds that need little of it. SQLite puts the columns of a row together, so that its checksum takes one text
 * and not ten; what nobody wants is not taken out of the database, and nothing but wanted data is parsed.
 */
import {
  type EventEnvelope,
  emptyHead,
  type Scanned,
  type ScanOptions,
  type ScanSink,
  type WantedFields,
} from "@mission-ledger/core";
import { readHead } from "./append/log-end.ts";
import type { Connection } from "./connection/connection.ts";
import type { SqlRow } from "./driver/driver.ts";
import type { LogReading } from "./read/read-log.ts";
import { notInLog } from "./read/read-stream.ts";
import { digestAt } from "./read/stream-events.ts";
import { crcOfText } from "./schema/checksum.ts";
import { commandColumns, DamagedRow, dataOf, eventColumns } from "./schema/rows.ts";

const pageEvents = 512;

export const scanStream = async (
  { look, ensureOpen }: LogReading,
  stream: string,
  { wanted, after = emptyHead, to, signal }: ScanOptions,
  sink: ScanSink,
): Promise<Scanned> => {
  ensureOpen();
  signal?.throwIfAborted();
  const end = await look((connection) => {
    if (digestAt(connection, stream, after.revision) !== after.digest) throw notInLog(stream, after);
    return readHead(connection, stream).revision;
  }, -1);
  if (end < 0 && after.revision >= 0) throw notInLog(stream, after);
  const last = to === undefined ? end : Math.min(to, end);
  const passage = new Passage(stream, { revision: after.revision, digest: after.digest, wanted, sink });
  const types = [...wanted.keys()].slice(0, mostNamed);
  const sql = sqlFor(types.length < wanted.size ? undefined : types.length);
  for (; passage.revision < last; ) {
    signal?.throwIfAborted();
    ensureOpen();
    const rows = await look(
      (connection) =>
        passage.check(connection, rowsOf(connection, sql, types, stream, passage.revision, last), last),
      [],
    );
    if (rows.length === 0) break;
    // Outside the database's turn, whose errors are the disk's.
    try {
      passage.take(rows);
    } catch (error) {
      // Damage all the same, and to be remembered as such; what the sink threw passes through.
      if (error instanceof DamagedRow)
        await look(() => {
          throw error;
        }, undefined);
      throw error;
    }
  }
  const { revision, digest } = passage;
  const events = revision - after.revision;
  return { head: events === 0 ? after : { revision, digest }, events, gaps: 0 };
};

/** Types that are told to SQLite by name; of more of them all data is read. */
const mostNamed = 64;

/** The columns a checksum is over, in their order, as it takes them. */
const textOf = (alias: string, columns: string): string =>
  columns
    .split(", ")
    .slice(0, -1)
    .map((column) => `coalesce(${alias}.${column}, '')`)
    .join(" || char(10) || ");

const ofCommand = (column: string): string => `CASE WHEN e.position = e.command THEN ${column} END`;

const eventPart = [
  textOf("e", eventColumns),
  "e.crc",
  "e.position",
  "e.command",
  "e.revision",
  "e.type",
  "e.version",
  "e.digest",
  "e.id",
];
const commandPart = [
  textOf("c", commandColumns),
  "c.crc",
  "c.stream",
  "c.first_revision",
  "c.previous",
  "c.events",
  "c.recorded_at",
  "c.actor",
  "c.command_id",
  "c.correlation_id",
  "c.causation_id",
];
const dataAt = eventPart.length;
const commandAt = dataAt + 1;

const sqlFor = (types: number | undefined): string => {
  const data =
    types === undefined
      ? "e.data"
      : `CASE WHEN e.type IN (${Array(types).fill("?").join(", ")}) THEN e.data END`;
  return `SELECT ${[...eventPart, data, ...commandPart.map(ofCommand)].join(", ")} FROM events e JOIN commands c ON c.position = e.command WHERE e.stream = ? AND e.revision > ? AND e.revision <= ? ORDER BY e.revision LIMIT ${pageEvents}`;
};

const commandSql = `SELECT ${commandPart.join(", ")} FROM commands c WHERE c.position = ?`;

const rowsOf = (
  connection: Connection,
  sql: string,
  types: readonly string[],
  stream: string,
  after: number,
  to: number,
): readonly SqlRow[] =>
  connection.rows(sql).all(...(sql.includes("IN (") ? types : []), stream, after, to) as SqlRow[];

interface Command {
  readonly position: number;
  readonly firstRevision: number;
  readonly previous: string | null;
  readonly events: number;
  readonly recordedAt: string;
  readonly actor: string;
  readonly commandId: string;
  readonly correlationId: string | null;
  readonly causationId: string | null;
}

/** Reads the command in a row from column `from` on. Throws {@link DamagedRow}. */
const commandOf = (row: SqlRow, from: number, position: number, of: string): Command => {
  const [text, crc, stream, firstRevision, previous, events] = row.slice(from, from + 6);
  const at = { table: "commands", position };
  if (typeof text !== "string" || crcOfText(text) !== crc) throw new DamagedRow("its checksum is wrong", at);
  if (stream !== of || !((events as number) > 0)) throw new DamagedRow("it is no command", at);
  const [recordedAt, actor, commandId, correlationId, causationId] = row.slice(from + 6);
  return {
    position,
    firstRevision,
    previous,
    events,
    recordedAt,
    actor,
    commandId,
    correlationId,
    causationId,
  } as Command;
};

class Passage {
  revision: number;
  digest: string | null;
  readonly #stream: string;
  readonly #wanted: ReadonlyMap<string, WantedFields>;
  readonly #sink: ScanSink;
  #command: Command | undefined;
  #commands: (Command | undefined)[] = [];

  constructor(
    stream: string,
    {
      revision,
      digest,
      wanted,
      sink,
    }: {
      readonly revision: number;
      readonly digest: string | null;
      readonly wanted: ReadonlyMap<string, WantedFields>;
      readonly sink: ScanSink;
    },
  ) {
    this.#stream = stream;
    this.revision = revision;
    this.digest = digest;
    this.#wanted = wanted;
    this.#sink = sink;
  }

  /** The rows, if each is sound and follows the one before. Throws {@link DamagedRow}. */
  check(connection: Connection, rows: readonly SqlRow[], last: number): readonly SqlRow[] {
    const stream = this.#stream;
    let { revision, digest } = this;
    this.#commands = [];
    if (rows.length < Math.min(pageEvents, last - revision))
      throw new DamagedRow(`${stream} lacks events before revision ${last}`, {
        table: "events",
        revision: revision + rows.length + 1,
      });
    for (const row of rows) {
      const [text, crc, position, ofCommand, rowRevision, , , rowDigest] = row;
      const at = { table: "events", position: position ?? null, revision: rowRevision ?? null };
      if (crcOfText(text as string) !== crc) throw new DamagedRow("its checksum is wrong", at);
      if (rowRevision !== revision + 1)
        throw new DamagedRow(`revision ${revision + 1} of ${stream} is missing`, at);
      if (this.#command?.position !== ofCommand)
        this.#command =
          position === ofCommand
            ? commandOf(row, commandAt, position as number, stream)
            : this.#commandAt(connection, ofCommand as number);
      const command = this.#command as Command;
      const index = (position as number) - command.position;
      if (index < 0 || index >= command.events || rowRevision !== command.firstRevision + index)
        throw new DamagedRow("it does not belong to its command", at);
      if (index === 0 && command.previous !== digest)
        throw new DamagedRow("it does not follow the event before it", {
          table: "commands",
          position: command.position,
          revision: rowRevision,
        });
      this.#commands.push(command);
      revision = rowRevision as number;
      digest = rowDigest as string;
    }
    return rows;
  }

  take(rows: readonly SqlRow[]): void {
    for (let index = 0; index < rows.length; index += 1) {
      const row = rows[index] as SqlRow;
      const type = row[5] as string;
      const version = row[6] as number;
      const digest = row[7] as string;
      const fields = this.#wanted.get(type);
      if (fields === undefined) this.#sink.pass(type, version);
      else this.#sink.take(this.#event(row, this.#commands[index] as Command, fields));
      this.revision = row[4] as number;
      this.digest = digest;
    }
  }

  #event(row: SqlRow, command: Command, { data, version }: WantedFields): EventEnvelope {
    const event: { -readonly [Key in keyof EventEnvelope]: EventEnvelope[Key] } = {
      id: row[8] as string,
      type: row[5] as string,
      version: row[6] as number,
      stream: this.#stream,
      revision: row[4] as number,
      recordedAt: command.recordedAt,
      actor: command.actor,
      commandId: command.commandId,
      data:
        data?.length === 0 && (version === undefined || version === row[6]) ? {} : dataOf(storedDataOf(row)),
      previous: this.digest,
      digest: row[7] as string,
    };
    if (command.correlationId !== null) event.correlationId = command.correlationId;
    if (command.causationId !== null) event.causationId = command.causationId;
    return event;
  }

  /** The command of an event that is not its first: where a page begins in the middle of one. */
  #commandAt(connection: Connection, position: number): Command {
    const row = connection.rows(commandSql).get(position) as SqlRow | undefined;
    if (row === undefined) throw new DamagedRow("it is missing", { table: "commands", position });
    return commandOf(row, 0, position, this.#stream);
  }
}

const storedDataOf = (row: SqlRow): { data: string; position: number; revision: number } => ({
  data: row[dataAt] as string,
  position: row[2] as number,
  revision: row[4] as number,
});

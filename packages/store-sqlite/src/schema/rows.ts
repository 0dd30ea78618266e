/** Commits as rows and back. A row is a list of its columns' values; the last one is the checksum of the others. */
import {
  type Commit,
  canonicalJson,
  type EventEnvelope,
  holdsDangerousKey,
  holdsLoneSurrogate,
  type JsonObject,
  maxJsonDepth,
  mayHoldDangerousKey,
  mayHoldLoneSurrogate,
  nestsTooDeep,
  type RecordedEvent,
} from "@mission-ledger/core";
import type { SqlRow, SqlValue } from "../driver/driver.ts";
import { crcOfColumns } from "./checksum.ts";

export const commandColumns =
  "position, stream, first_revision, command_id, command_digest, previous, recorded_at, actor, correlation_id, causation_id, events, origin, origin_seq, crc";
export const eventColumns = "position, command, stream, revision, id, type, version, data, digest, crc";
const commandCount = 14;
const eventCount = 10;

const qualified = (alias: string, columns: string): string =>
  columns
    .split(", ")
    .map((column) => `${alias}.${column}`)
    .join(", ");

/** Events with the command each belongs to; what follows narrows and orders them as `e`. */
export const joinedSql: string = `SELECT ${qualified("e", eventColumns)}, ${qualified("c", commandColumns)} FROM events e JOIN commands c ON c.position = e.command`;

/** What a commit's rows are: the command's, then one for each event. */
export interface CommitRows {
  readonly command: SqlRow;
  readonly events: readonly SqlRow[];
}

/** Which copy of the ledger wrote a commit first, and its number there. */
export interface Origin {
  readonly id: string;
  readonly seq: number;
}

export const rowsOf = (commit: Commit, position: number, origin: Origin): CommitRows => {
  const { stream, firstRevision } = commit;
  const command = sealed([
    position,
    stream,
    firstRevision,
    commit.commandId,
    commit.commandDigest,
    commit.previous,
    commit.recordedAt,
    commit.actor,
    commit.correlationId ?? null,
    commit.causationId ?? null,
    commit.events.length,
    origin.id,
    origin.seq,
  ]);
  const events = commit.events.map(({ id, type, version, data, digest }, index) =>
    sealed([
      position + index,
      position,
      stream,
      firstRevision + index,
      id,
      type,
      version,
      canonicalJson(data),
      digest,
    ]),
  );
  return { command, events };
};

const sealed = (columns: SqlValue[]): SqlRow => {
  columns.push(crcOfColumns(columns));
  return columns;
};

/** A command as it was read. */
export interface StoredCommand {
  readonly position: number;
  readonly stream: string;
  readonly firstRevision: number;
  readonly commandId: string;
  readonly commandDigest: string;
  readonly previous: string | null;
  readonly recordedAt: string;
  readonly actor: string;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  readonly events: number;
  readonly origin: string;
  readonly originSeq: number;
}

/** An event as it was read; what it shares with others of its command is not in it. */
export interface StoredEvent {
  readonly position: number;
  readonly command: number;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly data: string;
  readonly digest: string;
}

/** Thrown for a row that is not what was once written; it names where it stands. */
export class DamagedRow extends Error {
  readonly at: Readonly<Record<string, SqlValue>>;
  constructor(why: string, at: Readonly<Record<string, SqlValue>>) {
    super(why);
    this.at = at;
  }
}

/** Reads the command in a row from column `from` on. Throws {@link DamagedRow}. */
export const commandOf = (row: SqlRow, from = 0): StoredCommand => {
  const own = from === 0 && row.length === commandCount ? row : row.slice(from, from + commandCount);
  const at = { table: "commands", position: own[0] ?? null, stream: own[1] ?? null };
  if (crcOfColumns(own, commandCount - 1) !== own[commandCount - 1])
    throw new DamagedRow("its checksum is wrong", at);
  const [position, stream, firstRevision, commandId, commandDigest, previous, recordedAt, actor] = own;
  const [correlationId, causationId, events, origin, originSeq] = own.slice(8);
  const command = {
    position,
    stream,
    firstRevision,
    commandId,
    commandDigest,
    previous,
    recordedAt,
    actor,
    correlationId,
    causationId,
    events,
    origin,
    originSeq,
  } as StoredCommand;
  if (!(command.events > 0 && command.firstRevision >= 0)) throw new DamagedRow("it is no command", at);
  return command;
};

/** Reads the event in the first columns of a row. Throws {@link DamagedRow}. */
export const eventOf = (row: SqlRow): StoredEvent => {
  const [position, command, stream, revision, id, type, version, data, digest, crc] = row;
  if (crcOfColumns(row, eventCount - 1) !== crc)
    throw new DamagedRow("its checksum is wrong", {
      table: "events",
      position: position ?? null,
      stream: stream ?? null,
      revision: revision ?? null,
    });
  return { position, command, stream, revision, id, type, version, data, digest } as StoredEvent;
};

/** The command in a row of {@link joinedSql}. */
export const joinedCommandOf = (row: SqlRow): StoredCommand => commandOf(row, eventCount);

/** The event as the port gives it. `previous` is the digest of the event before it in its stream. */
export const recordedEvent = (
  event: StoredEvent,
  command: StoredCommand,
  previous: string | null,
): RecordedEvent => {
  const index = event.position - command.position;
  if (
    event.stream !== command.stream ||
    event.command !== command.position ||
    index < 0 ||
    index >= command.events ||
    event.revision !== command.firstRevision + index
  )
    throw new DamagedRow("it does not belong to its command", {
      table: "events",
      position: event.position,
      stream: event.stream,
      revision: event.revision,
    });
  const recorded: { -readonly [Key in keyof RecordedEvent]: RecordedEvent[Key] } = {
    id: event.id,
    type: event.type,
    version: event.version,
    stream: event.stream,
    revision: event.revision,
    recordedAt: command.recordedAt,
    actor: command.actor,
    commandId: command.commandId,
    data: dataOf(event),
    previous,
    digest: event.digest,
    position: positionText(event.position),
  };
  if (command.correlationId !== null) recorded.correlationId = command.correlationId;
  if (command.causationId !== null) recorded.causationId = command.causationId;
  return recorded;
};

/** The event in a row of {@link joinedSql} that is known to be sound. `previous` is the digest of the event before it in its stream. */
export const eventOfKnownRow = (row: SqlRow, previous: string | null): RecordedEvent => {
  const [position, , stream, revision, id, type, version, data, digest] = row;
  // As with the columns of `commands` behind those of `events`; taken by place, since this is in every receipt's way.
  const correlationId = row[eventCount + 8];
  const causationId = row[eventCount + 9];
  const event = {
    id,
    type,
    version,
    stream,
    revision,
    recordedAt: row[eventCount + 6],
    actor: row[eventCount + 7],
    commandId: row[eventCount + 3],
    data: JSON.parse(data as string),
    previous,
    digest,
    position: positionText(position as number),
  } as { -readonly [Key in keyof RecordedEvent]: RecordedEvent[Key] };
  if (correlationId !== null) event.correlationId = correlationId as string;
  if (causationId !== null) event.causationId = causationId as string;
  return event;
};

/**
 * The data of an event as an object. What was written here is known to be harmless; a database may come from elsewhere. Throws
 * {@link DamagedRow}.
 */
const dataOf = ({
  data,
  position,
  revision,
}: Pick<StoredEvent, "data" | "position" | "revision">): JsonObject => {
  const damaged = (why: string): DamagedRow => new DamagedRow(why, { table: "events", position, revision });
  if (nestsTooDeep(data, maxJsonDepth)) throw damaged("its data nests too deep");
  let parsed: unknown;
  try {
    parsed = JSON.parse(data);
  } catch {
    throw damaged("its data is no JSON");
  }
  if (parsed === null || typeof parsed !== "object" || Array.isArray(parsed))
    throw damaged("its data is no JSON object");
  if (mayHoldDangerousKey(data) && holdsDangerousKey(parsed)) throw damaged("its data has a forbidden key");
  if (mayHoldLoneSurrogate(data) && holdsLoneSurrogate(parsed))
    throw damaged("its data holds half a character");
  return parsed as JsonObject;
};

/** The commit that a command and its events make. */
export const commitOf = (command: StoredCommand, events: readonly RecordedEvent[]): Commit => ({
  stream: command.stream,
  commandId: command.commandId,
  commandDigest: command.commandDigest,
  firstRevision: command.firstRevision,
  previous: command.previous,
  recordedAt: command.recordedAt,
  actor: command.actor,
  ...(command.correlationId === null ? {} : { correlationId: command.correlationId }),
  ...(command.causationId === null ? {} : { causationId: command.causationId }),
  events: events.map(({ position: _, ...event }): EventEnvelope => event),
});

/** Positions sort as text in log order. */
export const positionText = (position: number): string => String(position).padStart(16, "0");

/** The number in a position; 0, which is before the first event, if the text is no position; none is beyond the last safe integer. */
export const positionNumber = (text: string): number =>
  /^[0-9]{16}$/.test(text) ? Math.min(Number(text), Number.MAX_SAFE_INTEGER) : 0;

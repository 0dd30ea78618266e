/**
 * A page of a stream as two texts: its events' columns, and those of the commands that begin in it, a LF behind each. SQLite
 * puts them together as their checksums take them, which costs a fraction of handing over every column of every row.
 */
import {
  type JsonObject,
  maxJsonDepth,
  mayHoldDangerousKey,
  mayHoldLoneSurrogate,
  nestsTooDeep,
  type WantedFields,
} from "@mission-ledger/core";
import type { Connection } from "./connection/connection.ts";
import type { SqlRow } from "./driver/driver.ts";
import { crcOfText } from "./schema/checksum.ts";
import { commandColumns, eventColumns } from "./schema/rows.ts";

/** As many as `read` takes at once; more of them are not faster. */
export const scannedEvents = 256;

/** What of a command its events need. */
export interface ScannedCommand {
  readonly position: number;
  readonly firstRevision: number;
  readonly events: number;
  readonly commandId: string;
  readonly recordedAt: string;
  readonly actor: string;
  readonly correlationId: string | null;
  readonly causationId: string | null;
}

/** Where the columns of an event stand in a page's text. */
export interface ScannedPlace {
  readonly command: ScannedCommand;
  readonly idAt: number;
  readonly idEnd: number;
  readonly typeEnd: number;
  /** `undefined` for an event that is only named. */
  readonly wish: Wish | undefined;
  readonly version: number;
  /** `undefined` for what nobody wants, which was not looked at but for its checksum. */
  readonly data: JsonObject | undefined;
  readonly dataEnd: number;
  readonly digestEnd: number;
}

/** A type's name as one string for all its events, with what is wanted of them. */
export type Wish = readonly [type: string, WantedFields];

export interface ScannedPage {
  readonly text: string;
  readonly places: readonly ScannedPlace[];
}

const nullable = ["previous", "correlation_id", "causation_id"];

const joined = (alias: string, columns: string): string => {
  const all = columns
    .split(", ")
    .map((name) => (nullable.includes(name) ? `coalesce(${alias}.${name}, '')` : `${alias}.${name}`));
  return `concat_ws(char(10), ${all.join(", ")})`;
};

// In a joined text it cannot be seen any more what a value was. SQLite orders numbers before texts before blobs, and a comparison
// with NULL is not true; a column of TEXT turns a number that is stored in it to a text.
const isText = (column: string): string => `${column} < x''`;
const isNumber = (column: string): string => `${column} < ''`;
const all = (alias: string, names: string, test: (column: string) => string): string =>
  names
    .split(" ")
    .map((name) => test(`${alias}.${name}`))
    .join(" AND ");
const soundCommand = [
  all("c", "stream command_id command_digest recorded_at actor origin", isText),
  all("c", nullable.join(" "), (column) => `(${isText(column)}) IS NOT 0`),
  all("c", "first_revision events origin_seq crc", isNumber),
].join(" AND ");
const soundEvent = [all("e", "id type data digest", isText), all("e", "command version crc", isNumber)].join(
  " AND ",
);

const pageSql = `SELECT count(*), count(c.previous), count(c.correlation_id), count(c.causation_id), group_concat(${joined("e", eventColumns)}, char(10)) || char(10), group_concat(CASE WHEN c.position IS NOT NULL THEN ${joined("c", commandColumns)} END, char(10)) || char(10) FROM events e LEFT JOIN commands c ON c.position = e.command AND e.command = e.position AND ${soundCommand} WHERE e.stream = ? AND e.revision > ? AND e.revision <= ? AND ${soundEvent}`;

/** What a page follows. */
export interface ScannedBefore {
  readonly stream: string;
  readonly revision: number;
  readonly digest: string | null;
  readonly command: ScannedCommand;
  readonly wishes: ReadonlyMap<string, Wish>;
}

/**
 * The page of the events after one and up to `to`, of which there are at most {@link scannedEvents}, if there is nothing
 * unusual about any of them: each is there, of the right type, as its checksum says, linked to the one before and in its
 * command. `undefined` if not, which says nothing yet: a reader that looks at each column has to decide what it is.
 */
export const pageTextOf = (
  connection: Connection,
  { stream, revision: after, digest: before, command: underway, wishes }: ScannedBefore,
  to: number,
): ScannedPage | undefined => {
  const row = connection.rows(pageSql).get(stream, after, to) as SqlRow;
  if (row[0] !== to - after) return undefined;
  const text = row[4] as string;
  const events = new ColumnReader(text);
  const commands = new CommandReader((row[5] as string | null) ?? "", stream);
  const places: ScannedPlace[] = [];
  let command = underway;
  let linkAt = 0;
  let linkEnd = 0;
  for (let revision = after + 1; revision <= to; revision += 1) {
    const start = events.at;
    const position = events.number();
    const ofCommand = events.number();
    if (!events.is(stream) || events.number() !== revision) return undefined;
    if (position === ofCommand) {
      const link = revision === after + 1 ? (before ?? "") : text.slice(linkAt, linkEnd);
      const next = commands.next(link);
      if (next === undefined) return undefined;
      command = next;
    }
    const index = position - command.position;
    if (
      ofCommand !== command.position ||
      !(index >= 0 && index < command.events) ||
      revision !== command.firstRevision + index
    )
      return undefined;
    const idAt = events.at;
    const idEnd = events.end();
    const typeEnd = events.end();
    const version = events.number();
    const dataAt = events.at;
    const dataEnd = events.end();
    const digestEnd = events.end();
    // An end that was not found is before the start.
    if (
      Number.isNaN(version) ||
      digestEnd < dataEnd ||
      crcOfText(text.slice(start, digestEnd)) !== events.number()
    )
      return undefined;
    const wish = wishes.get(text.slice(idEnd + 1, typeEnd));
    const data =
      wish === undefined || wantsNoData(wish[1], version) ? undefined : dataOf(text.slice(dataAt, dataEnd));
    if (data === null) return undefined;
    places.push({ command, idAt, idEnd, typeEnd, version, wish, data, dataEnd, digestEnd });
    linkAt = dataEnd + 1;
    linkEnd = digestEnd;
  }
  // A LF within a column would have left something over, as no column can be missing: then a place could be another column's.
  const isWhole = events.isAtEnd() && commands.isWhole(row[1] as number, row[2] as number, row[3] as number);
  return isWhole ? { text, places } : undefined;
};

const wantsNoData = ({ data, version: shape }: WantedFields, version: number): boolean =>
  data?.length === 0 && (shape === undefined || shape === version);

/** `null` for what is no JSON object, or might be one that is refused. */
const dataOf = (text: string): JsonObject | null => {
  if (nestsTooDeep(text, maxJsonDepth) || mayHoldDangerousKey(text) || mayHoldLoneSurrogate(text))
    return null;
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) || typeof parsed !== "object" ? null : (parsed as JsonObject | null);
  } catch {
    return null;
  }
};

const lineFeed = 10;
const zero = 48;

/** Goes through columns with a LF behind each. */
class ColumnReader {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** A whole number; NaN if it is anything else, or none that is certainly exact. */
  number(): number {
    const text = this.#text;
    const start = this.at;
    let value = 0;
    for (let at = start; ; at += 1) {
      const code = text.charCodeAt(at);
      if (code === lineFeed) {
        this.at = at + 1;
        return at > start && at - start < 16 ? value : Number.NaN;
      }
      // Behind the last character the code is NaN.
      if (!(code >= zero && code < zero + 10)) return Number.NaN;
      value = value * 10 + code - zero;
    }
  }

  is(expected: string): boolean {
    const at = this.at;
    const end = at + expected.length;
    if (!this.#text.startsWith(expected, at) || this.#text.charCodeAt(end) !== lineFeed) return false;
    this.at = end + 1;
    return true;
  }

  /** Where the column ends that begins here; -1 if there is none any more. */
  end(): number {
    const end = this.#text.indexOf("\n", this.at);
    this.at = end + 1;
    return end;
  }

  isAtEnd(): boolean {
    return this.at === this.#text.length;
  }
}

class CommandReader {
  readonly #text: string;
  readonly #columns: ColumnReader;
  readonly #stream: string;
  #previous = 0;
  #correlated = 0;
  #caused = 0;

  constructor(text: string, stream: string) {
    this.#text = text;
    this.#columns = new ColumnReader(text);
    this.#stream = stream;
  }

  /** The next one, if it is sound and follows `link`. */
  next(link: string): ScannedCommand | undefined {
    const columns = this.#columns;
    const text = this.#text;
    const start = columns.at;
    const position = columns.number();
    if (!columns.is(this.#stream)) return undefined;
    const firstRevision = columns.number();
    const commandIdAt = columns.at;
    const commandIdEnd = columns.end();
    columns.end();
    if (!columns.is(link)) return undefined;
    const recordedAt = columns.at;
    const recordedEnd = columns.end();
    const actorEnd = columns.end();
    const correlationEnd = columns.end();
    const causationEnd = columns.end();
    const events = columns.number();
    columns.end();
    columns.number();
    const end = columns.at - 1;
    if (end < causationEnd || crcOfText(text.slice(start, end)) !== columns.number()) return undefined;
    if (link !== "") this.#previous += 1;
    if (correlationEnd > actorEnd + 1) this.#correlated += 1;
    if (causationEnd > correlationEnd + 1) this.#caused += 1;
    return {
      position,
      firstRevision,
      events,
      commandId: text.slice(commandIdAt, commandIdEnd),
      recordedAt: text.slice(recordedAt, recordedEnd),
      actor: text.slice(recordedEnd + 1, actorEnd),
      correlationId: text.slice(actorEnd + 1, correlationEnd) || null,
      causationId: text.slice(correlationEnd + 1, causationEnd) || null,
    };
  }

  /** Whether nothing is left over, and what is empty was NULL: of each column, how many were not. */
  isWhole(previous: number, correlated: number, caused: number): boolean {
    return (
      this.#columns.isAtEnd() &&
      this.#previous === previous &&
      this.#correlated === correlated &&
      this.#caused === caused
    );
  }
}

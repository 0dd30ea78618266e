/**
 * A page of a stream as two texts: its events' columns, and those of the commands that begin in it, a LF behind each. SQLite
 * puts them together as their checksums take them, which costs a fraction of handing over every column of every row.
 */
import {
  type JsonObject,
  maxJsonDepth,
  mayHoldDangerousKey,
  nestsTooDeep,
  type WantedFields,
} from "@mission-ledger/core";
import type { Connection } from "./connection/connection.ts";
import type { SqlRow } from "./driver/driver.ts";
import { ColumnReader, CommandReader, type ScannedCommand } from "./scan-columns.ts";
import { pageSql } from "./scan-sql.ts";
import { PageChecksum } from "./schema/page-checksum.ts";

/** As many as `read` takes at once; more of them are not faster. */
export const scannedEvents = 256;

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

/** What is wanted of the events of one type. */
export interface Wish {
  /** The type's name, as one string for all its events. */
  readonly type: string;
  /** The shape that the rest speaks of: of other versions everything is wanted. */
  readonly version: number | undefined;
  readonly wantsData: boolean;
  readonly wantsId: boolean;
  readonly wantsTime: boolean;
  readonly wantsActor: boolean;
  /** Anything else of the envelope. */
  readonly wantsMore: boolean;
}

export const wishOf = (type: string, { data, meta, version }: WantedFields): Wish => ({
  type,
  version,
  wantsData: data?.length !== 0,
  wantsId: meta?.includes("id") ?? true,
  wantsTime: meta?.includes("recordedAt") ?? true,
  wantsActor: meta?.includes("actor") ?? true,
  wantsMore: meta?.some((name) => !cheap.has(name)) ?? true,
});

/** What {@link Wish} speaks of by name, and what always comes along. */
const cheap: ReadonlySet<string> = new Set([
  "id",
  "recordedAt",
  "actor",
  "type",
  "version",
  "stream",
  "revision",
]);

export interface ScannedPage {
  readonly text: string;
  readonly places: readonly ScannedPlace[];
}

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
  const text = row[1] as string;
  const events = new ColumnReader(text);
  const checksum = new PageChecksum(text);
  const commands = new CommandReader((row[2] as string | null) ?? "", stream);
  const guard = new DataGuard(text);
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
    if (Number.isNaN(version) || digestEnd < dataEnd) return undefined;
    if (!checksum.row(start, digestEnd, events.number(), events.at - 1)) return undefined;
    const wish = wishes.get(text.slice(idEnd + 1, typeEnd));
    let data: JsonObject | undefined;
    if (wish !== undefined && !wantsNoData(wish, version)) {
      data = guard.mayHarm(dataAt, dataEnd) ? undefined : dataOf(text.slice(dataAt, dataEnd));
      if (data === undefined) return undefined;
    }
    places.push({ command, idAt, idEnd, typeEnd, version, wish, data, dataEnd, digestEnd });
    linkAt = dataEnd + 1;
    linkEnd = digestEnd;
  }
  // A LF within a column would have left something over, as no column can be missing: then a place could be another column's.
  const isWhole = events.isAtEnd() && checksum.isSound() && commands.isWhole();
  return isWhole ? { text, places } : undefined;
};

/** Whether everything of an event is wanted, of which its wish says nothing. */
export const isOfOtherShape = (wish: Wish, version: number): boolean =>
  wish.version !== undefined && wish.version !== version;

const wantsNoData = (wish: Wish, version: number): boolean =>
  !wish.wantsData && !isOfOtherShape(wish, version);

/** `undefined` for what is no JSON object. */
const dataOf = (text: string): JsonObject | undefined => {
  try {
    const parsed: unknown = JSON.parse(text);
    const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as JsonObject) : undefined;
  } catch {
    return undefined;
  }
};

/** Looks for what may not be parsed, as far as it can in the text of the whole page. To be asked from its start to its end. */
class DataGuard {
  readonly #text: string;
  #isSuspect: boolean | undefined;
  #brace = -1;
  #bracket = -1;

  constructor(text: string) {
    this.#text = text;
  }

  /** Whether the data from `from` to `to` might be some that is refused. */
  mayHarm(from: number, to: number): boolean {
    const text = this.#text;
    this.#isSuspect ??= mayHoldPartOfDangerousKey(text);
    if (!this.#isSuspect && this.#opening(from, to) <= maxJsonDepth) return false;
    const data = text.slice(from, to);
    // Half a character is an escape, and any escape of a character is a suspicion here.
    return nestsTooDeep(data, maxJsonDepth) || mayHoldDangerousKey(data);
  }

  /** How many brackets open, each searched for once in the page. */
  #opening(from: number, to: number): number {
    const text = this.#text;
    let brackets = 0;
    let at = this.#brace < from ? nextOf(text, "{", from) : this.#brace;
    for (; at < to; at = nextOf(text, "{", at + 1)) brackets += 1;
    this.#brace = at;
    at = this.#bracket < from ? nextOf(text, "[", from) : this.#bracket;
    for (; at < to; at = nextOf(text, "[", at + 1)) brackets += 1;
    this.#bracket = at;
    return brackets;
  }
}

/** Parts that begin with a rare letter, and so are found in an eighth of the time that the keys themselves take. */
const mayHoldPartOfDangerousKey = (text: string): boolean =>
  text.includes("__p") || text.includes('uctor"') || text.includes('ype"') || text.includes("\\u");

/** The end of the text if there is none. */
const nextOf = (text: string, bracket: string, from: number): number => {
  const at = text.indexOf(bracket, from);
  return at < 0 ? text.length : at;
};

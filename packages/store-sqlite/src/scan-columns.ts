/** Columns in the texts of a page. */
import { PageChecksum } from "./schema/page-checksum.ts";

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

const lineFeed = 10;
const zero = 48;

/** Goes through columns with a LF behind each. */
export class ColumnReader {
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
    // `startsWith` compares character by character, in four times as long.
    if (this.#text.charCodeAt(end) !== lineFeed || this.#text.slice(at, end) !== expected) return false;
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

/** Goes through the columns of commands. */
export class CommandReader {
  readonly #text: string;
  readonly #columns: ColumnReader;
  readonly #checksum: PageChecksum;
  readonly #stream: string;

  constructor(text: string, stream: string) {
    this.#text = text;
    this.#columns = new ColumnReader(text);
    this.#checksum = new PageChecksum(text);
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
    const columnsEnd = columns.at - 1;
    if (columnsEnd < causationEnd || Number.isNaN(events)) return undefined;
    if (!this.#checksum.row(start, columnsEnd, columns.number(), columns.at - 1)) return undefined;
    const at: CommandPlace = {
      commandIdAt,
      commandIdEnd,
      recordedAt,
      recordedEnd,
      actorEnd,
      correlationEnd,
      causationEnd,
    };
    return new CommandInText(text, at, position, firstRevision, events);
  }

  /** Whether each is as its checksum says, and nothing is left over. */
  isWhole(): boolean {
    return this.#columns.isAtEnd() && this.#checksum.isSound();
  }
}

interface CommandPlace {
  readonly commandIdAt: number;
  readonly commandIdEnd: number;
  readonly recordedAt: number;
  readonly recordedEnd: number;
  readonly actorEnd: number;
  readonly correlationEnd: number;
  readonly causationEnd: number;
}

/** Few want all of a command, so its columns are cut out when they are asked for. */
class CommandInText implements ScannedCommand {
  readonly position: number;
  readonly firstRevision: number;
  readonly events: number;
  readonly #text: string;
  readonly #at: CommandPlace;

  constructor(text: string, at: CommandPlace, position: number, firstRevision: number, events: number) {
    this.#text = text;
    this.#at = at;
    this.position = position;
    this.firstRevision = firstRevision;
    this.events = events;
  }

  get commandId(): string {
    return this.#text.slice(this.#at.commandIdAt, this.#at.commandIdEnd);
  }

  get recordedAt(): string {
    return this.#text.slice(this.#at.recordedAt, this.#at.recordedEnd);
  }

  get actor(): string {
    return this.#text.slice(this.#at.recordedEnd + 1, this.#at.actorEnd);
  }

  get correlationId(): string | null {
    return this.#text.slice(this.#at.actorEnd + 1, this.#at.correlationEnd) || null;
  }

  get causationId(): string | null {
    return this.#text.slice(this.#at.correlationEnd + 1, this.#at.causationEnd) || null;
  }
}

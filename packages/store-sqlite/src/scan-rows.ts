/** Rows in the texts of a page. */
import { ColumnReader } from "./scan-columns.ts";
import type { ScannedText } from "./scan-text.ts";
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

/** Goes through events, and cuts columns out of the one it has come to. */
export class EventReader {
  position = 0;
  /** The position of the command it says it belongs to. */
  ofCommand = 0;
  revision = 0;
  version = 0;
  dataAt = 0;
  dataEnd = 0;
  readonly #text: ScannedText;
  readonly #columns: ColumnReader;
  readonly #checksum: PageChecksum;
  readonly #stream: string;
  #idAt = 0;
  #idEnd = 0;
  #typeEnd = 0;
  #digestEnd = 0;

  /** `stream` with a character for each of its bytes. */
  constructor(text: ScannedText, stream: string) {
    this.#text = text;
    this.#columns = new ColumnReader(text);
    this.#checksum = new PageChecksum(text.bytes);
    this.#stream = stream;
  }

  /** Goes on to the next one. Answers whether it may be sound. */
  next(): boolean {
    const columns = this.#columns;
    const start = columns.at;
    this.position = columns.number();
    this.ofCommand = columns.number();
    if (!columns.is(this.#stream)) return false;
    this.revision = columns.number();
    this.#idAt = columns.at;
    this.#idEnd = columns.end();
    this.#typeEnd = columns.end();
    this.version = columns.number();
    this.dataAt = columns.at;
    this.dataEnd = columns.end();
    this.#digestEnd = columns.end();
    // An end that was not found is before the start.
    if (Number.isNaN(this.version) || this.#digestEnd < this.dataEnd) return false;
    return this.#checksum.row(start, this.#digestEnd, columns.number(), columns.at - 1);
  }

  id(): string {
    return this.#text.slice(this.#idAt, this.#idEnd);
  }

  type(): string {
    return this.#text.slice(this.#idEnd + 1, this.#typeEnd);
  }

  digest(): string {
    return this.#text.slice(this.dataEnd + 1, this.#digestEnd);
  }

  /** Whether each is as its checksum says, and nothing is left over. */
  isWhole(): boolean {
    return this.#columns.isAtEnd() && this.#text.isText() && this.#checksum.isSound();
  }
}

/** Goes through the columns of commands. */
export class CommandReader {
  readonly #text: ScannedText;
  readonly #columns: ColumnReader;
  readonly #checksum: PageChecksum;
  readonly #stream: string;

  /** `stream` with a character for each of its bytes. */
  constructor(text: ScannedText, stream: string) {
    this.#text = text;
    this.#columns = new ColumnReader(text);
    this.#checksum = new PageChecksum(text.bytes);
    this.#stream = stream;
  }

  /** The next one, if it is sound and follows `link`. */
  next(link: string): ScannedCommand | undefined {
    const columns = this.#columns;
    const start = columns.at;
    const position = columns.number();
    if (!columns.is(this.#stream)) return undefined;
    const firstRevision = columns.number();
    const commandIdAt = columns.at;
    columns.end();
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
    return new CommandInText(this.#text, {
      position,
      firstRevision,
      events,
      commandIdAt,
      recordedAt,
      recordedEnd,
      actorEnd,
      correlationEnd,
      causationEnd,
    });
  }

  /** Whether each is as its checksum says, and nothing is left over. */
  isWhole(): boolean {
    return this.#columns.isAtEnd() && this.#text.isText() && this.#checksum.isSound();
  }
}

interface CommandPlace {
  readonly position: number;
  readonly firstRevision: number;
  readonly events: number;
  readonly commandIdAt: number;
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
  readonly #text: ScannedText;
  readonly #at: CommandPlace;

  constructor(text: ScannedText, at: CommandPlace) {
    this.#text = text;
    this.#at = at;
    this.position = at.position;
    this.firstRevision = at.firstRevision;
    this.events = at.events;
  }

  get commandId(): string {
    const { commandIdAt } = this.#at;
    return this.#text.slice(commandIdAt, this.#text.byBytes.indexOf("\n", commandIdAt));
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

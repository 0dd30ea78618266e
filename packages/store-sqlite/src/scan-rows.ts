/** Rows in the texts of a page. */
import { ColumnReader } from "./scan-columns.ts";
import type { ScannedText } from "./scan-text.ts";
import type { ScannedType, TypeTable } from "./scan-types.ts";
import { PageChecksum } from "./schema/page-checksum.ts";

/** A UUID, SHA-256 in hexadecimal digits, a time to the millisecond: what these columns hold as a rule, and need not. */
const idBytes = 36;
const digestBytes = 64;
const timeBytes = 24;

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
  digestAt = 0;
  digestEnd = 0;
  readonly #text: ScannedText;
  readonly #columns: ColumnReader;
  readonly #checksum: PageChecksum;
  readonly #stream: DataView;
  #idAt = 0;
  #idEnd = 0;
  #typeEnd = 0;

  constructor(text: ScannedText, stream: DataView) {
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
    if (!columns.is(this.#stream, 0, this.#stream.byteLength)) return false;
    this.revision = columns.number();
    this.#idAt = columns.at;
    this.#idEnd = columns.endAfter(idBytes);
    this.#typeEnd = columns.end();
    this.version = columns.number();
    this.dataAt = columns.at;
    this.dataEnd = columns.end();
    this.digestAt = columns.at;
    this.digestEnd = columns.endAfter(digestBytes);
    // An end that was not found is before the start.
    if (Number.isNaN(this.version) || this.digestEnd < this.dataEnd) return false;
    return this.#checksum.row(start, this.digestEnd, columns.number(), columns.at - 1);
  }

  id(): string {
    return this.#text.slice(this.#idAt, this.#idEnd);
  }

  type(types: TypeTable): ScannedType {
    return types.in(this.#text, this.#idEnd + 1, this.#typeEnd);
  }

  digest(): string {
    return this.#text.slice(this.digestAt, this.digestEnd);
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
  readonly #stream: DataView;

  constructor(text: ScannedText, stream: DataView) {
    this.#text = text;
    this.#columns = new ColumnReader(text);
    this.#checksum = new PageChecksum(text.bytes);
    this.#stream = stream;
  }

  /** The next one, if it is sound and follows the digest that so many bytes of a text are from a place on. */
  next(link: DataView, linkAt: number, linkBytes: number): ScannedCommand | undefined {
    const columns = this.#columns;
    const start = columns.at;
    const position = columns.number();
    if (!columns.is(this.#stream, 0, this.#stream.byteLength)) return undefined;
    const firstRevision = columns.number();
    const commandIdAt = columns.at;
    const commandIdEnd = columns.endAfter(idBytes);
    columns.endAfter(digestBytes);
    if (!columns.is(link, linkAt, linkBytes)) return undefined;
    const recordedAt = columns.at;
    const recordedEnd = columns.endAfter(timeBytes);
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
      commandIdEnd,
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

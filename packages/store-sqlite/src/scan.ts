/** One stream for folds that need little of it: pages of plain rows as text, any other page as `read` reads it. */
import {
  emptyHead,
  type RecordedEvent,
  type Scanned,
  type ScanOptions,
  type ScanSink,
  type StreamHead,
} from "@mission-ledger/core";
import type { Connection } from "./connection/connection.ts";
import type { SqlRow } from "./driver/driver.ts";
import type { LogReading } from "./read/read-log.ts";
import { lastRevision, lastToRead } from "./read/read-stream.ts";
import { pageOf } from "./read/stream-events.ts";
import { type ScannedPage, scanPage } from "./scan-page.ts";
import type { ScannedCommand } from "./scan-rows.ts";
import { type TypeTable, typesOf } from "./scan-types.ts";
import { commandColumns, commandOf } from "./schema/rows.ts";

export const scanStream = async (
  reading: LogReading,
  stream: string,
  options: ScanOptions,
  sink: ScanSink,
): Promise<Scanned> => {
  const { look, ensureOpen } = reading;
  ensureOpen();
  const { wanted, after = emptyHead, to = Number.POSITIVE_INFINITY, signal } = options;
  // What a reading goes on from has to be in the log; one from the start learns with its first page how far it goes.
  const end = after.revision < 0 ? undefined : await lastToRead(reading, stream, options);
  const passage = new Passage({ stream, after, to, end, wanted, sink });
  while (!passage.isAtEnd()) {
    signal?.throwIfAborted();
    ensureOpen();
    const page = await look((connection) => passage.next(connection), undefined);
    if (page === undefined) break;
    // Outside the database's turn, whose errors are the disk's.
    passage.take(page);
  }
  const { revision, digest } = passage;
  const events = revision - after.revision;
  return { head: events === 0 ? after : { revision, digest }, events, gaps: 0 };
};

type Page =
  | ({ readonly _tag: "Scanned" } & ScannedPage)
  | { readonly _tag: "Events"; readonly end: number; readonly events: readonly RecordedEvent[] };

const noCommand: ScannedCommand = {
  position: 0,
  firstRevision: 0,
  events: 0,
  commandId: "",
  recordedAt: "",
  actor: "",
  correlationId: null,
  causationId: null,
};

const commandSql = `SELECT ${commandColumns.replaceAll(/(?<=^|, )/g, "c.")} FROM events e JOIN commands c ON c.position = e.command WHERE e.stream = ? AND e.revision = ? AND e.position <> e.command`;

interface PassageOptions {
  readonly stream: string;
  readonly after: StreamHead;
  readonly to: number;
  /** The last revision of the stream, where it is known. */
  readonly end: number | undefined;
  readonly wanted: ScanOptions["wanted"];
  readonly sink: ScanSink;
}

class Passage {
  revision: number;
  digest: string | null;
  readonly #stream: string;
  readonly #to: number;
  readonly #wanted: ScanOptions["wanted"];
  readonly #types: TypeTable;
  readonly #sink: ScanSink;
  #end: number | undefined;
  /** That of the last event, of which there may be more. */
  #command: ScannedCommand = noCommand;

  constructor({ stream, after: { revision, digest }, to, end, wanted, sink }: PassageOptions) {
    this.#stream = stream;
    this.revision = revision;
    this.digest = digest;
    this.#to = to;
    this.#end = end;
    this.#wanted = wanted;
    this.#types = typesOf(wanted);
    this.#sink = sink;
  }

  isAtEnd(): boolean {
    return this.revision >= Math.min(this.#to, this.#end ?? this.#to);
  }

  /** The next page; `undefined` if there is nothing. Throws `DamagedRow`. */
  next(connection: Connection): Page | undefined {
    const { revision, digest } = this;
    if (this.#command === noCommand && revision >= 0) this.#command = this.#underway(connection);
    const before = {
      stream: this.#stream,
      revision,
      digest,
      command: this.#command,
      types: this.#types,
    };
    const page = scanPage(connection, before, { to: this.#to, end: this.#end });
    if (page !== undefined) return { _tag: "Scanned", ...page };
    const end = this.#end ?? lastRevision(connection, this.#stream);
    const last = Math.min(this.#to, end);
    if (last <= revision) return undefined;
    return { _tag: "Events", end, events: pageOf(connection, this.#stream, before, last) };
  }

  take(page: Page): void {
    this.#end = page.end;
    switch (page._tag) {
      case "Scanned":
        this.#takeScanned(page);
        break;
      case "Events":
        this.#takeEvents(page.events);
        break;
    }
  }

  #takeScanned({ events, digest, command }: ScannedPage): void {
    for (const event of events) {
      if (event.data === undefined) this.#sink.pass(event.type, event.version);
      else this.#sink.take(event);
    }
    this.revision += events.length;
    this.digest = digest;
    this.#command = command;
  }

  #takeEvents(events: readonly RecordedEvent[]): void {
    for (const { position: _, ...event } of events) {
      if (this.#wanted.has(event.type)) this.#sink.take(event);
      else this.#sink.pass(event.type, event.version);
      this.revision = event.revision;
      this.digest = event.digest;
    }
    this.#command = noCommand;
  }

  /** The command that goes on with the next event, if one does. */
  #underway(connection: Connection): ScannedCommand {
    const row = connection.rows(commandSql).get(this.#stream, this.revision + 1) as SqlRow | undefined;
    if (row === undefined) return noCommand;
    const command = commandOf(row);
    // What is wrong about another stream's is for the reader of rows to say.
    return command.stream === this.#stream ? command : noCommand;
  }
}

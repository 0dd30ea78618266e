/** One stream for folds that need little of it: pages of plain rows as text, any other page as `read` reads it. */
import {
  emptyHead,
  type RecordedEvent,
  type Scanned,
  type ScanOptions,
  type ScanSink,
} from "@mission-ledger/core";
import type { Connection } from "./connection/connection.ts";
import type { SqlRow } from "./driver/driver.ts";
import type { LogReading } from "./read/read-log.ts";
import { lastToRead } from "./read/read-stream.ts";
import { pageOf } from "./read/stream-events.ts";
import { type ScannedPage, scannedEvents, scanPage } from "./scan-page.ts";
import type { ScannedCommand } from "./scan-rows.ts";
import { type Wish, wishOf } from "./scan-wish.ts";
import { commandColumns, commandOf } from "./schema/rows.ts";

export const scanStream = async (
  reading: LogReading,
  stream: string,
  options: ScanOptions,
  sink: ScanSink,
): Promise<Scanned> => {
  const { look, ensureOpen } = reading;
  const { wanted, after = emptyHead, signal } = options;
  const last = await lastToRead(reading, stream, options);
  const passage = new Passage(stream, after, wanted, sink);
  for (; passage.revision < last; ) {
    signal?.throwIfAborted();
    ensureOpen();
    const page = await look((connection) => passage.next(connection, last), undefined);
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
  | { readonly _tag: "Events"; readonly events: readonly RecordedEvent[] };

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

class Passage {
  revision: number;
  digest: string | null;
  readonly #stream: string;
  readonly #wishes: ReadonlyMap<string, Wish>;
  readonly #sink: ScanSink;
  /** That of the last event, of which there may be more. */
  #command: ScannedCommand = noCommand;

  constructor(
    stream: string,
    { revision, digest }: { readonly revision: number; readonly digest: string | null },
    wanted: ScanOptions["wanted"],
    sink: ScanSink,
  ) {
    this.#stream = stream;
    this.revision = revision;
    this.digest = digest;
    this.#wishes = new Map(Array.from(wanted, ([type, fields]) => [type, wishOf(type, fields)]));
    this.#sink = sink;
  }

  /** The next page, up to `last`. Throws `DamagedRow`. */
  next(connection: Connection, last: number): Page {
    const { revision, digest } = this;
    if (this.#command === noCommand && revision >= 0) this.#command = this.#underway(connection);
    const before = {
      stream: this.#stream,
      revision,
      digest,
      command: this.#command,
      wishes: this.#wishes,
    };
    const page = scanPage(connection, before, Math.min(last, revision + scannedEvents));
    if (page !== undefined) return { _tag: "Scanned", ...page };
    return { _tag: "Events", events: pageOf(connection, this.#stream, before, last) };
  }

  take(page: Page): void {
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
      if (this.#wishes.has(event.type)) this.#sink.take(event);
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

/** One stream for folds that need little of it: pages of plain rows as text, any other page as `read` reads it. */
import {
  type EventEnvelope,
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
import type { ScannedCommand } from "./scan-columns.ts";
import {
  isOfOtherShape,
  pageTextOf,
  type ScannedPage,
  type ScannedPlace,
  scannedEvents,
  type Wish,
  wishOf,
} from "./scan-page.ts";
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
  | ({ readonly _tag: "Text" } & ScannedPage)
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

const digestAt = (text: string, { dataEnd, digestEnd }: ScannedPlace): string =>
  text.slice(dataEnd + 1, digestEnd);

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
    const page = pageTextOf(connection, before, Math.min(last, revision + scannedEvents));
    if (page !== undefined) return { _tag: "Text", ...page };
    return { _tag: "Events", events: pageOf(connection, this.#stream, before, last) };
  }

  take(page: Page): void {
    switch (page._tag) {
      case "Text":
        this.#takeText(page);
        break;
      case "Events":
        this.#takeEvents(page.events);
        break;
    }
  }

  #takeText({ text, places }: ScannedPage): void {
    for (let index = 0; index < places.length; index += 1) {
      const place = places[index] as ScannedPage["places"][number];
      const { command, idEnd, typeEnd, version, wish } = place;
      this.revision += 1;
      if (wish === undefined) this.#sink.pass(text.slice(idEnd + 1, typeEnd), version);
      else this.#sink.take(this.#eventAt(text, place, wish, places[index - 1]));
      this.#command = command;
    }
    const last = places.at(-1);
    if (last !== undefined) this.digest = digestAt(text, last);
  }

  /** What is wanted of an event; of the first of a page the one before is not in the page. */
  #eventAt(text: string, place: ScannedPlace, wish: Wish, before: ScannedPlace | undefined): EventEnvelope {
    const { command, idAt, idEnd, version, data = {} } = place;
    const { type } = wish;
    const event: Partial<{ -readonly [Key in keyof EventEnvelope]: EventEnvelope[Key] }> = {
      type,
      version,
      stream: this.#stream,
      revision: this.revision,
      data,
    };
    const isWhole = wish.wantsMore || isOfOtherShape(wish, version);
    if (isWhole || wish.wantsId) event.id = text.slice(idAt, idEnd);
    if (isWhole || wish.wantsTime) event.recordedAt = command.recordedAt;
    if (isWhole || wish.wantsActor) event.actor = command.actor;
    if (isWhole) {
      const { commandId, correlationId, causationId } = command;
      const previous = before === undefined ? this.digest : digestAt(text, before);
      Object.assign(event, { commandId, previous, digest: digestAt(text, place) });
      if (correlationId !== null) event.correlationId = correlationId;
      if (causationId !== null) event.causationId = causationId;
    }
    return event as EventEnvelope;
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

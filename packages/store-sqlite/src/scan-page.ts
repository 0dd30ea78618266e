/**
 * A page of a stream as two texts: its events' columns, and those of the commands that begin in it, a LF behind each. SQLite
 * puts them together as their checksums take them, which costs a fraction of handing over every column of every row.
 */
import type { EventEnvelope } from "@mission-ledger/core";
import type { Connection } from "./connection/connection.ts";
import { DataGuard } from "./scan-guard.ts";
import { CommandReader, EventReader, type ScannedCommand } from "./scan-rows.ts";
import { commandPageSql, eventPageSql } from "./scan-sql.ts";
import { ScannedText } from "./scan-text.ts";
import { isOfOtherShape, type Wish } from "./scan-wish.ts";

/** As many as `read` takes at once; more of them are not faster. */
export const scannedEvents = 256;

/** An event that nobody wants has a name only, and was not looked at but for its checksum. */
export type ScannedEvent =
  | EventEnvelope
  | { readonly type: string; readonly version: number; readonly data: undefined };

export interface ScannedPage {
  readonly events: readonly ScannedEvent[];
  /** Of the last event. */
  readonly digest: string | null;
  /** Of the last event. */
  readonly command: ScannedCommand;
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
export const scanPage = (
  connection: Connection,
  { stream, revision: after, digest: before, command: underway, wishes }: ScannedBefore,
  to: number,
): ScannedPage | undefined => {
  const [count, eventBytes] = connection.rows(eventPageSql).get(stream, after, to) as [number, Buffer | null];
  if (count !== to - after || eventBytes === null) return undefined;
  const [commandBytes] = connection.rows(commandPageSql).get(stream, after, to) as [Buffer | null];
  const text = new ScannedText(eventBytes);
  const streamByBytes = Buffer.from(stream).toString("latin1");
  const rows = new EventReader(text, streamByBytes);
  const commands = new CommandReader(new ScannedText(commandBytes ?? Buffer.alloc(0)), streamByBytes);
  const guard = new DataGuard(text);
  const events: ScannedEvent[] = [];
  let command = underway;
  let previous = before;
  for (let revision = after + 1; revision <= to; revision += 1) {
    if (!rows.next() || rows.revision !== revision) return undefined;
    const { position, ofCommand, version } = rows;
    if (position === ofCommand) {
      const next = commands.next(previous ?? "");
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
    const type = rows.type();
    const digest = rows.digest();
    const wish = wishes.get(type);
    if (wish === undefined) events.push({ type, version, data: undefined });
    else {
      const isWhole = wish.wantsMore || isOfOtherShape(wish, version);
      const wantsData = wish.wantsData || isOfOtherShape(wish, version);
      const data = wantsData ? guard.dataIn(rows.dataAt, rows.dataEnd) : {};
      if (data === undefined) return undefined;
      const event = {
        type: wish.type,
        version,
        stream,
        revision,
        data,
        id: isWhole || wish.wantsId ? rows.id() : undefined,
        recordedAt: isWhole || wish.wantsTime ? command.recordedAt : undefined,
        actor: isWhole || wish.wantsActor ? command.actor : undefined,
      } as EventEnvelope;
      events.push(isWhole ? withTheRest(event, command, previous, digest) : event);
    }
    previous = digest;
  }
  // A LF within a column would have left something over, as no column can be missing: then a place could be another column's.
  return rows.isWhole() && commands.isWhole() ? { events, digest: previous, command } : undefined;
};

const withTheRest = (
  event: EventEnvelope,
  { commandId, correlationId, causationId }: ScannedCommand,
  previous: string | null,
  digest: string,
): EventEnvelope => {
  const whole: { -readonly [Key in keyof EventEnvelope]: EventEnvelope[Key] } = {
    ...event,
    commandId,
    previous,
    digest,
  };
  if (correlationId !== null) whole.correlationId = correlationId;
  if (causationId !== null) whole.causationId = causationId;
  return whole;
};

/**
 * A page of a stream as two texts: its events' columns, and those of the commands that begin in it, a LF behind each. SQLite
 * puts them together as their checksums take them, which costs a fraction of handing over every column of every row.
 */
import type { EventEnvelope } from "@mission-ledger/core";
import type { Connection } from "./connection/connection.ts";
import { viewOf } from "./scan-bytes.ts";
import { DataGuard } from "./scan-guard.ts";
import { CommandReader, EventReader, type ScannedCommand } from "./scan-rows.ts";
import { commandPageSql, eventPageSql } from "./scan-sql.ts";
import { ScannedText } from "./scan-text.ts";
import type { TypeTable } from "./scan-types.ts";
import { isOfOtherShape } from "./scan-wish.ts";

/** As many as `read` takes at once; more of them are not faster. */
export const scannedEvents = 256;

/** An event that nobody wants has a name only, and was not looked at but for its checksum. */
export type ScannedEvent =
  | EventEnvelope
  | { readonly type: string; readonly version: number; readonly data: undefined };

export interface ScannedPage {
  /** The last revision of the stream. */
  readonly end: number;
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
  readonly types: TypeTable;
}

/** How far a reading goes. */
export interface ScannedUpTo {
  readonly to: number;
  /** The last revision of the stream when the reading began. @defaultValue the last one now */
  readonly end: number | undefined;
}

/**
 * The next {@link scannedEvents} events at most after one, if there is nothing unusual about any of them: each is there, of the
 * right type, as its checksum says, linked to the one before and in its command. `undefined` if not, or if there are none,
 * which says nothing yet: a reader that looks at each column has to decide what it is.
 */
export const scanPage = (
  connection: Connection,
  { stream, revision: after, digest: before, command: underway, types }: ScannedBefore,
  { to, end: knownEnd }: ScannedUpTo,
): ScannedPage | undefined => {
  const upTo = Math.min(to, knownEnd ?? to, after + scannedEvents);
  const [endNow, count, eventBytes] = connection.rows(eventPageSql).get(stream, stream, after, upTo) as [
    end: unknown,
    count: number,
    text: Buffer | null,
  ];
  if (eventBytes === null || !Number.isSafeInteger(endNow)) return undefined;
  const end = knownEnd ?? (endNow as number);
  const last = Math.min(upTo, end);
  if (count !== last - after) return undefined;
  const [commandBytes] = connection.rows(commandPageSql).get(stream, after, last) as [Buffer | null];
  const text = new ScannedText(eventBytes);
  const streamBytes = viewOf(Buffer.from(stream));
  const rows = new EventReader(text, streamBytes);
  const commands = new CommandReader(new ScannedText(commandBytes ?? Buffer.alloc(0)), streamBytes);
  const guard = new DataGuard(text);
  const events: ScannedEvent[] = [];
  let command = underway;
  // What the next command has to follow, where it lies: a digest is a string only for those who ask for it.
  let link = viewOf(Buffer.from(before ?? ""));
  let linkAt = 0;
  let linkBytes = link.byteLength;
  for (let revision = after + 1; revision <= last; revision += 1) {
    if (!rows.next() || rows.revision !== revision) return undefined;
    const { position, ofCommand, version } = rows;
    if (position === ofCommand) {
      const next = commands.next(link, linkAt, linkBytes);
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
    const { name, wish } = rows.type(types);
    if (wish === undefined) events.push({ type: name, version, data: undefined });
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
      events.push(
        isWhole
          ? withTheRest(event, command, {
              previous: linkAt === 0 ? before : text.slice(linkAt, linkAt + linkBytes),
              digest: rows.digest(),
            })
          : event,
      );
    }
    link = text.view;
    linkAt = rows.digestAt;
    linkBytes = rows.digestEnd - linkAt;
  }
  // A LF within a column would have left something over, as no column can be missing: then a place could be another column's.
  return rows.isWhole() && commands.isWhole() ? { end, events, digest: rows.digest(), command } : undefined;
};

const withTheRest = (
  event: EventEnvelope,
  { commandId, correlationId, causationId }: ScannedCommand,
  { previous, digest }: Pick<EventEnvelope, "previous" | "digest">,
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

/** One stream in order. */
import {
  type EventBatch,
  emptyHead,
  type ReadOptions,
  StoreFault,
  type StreamHead,
} from "@mission-ledger/core";
import type { Connection } from "../connection/connection.ts";
import type { SqlRow } from "../driver/driver.ts";
import type { LogReading } from "./read-log.ts";
import { digestAt, pageOf } from "./stream-events.ts";
import { readHead } from "./stream-head.ts";

export async function* readStream(
  reading: LogReading,
  stream: string,
  options: ReadOptions,
): AsyncGenerator<EventBatch> {
  const { look, ensureOpen } = reading;
  const { after = emptyHead, signal } = options;
  const last = await lastToRead(reading, stream, options);
  for (let place: StreamHead = after; place.revision < last; ) {
    signal?.throwIfAborted();
    ensureOpen();
    const batch = await look((connection) => pageOf(connection, stream, place, last), []);
    const reached = batch.at(-1);
    if (reached === undefined) return;
    place = { revision: reached.revision, digest: reached.digest };
    yield batch;
  }
}

/** The revision up to which a reading goes that begins now. Throws `LOG_REPLACED` if the log does not hold what it begins after. */
export const lastToRead = async (
  { look, ensureOpen }: LogReading,
  stream: string,
  { after = emptyHead, to, signal }: ReadOptions,
): Promise<number> => {
  ensureOpen();
  signal?.throwIfAborted();
  const end = await look((connection) => {
    if (digestAt(connection, stream, after.revision) !== after.digest) throw notInLog(stream, after);
    return lastRevision(connection, stream);
  }, -1);
  // Without a database there is no event to begin after either.
  if (end < 0 && after.revision >= 0) throw notInLog(stream, after);
  return to === undefined ? end : Math.min(to, end);
};

/** By the index alone: whoever reads up to it looks at the row itself. Throws `DamagedRow`. */
export const lastRevision = (connection: Connection, stream: string): number => {
  const row = connection.rows(lastRevisionSql).get(stream) as SqlRow | undefined;
  if (row === undefined) return emptyHead.revision;
  return Number.isSafeInteger(row[0]) ? (row[0] as number) : readHead(connection, stream).revision;
};

/** Takes a stream. */
export const lastRevisionSql = "SELECT revision FROM events WHERE stream = ? ORDER BY revision DESC LIMIT 1";

/** Thrown where a head is remembered that the log does not hold. */
export const notInLog = (stream: string, { revision }: StreamHead): StoreFault =>
  new StoreFault("LOG_REPLACED", `${stream} does not hold the event remembered at revision ${revision}`, {
    outcome: "not_written",
    retryable: true,
    hint: "What was remembered belongs to another log; read the stream from its start.",
    details: { stream, revision },
  });

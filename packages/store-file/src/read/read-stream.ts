/** One stream in order, a block at a time. No lock, no write; up to the end of the log at the time of the call. */
import type { Commit, EventBatch, ReadOptions } from "@mission-ledger/core";
import { findingFault } from "../append/refusals.ts";
import type { StoreContext } from "../append/store-context.ts";
import { faultOf } from "../faults.ts";
import { openRegularIfThere, readOnly } from "../files/safe-files.ts";
import { type Finding, foldLog } from "../log/fold.ts";
import { openLineReader } from "../log/line-reader.ts";
import { markOf } from "../log/mark.ts";
import { commitOf, type StoredRecord } from "../log/record.ts";
import { crcOf } from "../log/sealed-line.ts";
import { notInLog, startOf } from "./stream-start.ts";

const batchEvents = 256;

type Reading = Pick<StoreContext, "files" | "layout" | "ensureOpen">;

/** Its events. Reads go on behind damage; only a line of a newer format ends them, since it may change what came before. */
export async function* readStream(
  reading: Reading,
  stream: string,
  options: ReadOptions,
): AsyncGenerator<EventBatch> {
  const { after = start, to = Number.MAX_SAFE_INTEGER } = options;
  for await (const { records, mark } of readRecords(reading, stream, options)) {
    const events = records.flatMap((record) =>
      record.events.filter(({ revision }) => revision > after.revision && revision <= to),
    );
    const last = events.pop();
    if (last !== undefined) yield [...events, mark === undefined ? last : Object.assign({}, last, { mark })];
  }
}

/** Its commits: those that begin behind `after` and end no later than `to`. */
export async function* readCommits(
  reading: Reading,
  stream: string,
  options: ReadOptions,
): AsyncGenerator<readonly Commit[]> {
  const { after = start, to = Number.MAX_SAFE_INTEGER } = options;
  for await (const { records } of readRecords(reading, stream, options)) {
    const commits = records
      .filter(
        ({ firstRevision, events }) =>
          firstRevision > after.revision && firstRevision + events.length - 1 <= to,
      )
      .map(commitOf);
    if (commits.length > 0) yield commits;
  }
}

const start = { revision: -1, digest: null };

interface RecordBatch {
  readonly records: readonly StoredRecord[];
  /** Of the last record, if it may be gone on from there. */
  readonly mark: string | undefined;
}

/** The records that hold events behind `after`, up to the first that goes beyond `to`. */
async function* readRecords(
  { files, layout, ensureOpen }: Reading,
  stream: string,
  { after = start, to = Number.MAX_SAFE_INTEGER, signal }: ReadOptions,
): AsyncGenerator<RecordBatch> {
  const paths = layout.of(stream);
  const step = <A>(action: () => A): A => {
    signal?.throwIfAborted();
    ensureOpen();
    try {
      return action();
    } catch (error) {
      throw faultOf(error, "read", { stream, path: paths.log });
    }
  };
  const opened = step(() => openRegularIfThere(files, paths.log, readOnly));
  if (opened === undefined) {
    if (after.revision >= 0) throw notInLog(stream, after);
    return;
  }
  const { fd, status } = opened;
  try {
    const place = step(() => startOf(files, fd, status.ino, paths, after));
    let anchored = place.anchored;
    let finding: Finding | undefined;
    let isDamaged = false;
    const fold = foldLog(stream, paths.encoded, place.state, (found) => {
      isDamaged = true;
      if (found.kind === "newer_format") finding ??= found;
    });
    const reader = openLineReader(files, fd, { from: place.offset, to: status.size });
    for (let ended = false; !ended; ) {
      const batch: RecordBatch = step(() => {
        const records: StoredRecord[] = [];
        let mark: string | undefined;
        for (let events = 0; events < batchEvents && !ended; ) {
          const line = reader.next();
          if (line === undefined) {
            ended = true;
            break;
          }
          const taken = fold.take(line);
          if (finding !== undefined) throw findingFault(finding, stream, paths.log);
          if (taken._tag !== "Record") continue;
          const { record, offset, length } = taken;
          for (const { revision, digest } of record.events) {
            if (revision === after.revision) anchored ||= digest === after.digest;
            if (revision <= after.revision) continue;
            if (revision > to) ended = true;
            else events += 1;
          }
          if (record.events.some(({ revision }) => revision > after.revision)) records.push(record);
          if (!anchored && fold.head.revision >= after.revision) throw notInLog(stream, after);
          // No mark behind damage: with one, an append would start from there and never meet what has to stop it.
          mark =
            ended || isDamaged ? undefined : markOf(status.ino, { offset, length, crc: crcOf(line.bytes) });
        }
        return { records, mark };
      });
      if (batch.records.length > 0) yield batch;
    }
    if (!anchored) throw notInLog(stream, after);
  } finally {
    files.close(fd);
  }
}

/** One stream's events in order, a block at a time. No lock, no write; up to the end of the log at the time of the call. */
import type { EventBatch, ReadOptions, RecordedEvent } from "@mission-ledger/core";
import { findingFault } from "../append/refusals.ts";
import type { StoreContext } from "../append/store-context.ts";
import { faultOf } from "../faults.ts";
import { openRegularIfThere, readOnly } from "../files/safe-files.ts";
import { type Finding, foldLog } from "../log/fold.ts";
import { openLineReader } from "../log/line-reader.ts";
import { markOf } from "../log/mark.ts";
import { crcOf } from "../log/sealed-line.ts";
import { notInLog, startOf } from "./stream-start.ts";

const batchEvents = 256;

/** Reads go on behind damage; only a line of a newer format ends them, since it may change what came before. */
export async function* readStream(
  { files, layout, ensureOpen }: Pick<StoreContext, "files" | "layout" | "ensureOpen">,
  stream: string,
  { after = { revision: -1, digest: null }, to = Number.MAX_SAFE_INTEGER, signal }: ReadOptions,
): AsyncGenerator<EventBatch> {
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
      const batch: RecordedEvent[] = step(() => {
        const events: RecordedEvent[] = [];
        let mark: string | undefined;
        while (events.length < batchEvents && !ended) {
          const line = reader.next();
          if (line === undefined) {
            ended = true;
            break;
          }
          const taken = fold.take(line);
          if (finding !== undefined) throw findingFault(finding, stream, paths.log);
          if (taken._tag !== "Record") continue;
          for (const event of taken.record.events) {
            if (event.revision === after.revision) anchored ||= event.digest === after.digest;
            if (event.revision <= after.revision) continue;
            if (event.revision > to) ended = true;
            else events.push(event);
          }
          if (!anchored && fold.head.revision >= after.revision) throw notInLog(stream, after);
          const { offset, length } = taken;
          // No mark behind damage: with one, an append would start from there and never meet what has to stop it.
          mark =
            ended || isDamaged ? undefined : markOf(status.ino, { offset, length, crc: crcOf(line.bytes) });
        }
        const last = events.pop();
        return last === undefined ? [] : [...events, mark === undefined ? last : { ...last, mark }];
      });
      if (batch.length > 0) yield batch;
    }
    if (!anchored) throw notInLog(stream, after);
  } finally {
    files.close(fd);
  }
}

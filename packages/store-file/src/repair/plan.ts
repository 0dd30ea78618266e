/**
 * What a repaired log would hold, worked out in one pass over the old one. Good lines keep their order and their bytes; a
 * damaged one becomes a record again only if that is proven; a hole is filled from another copy or reported. No record is ever
 * made up, and none is placed where its link does not fit.
 */
import type { FilePort } from "../files/file-port.ts";
import { readFully } from "../files/safe-files.ts";
import type { StreamPaths } from "../layout.ts";
import { hardRecordBytes } from "../log/bounds.ts";
import { isDamagedTail } from "../log/damaged-tail.ts";
import { isConflictMarker, tornSeal } from "../log/fold.ts";
import { type Line, openLineReader } from "../log/line-reader.ts";
import { decodeRecord, type StoredRecord } from "../log/record.ts";
import type { CopySource } from "./copy-source.ts";
import { type DamagedLine, hidesRecord } from "./damaged-line.ts";
import { judgeDamage } from "./judge-damage.ts";
import { type RebuiltContents, RebuiltLog } from "./rebuilt-log.ts";

export interface RepairPlan extends RebuiltContents {
  readonly newerAt: number | undefined;
}

/** Damaged lines held at once, waiting for the next record to be judged by. */
const mostPending = 4_194_304;

export const planRepair = (
  files: FilePort,
  fd: number | undefined,
  paths: StreamPaths,
  source: CopySource | undefined,
): RepairPlan => {
  const { stream, encoded } = paths;
  const rebuilt = new RebuiltLog(paths, source);
  let pending: DamagedLine[] = [];
  let pendingBytes = 0;
  let newerAt: number | undefined;

  const resolve = (next: StoredRecord | undefined): void => {
    const held = pending;
    pending = [];
    pendingBytes = 0;
    if (held.length > 0) judgeDamage(held, next, paths, rebuilt);
  };

  const hold = (line: DamagedLine): void => {
    pending.push(line);
    pendingBytes += line.bytes?.length ?? 0;
    if (pendingBytes > mostPending) resolve(undefined);
  };

  const take = ({ bytes, offset, length, oversized }: Line): void => {
    const decoded = oversized ? undefined : decodeRecord(bytes, stream, encoded);
    if (decoded?._tag === "Record") {
      resolve(decoded.record);
      rebuilt.keepRecord(decoded.record, bytes, offset, length);
      return;
    }
    if (decoded?._tag === "Newer") {
      newerAt ??= offset;
      return;
    }
    const sealed =
      !oversized && bytes.toString("latin1", Math.max(0, bytes.length - 6)) === tornSeal.slice(0, -1);
    const why = sealed
      ? "seal"
      : isConflictMarker(bytes)
        ? "conflict marker"
        : decoded?._tag === "Damaged"
          ? decoded.why
          : "size";
    const held = { offset, length, bytes: oversized ? undefined : Buffer.from(bytes), why };
    if (!sealed || hidesRecord(held, paths)) {
      hold(held);
      return;
    }
    resolve(undefined);
    rebuilt.keepSealed(offset, length);
  };

  const takeTail = (from: number, offset: number, length: number): void => {
    if (length === 0) return;
    const bytes = length > 2 * hardRecordBytes ? undefined : readFully(files, from, offset, length);
    if (bytes !== undefined && isDamagedTail(bytes))
      hold({ offset, length, bytes, why: "a record without its line feed" });
    else {
      resolve(undefined);
      rebuilt.leaveTorn(offset, length);
    }
  };

  let end = 0;
  if (fd !== undefined) {
    const reader = openLineReader(files, fd, { from: 0 });
    for (let line = reader.next(); line !== undefined; line = reader.next()) take(line);
    end = reader.end;
    takeTail(fd, end, reader.tail);
  }
  resolve(undefined);
  return { ...rebuilt.finish(end), newerAt };
};

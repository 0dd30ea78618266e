/** Finds the record that a command wrote, however long ago, at a cost that does not grow with the log. */
import type { FilePort } from "../files/file-port.ts";
import { readFully } from "../files/safe-files.ts";
import { lookUp } from "../index-cache/segment.ts";
import type { Segment } from "../index-cache/segment-list.ts";
import { hardRecordBytes } from "../log/bounds.ts";
import { foldLog } from "../log/fold.ts";
import { openLineReader } from "../log/line-reader.ts";
import { commandNeedle, decodeRecord, type StoredRecord } from "../log/record.ts";
import type { StreamView } from "./stream-view.ts";

export interface FoundRecord {
  readonly record: StoredRecord;
  readonly offset: number;
  /** As stored, LF included. */
  readonly bytes: Buffer;
}

/** Latest first: what is in memory, then the segments, then the part between them. */
export const findCommandIn = (view: StreamView, commandId: string): FoundRecord | undefined => {
  if (view.log === undefined) return undefined;
  const known = view.byCommand.get(commandId);
  if (known !== undefined)
    return recordOf(view, known.offset, commandId) ?? searchRange(view, 0, view.end, commandId);
  const { segments, covered } = view.segments;
  if (view.known > covered) {
    // A view that stays reads the gap once; one that is dropped again had better only search it.
    if (view.writable) {
      view.learnGap();
      return findCommandIn(view, commandId);
    }
    const found = searchRange(view, covered, view.known, commandId);
    if (found !== undefined) return found;
  }
  for (let index = segments.length - 1; index >= 0; index -= 1) {
    const found = findInSegment(view, segments[index] as Segment, commandId);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** A segment that cannot be read, or that points at something else, is not believed: its range is searched. */
const findInSegment = (
  view: StreamView,
  { fd, header }: Segment,
  commandId: string,
): FoundRecord | undefined => {
  let offsets: readonly number[] | undefined;
  try {
    offsets = lookUp(view.files, fd, header, commandId);
  } catch {
    offsets = undefined;
  }
  if (offsets === undefined) return searchRange(view, header.from, header.to, commandId);
  let suspicious = false;
  for (const offset of offsets) {
    const found = recordOf(view, offset, undefined);
    if (found?.record.commandId === commandId) return found;
    suspicious ||= found === undefined;
  }
  return suspicious ? searchRange(view, header.from, header.to, commandId) : undefined;
};

const recordOf = (
  view: StreamView,
  offset: number,
  commandId: string | undefined,
): FoundRecord | undefined => {
  const { files, log, paths } = view;
  if (log === undefined) return undefined;
  const bytes = readLineAt(files, log.fd, offset);
  if (bytes === undefined) return undefined;
  const decoded = decodeRecord(bytes.subarray(0, bytes.length - 1), paths.stream, paths.encoded);
  if (decoded._tag !== "Record" || decoded.record.branch !== undefined) return undefined;
  if (commandId !== undefined && decoded.record.commandId !== commandId) return undefined;
  return { record: decoded.record, offset, bytes };
};

/** The line that begins at an offset, LF included. */
const readLineAt = (files: FilePort, fd: number, offset: number): Buffer | undefined => {
  for (let wanted = 4096; ; wanted = Math.min(wanted * 16, hardRecordBytes)) {
    const bytes = readFully(files, fd, offset, wanted);
    const end = bytes.indexOf(0x0a);
    if (end >= 0) return bytes.subarray(0, end + 1);
    if (bytes.length < wanted || wanted === hardRecordBytes) return undefined;
  }
};

/**
 * Searches a part of the log that no index covers. The bytes are searched first, natively; only if the id appears in them
 * are the lines folded, since a record that is void, or that merely mentions the id, does not count.
 */
const searchRange = (
  view: StreamView,
  from: number,
  to: number,
  commandId: string,
): FoundRecord | undefined => {
  const { files, log, paths } = view;
  if (log === undefined || !appears(files, log.fd, from, to, commandNeedle(commandId))) return undefined;
  const fold = foldLog(paths.stream, paths.encoded, view.stateAt(from), (finding) => {
    view.finding ??= finding;
  });
  const reader = openLineReader(files, log.fd, { from, to });
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    const step = fold.take(line);
    if (step._tag === "Record" && step.record.commandId === commandId)
      return recordOf(view, step.offset, commandId);
  }
  return undefined;
};

const searchBlock = 262_144;

const appears = (files: FilePort, fd: number, from: number, to: number, needle: Buffer): boolean => {
  const block = Buffer.allocUnsafe(Math.max(Math.min(searchBlock, to - from), needle.length) + needle.length);
  let kept = 0;
  for (let at = from; at < to; ) {
    const got = files.read(fd, block, kept, Math.min(block.length - kept, to - at), at);
    if (got === 0) return false;
    const filled = kept + got;
    if (block.subarray(0, filled).includes(needle)) return true;
    at += got;
    kept = Math.min(needle.length - 1, filled);
    block.copyWithin(0, filled - kept, filled);
  }
  return false;
};

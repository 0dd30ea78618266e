/**
 * Keeps the command index near the end of the log: writers add a segment when enough lies beyond the last one, and join
 * neighbours of similar size, so that a lookup asks few segments and each entry is rewritten rarely (a log-structured merge).
 * All of it is cache: whatever fails is left for the next writer.
 */
import path from "node:path";
import type { Randomness } from "@mission-ledger/core";
import { writeCacheFile } from "../files/cache-file.ts";
import type { FilePort } from "../files/file-port.ts";
import { makeDirectories } from "../files/safe-files.ts";
import {
  compareEntries,
  encodeSegment,
  hashCommandId,
  type IndexEntry,
  readEntries,
} from "../index-cache/segment.ts";
import { parseSegmentName, type Segment, segmentName } from "../index-cache/segment-list.ts";
import type { StreamView } from "./stream-view.ts";

/** Events beyond the last segment before a new one is made. */
const segmentEvents = 1_024;

/** Whether the log has outgrown its segments. */
export const needsSegment = (view: StreamView): boolean =>
  view.log !== undefined && view.head.revision - coveredRevision(view) > segmentEvents;

/** Adds a segment if one is needed. Never throws. */
export const maintainIndex = (view: StreamView, randomness: Randomness): void => {
  if (!needsSegment(view)) return;
  try {
    view.reopenSegments(); // perhaps another process was faster
    if (!needsSegment(view) || view.finding !== undefined) return;
    view.learnGap();
    writeSegment(view, randomness);
    view.reopenSegments();
    view.trim(view.segments.covered);
  } catch {
    // A cache: the next writer tries again, and until then lookups search the log.
  }
};

const coveredRevision = (view: StreamView): number => view.segments.segments.at(-1)?.header.revision ?? -1;

const writeSegment = (view: StreamView, randomness: Randomness): void => {
  const { files, paths, log, last, head, origin, lastSeq, end } = view;
  if (log === undefined || last === undefined || head.digest === null || origin === undefined) return;
  const { segments, covered } = view.segments;
  let entries: readonly IndexEntry[] = view.recent
    .filter(({ offset }) => offset >= covered)
    .map(({ commandId, offset }) => ({ offset, ...hashCommandId(commandId) }))
    .sort(compareEntries);
  let from = covered;
  for (let index = segments.length - 1; index >= 0; index -= 1) {
    const { fd, header } = segments[index] as Segment;
    if (header.count >= 2 * entries.length) break;
    const older = readEntries(files, fd, header);
    if (older === undefined) break;
    entries = joined(older, entries);
    from = header.from;
  }
  const bytes = encodeSegment(
    {
      stream: paths.stream,
      ino: log.ino,
      origin,
      from,
      to: end,
      revision: head.revision,
      digest: head.digest,
      seq: lastSeq,
      last,
    },
    entries,
  );
  makeDirectories(files, paths.index);
  writeCacheFile(files, paths.index, segmentName(from, end), bytes, randomness);
  removeCovered(files, paths.index, from, end);
};

const joined = (a: readonly IndexEntry[], b: readonly IndexEntry[]): readonly IndexEntry[] => {
  const all: IndexEntry[] = [];
  let left = 0;
  let right = 0;
  while (left < a.length || right < b.length) {
    const x = a[left];
    const y = b[right];
    if (y === undefined || (x !== undefined && compareEntries(x, y) <= 0)) {
      all.push(x as IndexEntry);
      left += 1;
    } else {
      all.push(y);
      right += 1;
    }
  }
  return all;
};

const removeCovered = (files: FilePort, directory: string, from: number, to: number): void => {
  for (const name of files.readdir(directory)) {
    const range = parseSegmentName(name);
    const covered = range !== undefined && range.from >= from && range.to <= to;
    if (covered && (range.from !== from || range.to !== to)) files.unlink(path.join(directory, name));
  }
};

/** Finds where in a log to resume after a position, by halving: numbers rise from record to record. */
import type { FilePort } from "../files/file-port.ts";
import { readFully } from "../files/safe-files.ts";
import type { StreamPaths } from "../layout.ts";
import { hardRecordBytes } from "../log/bounds.ts";
import type { FoldState } from "../log/fold.ts";
import { seqOfPosition } from "../log/position.ts";
import { decodeRecord, type StoredRecord } from "../log/record.ts";

export interface SeekPlace {
  readonly offset: number;
  readonly state: FoldState;
}

const nearEnough = 65_536;
const probeBytes = 8_192;
const tailBytes = 8_192;

/**
 * The end of a pair of records that follow one another and both come before `after`; `undefined` means from the start.
 * A single record would not do: it might be void, and only the next one tells.
 */
export const seekSeq = (
  files: FilePort,
  fd: number,
  size: number,
  paths: StreamPaths,
  after: string,
): SeekPlace | undefined => {
  const wanted = seqOfPosition(after);
  // Of many logs few have grown since: one look at the end of the others is enough.
  const last = lastPair(files, fd, size, paths);
  if (last !== undefined && last.second.seq < wanted) return placeBehind(last);
  let best: SeekPlace | undefined;
  let low = 0;
  let high = size;
  while (high - low > nearEnough) {
    const middle = low + Math.floor((high - low) / 2);
    const pair = pairAt(files, fd, middle, paths);
    if (pair === undefined || pair.second.seq >= wanted) high = middle;
    else {
      best = placeBehind(pair) ?? best;
      low = Math.max(middle + 1, pair.end);
    }
  }
  return best;
};

/** Two records that follow one another, and where the second one ends. */
interface Pair {
  readonly second: StoredRecord;
  readonly end: number;
}

const placeBehind = ({ second, end }: Pair): SeekPlace | undefined => {
  const last = second.events.at(-1);
  if (last === undefined) return undefined;
  return {
    offset: end,
    state: { head: { revision: last.revision, digest: last.digest }, origin: second.origin },
  };
};

/** The last two lines of a log, if they are such a pair and not too long to be seen with one look. */
const lastPair = (files: FilePort, fd: number, size: number, paths: StreamPaths): Pair | undefined => {
  const from = Math.max(0, size - tailBytes);
  const bytes = readFully(files, fd, from, size - from);
  const end = bytes.lastIndexOf(0x0a);
  const middle = end <= 0 ? -1 : bytes.lastIndexOf(0x0a, end - 1);
  if (middle <= 0) return undefined;
  const start = bytes.lastIndexOf(0x0a, middle - 1) + 1;
  // A line that begins before what was read cannot be judged.
  if (start === 0 && from > 0) return undefined;
  const { stream, encoded } = paths;
  const first = decodeRecord(bytes.subarray(start, middle), stream, encoded);
  const second = decodeRecord(bytes.subarray(middle + 1, end), stream, encoded);
  return first._tag === "Record" && second._tag === "Record" && follows(first.record, second.record)
    ? { second: second.record, end: from + end + 1 }
    : undefined;
};

/** Two records of a branch follow one another as well, but not on the log's own line of events. */
const follows = (first: StoredRecord, second: StoredRecord): boolean =>
  first.branch === undefined &&
  second.branch === undefined &&
  second.previous === first.events.at(-1)?.digest;

/** The first two neighbouring records behind an offset, if the second follows the first. */
const pairAt = (
  files: FilePort,
  fd: number,
  offset: number,
  { stream, encoded }: StreamPaths,
): Pair | undefined => {
  for (let length = probeBytes; ; length *= 8) {
    const bytes = readFully(files, fd, offset, length);
    let first: StoredRecord | undefined;
    for (let start = bytes.indexOf(0x0a) + 1; start > 0; ) {
      const end = bytes.indexOf(0x0a, start);
      if (end < 0) break;
      const decoded = decodeRecord(bytes.subarray(start, end), stream, encoded);
      if (decoded._tag !== "Record" || decoded.record.branch !== undefined) return undefined;
      if (first !== undefined)
        return follows(first, decoded.record) ? { second: decoded.record, end: offset + end + 1 } : undefined;
      first = decoded.record;
      start = end + 1;
    }
    if (bytes.length < length || length > 4 * hardRecordBytes) return undefined;
  }
};

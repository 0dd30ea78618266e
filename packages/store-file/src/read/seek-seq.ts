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
  let best: SeekPlace | undefined;
  let low = 0;
  let high = size;
  while (high - low > nearEnough) {
    const middle = low + Math.floor((high - low) / 2);
    const pair = pairAt(files, fd, middle, paths);
    if (pair === undefined || pair.second.seq >= wanted) high = middle;
    else {
      const last = pair.second.events.at(-1);
      if (last === undefined) return best;
      best = {
        offset: pair.end,
        state: { head: { revision: last.revision, digest: last.digest }, origin: pair.second.origin },
      };
      low = Math.max(middle + 1, pair.end);
    }
  }
  return best;
};

/** The first two neighbouring records behind an offset, if the second follows the first. */
const pairAt = (
  files: FilePort,
  fd: number,
  offset: number,
  { stream, encoded }: StreamPaths,
): { readonly second: StoredRecord; readonly end: number } | undefined => {
  for (let length = probeBytes; ; length *= 8) {
    const bytes = readFully(files, fd, offset, length);
    let first: StoredRecord | undefined;
    for (let start = bytes.indexOf(0x0a) + 1; start > 0; ) {
      const end = bytes.indexOf(0x0a, start);
      if (end < 0) break;
      const decoded = decodeRecord(bytes.subarray(start, end), stream, encoded);
      // Two records of a branch follow one another as well, but not on the log's own line of events.
      if (decoded._tag !== "Record" || decoded.record.branch !== undefined) return undefined;
      if (first !== undefined) {
        const follows = decoded.record.previous === first.events.at(-1)?.digest;
        return follows ? { second: decoded.record, end: offset + end + 1 } : undefined;
      }
      first = decoded.record;
      start = end + 1;
    }
    if (bytes.length < length || length > 4 * hardRecordBytes) return undefined;
  }
};

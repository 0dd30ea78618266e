/** A whole log as records: its own line of events, the branches that wait for a decision, those that were decided against. */
import type { CopyRecord } from "../branches/read-copy.ts";
import type { FilePort } from "../files/file-port.ts";
import { openRegularIfThere, readOnly } from "../files/safe-files.ts";
import type { StreamPaths } from "../layout.ts";
import { type Finding, type FoldState, foldLog, startOfLog } from "../log/fold.ts";
import { openLineReader } from "../log/line-reader.ts";
import { decodeRecord } from "../log/record.ts";

export interface LogContents {
  readonly exists: boolean;
  readonly ino: number;
  readonly chain: readonly CopyRecord[];
  /** Behind which byte of the file the chain's records end, in their order. */
  readonly ends: readonly number[];
  readonly open: readonly CopyRecord[];
  readonly demoted: readonly CopyRecord[];
  /** Keeps writers out for another reason than an undecided branch. */
  readonly finding: Finding | undefined;
  /** Behind the last complete line. */
  readonly end: number;
  /** Bytes behind {@link end}. */
  readonly tail: number;
  readonly lastSeq: number;
  readonly state: FoldState;
}

/** Reads a log by path, without any lock; under the stream's lock nothing is added meanwhile. */
export const readLog = (files: FilePort, paths: StreamPaths): LogContents => {
  const opened = openRegularIfThere(files, paths.log, readOnly);
  if (opened === undefined) return emptyLog;
  try {
    return contentsOf(files, opened.fd, opened.status.ino, paths);
  } finally {
    files.close(opened.fd);
  }
};

const emptyLog: LogContents = {
  exists: false,
  ino: 0,
  chain: [],
  ends: [],
  open: [],
  demoted: [],
  finding: undefined,
  end: 0,
  tail: 0,
  lastSeq: 0,
  state: startOfLog,
};

const contentsOf = (
  files: FilePort,
  fd: number,
  ino: number,
  { stream, encoded }: StreamPaths,
): LogContents => {
  const chain: CopyRecord[] = [];
  const open: CopyRecord[] = [];
  const demoted: CopyRecord[] = [];
  const ends: number[] = [];
  let finding: Finding | undefined;
  let isFork = false;
  let lastSeq = 0;
  const fold = foldLog(stream, encoded, startOfLog, (found) => {
    if (found.kind === "fork") isFork = true;
    else finding ??= found;
  });
  const reader = openLineReader(files, fd, { from: 0 });
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    isFork = false;
    const step = fold.take(line);
    if (step._tag === "Record") {
      // What stands before the record in a damaged line is no part of it.
      const bytes = line.bytes.subarray(line.bytes.length + 1 - step.length);
      chain.push({ record: step.record, line: withLineFeed(bytes) });
      ends.push(reader.end);
      lastSeq = Math.max(lastSeq, step.record.seq);
    } else if (step._tag === "Void") {
      lastSeq = Math.max(lastSeq, step.record.seq);
      if (step.record.branch === "demoted")
        demoted.push({ record: step.record, line: withLineFeed(line.bytes) });
    } else if (isFork) {
      const decoded = decodeRecord(line.bytes, stream, encoded);
      if (decoded._tag !== "Record") continue;
      open.push({ record: decoded.record, line: withLineFeed(line.bytes) });
      lastSeq = Math.max(lastSeq, decoded.record.seq);
    }
  }
  const state: FoldState = { head: fold.head, origin: fold.origin };
  return {
    exists: true,
    ino,
    chain,
    ends,
    open,
    demoted,
    finding,
    end: reader.end,
    tail: reader.tail,
    lastSeq,
    state,
  };
};

const withLineFeed = (line: Buffer): Buffer => {
  const whole = Buffer.allocUnsafe(line.length + 1);
  line.copy(whole);
  whole[line.length] = 0x0a;
  return whole;
};

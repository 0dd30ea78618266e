/**
 * Reads the bytes of one copy of a log, as git, an editor or a merge without our driver may have left them. Everything in
 * it is told, nothing is decided, and nothing is written.
 */
import { hardRecordBytes } from "../log/bounds.ts";
import { tornSeal } from "../log/fold.ts";
import { decodeRecord, type StoredRecord } from "../log/record.ts";

/** A larger copy is not read: as objects it may take thirty times as much, and a merge holds two. */
export const largestCopyBytes = 33_554_432;
/** Lines that hold no record cost no bytes to speak of, so they are counted as well. */
const mostLines = 1_000_000;
/** Problems told one by one; a file that is no copy at all has as many as lines. */
const mostProblems = 100;
/** Places in one damaged line where a record is looked for; each costs a checksum of the rest. */
const mostStarts = 32;

export interface CopyRecord {
  readonly record: StoredRecord;
  /** With its LF, without carriage returns or a byte order mark. */
  readonly line: Buffer;
}

export type CopyProblemKind =
  /** Bytes that are no record, where one was expected or before one in its line. */
  | "damaged"
  /** Undamaged, but written by a newer version. */
  | "newer_format"
  /** More than is read of a copy; what lies behind was not looked at. */
  | "oversized";

export interface CopyProblem {
  readonly kind: CopyProblemKind;
  readonly offset: number;
  readonly length: number;
  readonly why: string;
}

export interface CopyContents {
  /** In the order of the file, doubled ones as often as they stand there. */
  readonly records: readonly CopyRecord[];
  readonly problems: readonly CopyProblem[];
  /** Conflict markers; the records of all sides are among `records`. */
  readonly markers: number;
  /** Torn lines that a writer sealed, each once, with their LF. */
  readonly sealed: readonly Buffer[];
  /** Bytes behind the last LF. */
  readonly torn: Buffer;
}

/**
 * What a copy holds. Never throws, whatever the bytes are; time and memory grow with their number only. `encoded` is the
 * stream's name in positions. Carriage returns before an LF and byte order marks are nobody's intention and are passed over.
 */
export const readCopy = (bytes: Buffer, stream: string, encoded: string): CopyContents => {
  const records: CopyRecord[] = [];
  const problems: CopyProblem[] = [];
  const sealed = new Map<string, Buffer>();
  let [markers, untold] = [0, 0];
  const report = (kind: CopyProblemKind, offset: number, length: number, why: string): void => {
    if (problems.length < mostProblems) problems.push({ kind, offset, length, why });
    else untold += 1;
  };
  if (bytes.length > largestCopyBytes) {
    report("oversized", 0, bytes.length, `the copy is longer than ${largestCopyBytes} bytes`);
    return { records, problems, markers, sealed: [], torn: nothing };
  }

  const takeDamaged = (line: Buffer, offset: number, end: number, why: string): void => {
    if (endsWith(line, tornEnd)) sealed.set(line.toString("latin1"), line);
    else if (isMarker(line)) markers += 1;
    else {
      const glued = gluedRecord(line, stream, encoded);
      if (glued === undefined) report("damaged", offset, end - offset, why);
      else {
        records.push(glued);
        report("damaged", offset, line.length - glued.line.length, "stands before a record in one line");
      }
    }
  };

  const take = (offset: number, end: number): void => {
    const line = lineIn(bytes, offset, end);
    if (line.length > hardRecordBytes) {
      report("damaged", offset, end - offset, "size");
      return;
    }
    const decoded = decodeRecord(line.subarray(0, -1), stream, encoded);
    switch (decoded._tag) {
      case "Record":
        records.push({ record: decoded.record, line });
        break;
      case "Newer":
        report("newer_format", offset, end - offset, `format ${decoded.version}`);
        break;
      case "Damaged":
        takeDamaged(line, offset, end, decoded.why);
    }
  };

  let from = 0;
  for (let lines = 0; ; lines += 1) {
    const end = bytes.indexOf(lineFeed, from);
    if (end < 0) break;
    if (lines === mostLines) {
      const why = `the copy has more than ${mostLines} lines`;
      problems.push({ kind: "oversized", offset: from, length: bytes.length - from, why });
      return { records, problems, markers, sealed: [...sealed.values()], torn: nothing };
    }
    take(from, end + 1);
    from = end + 1;
  }
  if (untold > 0)
    problems.push({ kind: "damaged", offset: bytes.length, length: 0, why: `and ${untold} more like these` });
  return {
    records,
    problems,
    markers,
    sealed: [...sealed.values()],
    torn: bytes.subarray(skipMark(bytes, from)),
  };
};

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
const recordStart = Buffer.from('{"v":');
const tornEnd = Buffer.from(tornSeal);
const nothing = Buffer.alloc(0);

const skipMark = (bytes: Buffer, offset: number): number =>
  bytes.subarray(offset, offset + byteOrderMark.length).equals(byteOrderMark)
    ? offset + byteOrderMark.length
    : offset;

/** The line between two offsets as it was written: an editor's byte order mark and carriage returns left out. */
const lineIn = (bytes: Buffer, offset: number, end: number): Buffer => {
  const from = skipMark(bytes, offset);
  let to = end - 1;
  while (to > from && bytes[to - 1] === carriageReturn) to -= 1;
  if (to === end - 1) return bytes.subarray(from, end);
  const line = Buffer.allocUnsafe(to - from + 1);
  bytes.copy(line, 0, from, to);
  line[to - from] = lineFeed;
  return line;
};

const endsWith = (bytes: Buffer, end: Buffer): boolean =>
  bytes.length >= end.length && bytes.subarray(bytes.length - end.length).equals(end);

/** Longer ones than seven come from conflicts inside a merge base, and from the attribute `conflict-marker-size`. */
const isMarker = (line: Buffer): boolean =>
  /^(?:<{7,}|>{7,}|\|{7,}|={7,})[ \n]/.test(line.toString("latin1", 0, Math.min(line.length, 64)));

/** A sound record at the end of a line that begins with something else, as a union merge glues it to a torn one. */
const gluedRecord = (line: Buffer, stream: string, encoded: string): CopyRecord | undefined => {
  let at = 0;
  for (let tried = 0; tried < mostStarts; tried += 1) {
    at = line.indexOf(recordStart, at + 1);
    if (at < 0) return undefined;
    const decoded = decodeRecord(line.subarray(at, -1), stream, encoded);
    if (decoded._tag === "Record") return { record: decoded.record, line: line.subarray(at) };
  }
  return undefined;
};

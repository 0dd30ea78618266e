/**
 * Which lines of a log count. The log's own order decides: the first record that follows the head is the truth, a later
 * claim of the same revision is void, and what is no record is reported with its place and never folded.
 */
import { emptyHead, type RecordedEvent, type StreamHead } from "@mission-ledger/core";
import type { Line } from "./line-reader.ts";
import { type Decoded, decodeRecord, type StoredRecord } from "./record.ts";

/** Appended to a torn line by the next writer, so that it can never be read as a record. */
export const tornSeal = " #torn\n";
const tornEnd = Buffer.from(tornSeal.slice(0, -1));
const carriageReturn = 0x0d;
const recordStart = Buffer.from('{"v":1,"stream":');
/** Record starts that are tried in one line; each costs a checksum over the rest of it, and foreign text may hold any number. */
const mostStarts = 64;

export type FindingKind =
  /** No record: damaged bytes, foreign text, a line that is too long. */
  | "damaged"
  /** Left by a merge that nobody resolved. */
  | "conflict_marker"
  /** Undamaged, but written by a newer version. */
  | "newer_format"
  /** A record that follows something that is not in the log. */
  | "gap"
  /** A record of another copy of the log that claims a revision which this one has given away; nobody has decided yet. */
  | "fork";

/** What is wrong with a log, and where. */
export interface Finding {
  readonly kind: FindingKind;
  readonly offset: number;
  readonly length: number;
  readonly why: string;
}

export type FoldStep =
  | {
      readonly _tag: "Record";
      readonly record: StoredRecord;
      readonly offset: number;
      readonly length: number;
    }
  /** Lost a race for its revision, or was decided against: kept, never folded. */
  | { readonly _tag: "Void"; readonly record: StoredRecord }
  | { readonly _tag: "Sealed" }
  | { readonly _tag: "Nothing" };

/** Where a fold stands: enough to go on from here. */
export interface FoldState {
  readonly head: StreamHead;
  /** Which copy of the ledger wrote the record at the head. */
  readonly origin: string | undefined;
}

export const startOfLog: FoldState = { head: emptyHead, origin: undefined };

/** Just before a record that is known to count. */
export const stateBefore = ({ firstRevision, previous, origin }: StoredRecord): FoldState => ({
  head: { revision: firstRevision - 1, digest: previous },
  origin,
});

export interface LogFold {
  take(line: Line): FoldStep;
  /** Goes on behind records that somebody else has read: each followed the one before, and was of the same origin. */
  passOver(end: StreamHead): void;
  readonly head: StreamHead;
  /** Which copy of the ledger wrote the record at the head. */
  readonly origin: string | undefined;
}

/** From a revision on, the records were written by one copy of the ledger. */
interface Run {
  readonly from: number;
  readonly origin: string;
}

/** `report` is called with each finding, in the order of the file. */
export const foldLog = (
  stream: string,
  encoded: string,
  from: FoldState,
  report: (finding: Finding) => void,
): LogFold => {
  let { head } = from;
  // Few: a new one begins only where records of another copy were taken in.
  const runs: Run[] = from.origin === undefined ? [] : [{ from: head.revision, origin: from.origin }];

  /** Last digests of void records: what was written on top of one, in the same call, is void as well. */
  const voided = new Set<string>();
  const voidOf = (record: StoredRecord): FoldStep => {
    voided.add(record.events.at(-1)?.digest ?? "");
    return { _tag: "Void", record };
  };

  /** Which copy wrote the record that holds a revision; before the start of this fold, the one at its start is as good a guess. */
  const holderOf = (revision: number): string | undefined =>
    (runs.findLast((run) => run.from <= revision) ?? runs[0])?.origin;

  const place = (record: StoredRecord, offset: number, length: number): FoldStep => {
    const { firstRevision, previous, branch, origin } = record;
    if (branch === "demoted") return { _tag: "Void", record };
    const follows = firstRevision === head.revision + 1 && previous === head.digest;
    const holder = holderOf(firstRevision);
    const claimsAgain = !follows && firstRevision <= head.revision + 1;
    if (branch === "open" || (claimsAgain && holder !== undefined && holder !== origin)) {
      report({
        kind: "fork",
        offset,
        length,
        why: `revision ${firstRevision} comes from another copy of the log`,
      });
      return nothing;
    }
    if (claimsAgain) return voidOf(record);
    if (!follows && previous !== null && voided.has(previous)) return voidOf(record);
    // Reading goes on behind a hole: what follows is shown, the hole is reported, and nobody may write.
    if (!follows)
      report({ kind: "gap", offset, length, why: `revision ${firstRevision} follows ${head.revision}` });
    const last = record.events[record.events.length - 1] as RecordedEvent;
    if (runs.at(-1)?.origin !== origin) runs.push({ from: firstRevision, origin });
    head = { revision: last.revision, digest: last.digest };
    return { _tag: "Record", record, offset, length };
  };

  const salvage = (line: Line, decoded: Decoded): FoldStep => {
    const { bytes, offset, length } = line;
    const why = decoded._tag === "Damaged" ? decoded.why : "version";
    if (bytes.at(-1) === carriageReturn) {
      const whole = decodeRecord(bytes.subarray(0, -1), stream, encoded);
      if (whole._tag === "Record") {
        report({ kind: "damaged", offset: offset + length - 2, length: 1, why: "carriage return" });
        return place(whole.record, offset, length);
      }
    }
    // From the end: what stands last in the line and is whole was written last, and nothing behind it can be a record.
    for (
      let at = bytes.length > recordStart.length ? bytes.lastIndexOf(recordStart) : -1, tried = 0;
      at > 0 && tried < mostStarts;
      at = bytes.lastIndexOf(recordStart, at - 1), tried += 1
    ) {
      const inner = decodeRecord(bytes.subarray(at), stream, encoded);
      if (inner._tag !== "Record") continue;
      report({ kind: "damaged", offset, length: at, why: "stands before a record in one line" });
      return place(inner.record, offset + at, length - at);
    }
    const isMarker = isConflictMarker(bytes);
    report({
      kind: isMarker ? "conflict_marker" : "damaged",
      offset,
      length,
      why: isMarker ? "conflict marker" : why,
    });
    return nothing;
  };

  return {
    take: (line) => {
      const { bytes, offset, length } = line;
      if (line.oversized) {
        report({ kind: "damaged", offset, length, why: "size" });
        return nothing;
      }
      const decoded = decodeRecord(bytes, stream, encoded);
      if (decoded._tag === "Record") return place(decoded.record, offset, length);
      if (decoded._tag === "Newer") {
        report({ kind: "newer_format", offset, length, why: `format ${decoded.version}` });
        return nothing;
      }
      if (endsWith(bytes, tornEnd)) return { _tag: "Sealed" };
      return salvage(line, decoded);
    },
    passOver: (end) => {
      head = end;
    },
    get head() {
      return head;
    },
    get origin() {
      return runs.at(-1)?.origin;
    },
  };
};

const nothing: FoldStep = { _tag: "Nothing" };

const endsWith = (bytes: Buffer, end: Buffer): boolean =>
  bytes.length >= end.length && bytes.subarray(bytes.length - end.length).equals(end);

export const isConflictMarker = (bytes: Buffer): boolean =>
  bytes.length >= 7 &&
  /^(?:<{7}|>{7}|\|{7}|={7})(?: |\r?$)/.test(bytes.toString("latin1", 0, Math.min(bytes.length, 16)));

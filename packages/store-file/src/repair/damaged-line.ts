/** What can be made out in a line that is no record: records glued into it, records with one flipped bit, and the rest. */
import type { StreamPaths } from "../layout.ts";
import { decodeRecord, type StoredRecord } from "../log/record.ts";
import { sealLength } from "../log/sealed-line.ts";
import type { Restoration } from "./report.ts";
import { findSingleBit } from "./single-bit.ts";

/** A line that is no record, held in memory. */
export interface DamagedLine {
  readonly offset: number;
  /** In the file, its LF included if it has one. */
  readonly length: number;
  /** Without LF; `undefined` if it is longer than any record. */
  readonly bytes: Buffer | undefined;
  readonly why: string;
}

export type Part =
  | {
      readonly _tag: "Junk";
      readonly offset: number;
      readonly length: number;
      readonly bytes: Buffer | undefined;
    }
  | {
      readonly _tag: "Candidate";
      readonly offset: number;
      readonly length: number;
      /** As it was written, without LF. */
      readonly line: Buffer;
      readonly record: StoredRecord;
      readonly how: Restoration;
      /** The checksum fits as it stands, and where it ends a line ended: that it counts needs no further proof. */
      readonly whole: boolean;
      /** Counts only if a later record was built on it: nothing else says that its line was ever ended. */
      readonly needsSuccessor: boolean;
    };

const recordStart = Buffer.from('{"v":');
const sealStart = Buffer.from(',"crc":"');
/** Places looked at in one line. A line made to hold more of them is foreign text. */
const mostPlaces = 256;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** Takes one line apart; or two, if a flipped bit made an LF in the middle of a record. */
export const partsOf = (
  line: DamagedLine,
  next: DamagedLine | undefined,
  { stream, encoded }: StreamPaths,
): { readonly parts: readonly Part[]; readonly lines: 1 | 2 } => {
  const { bytes, offset } = line;
  if (bytes === undefined) return { parts: [{ _tag: "Junk", ...line, bytes }], lines: 1 };
  const decode = (text: Buffer): StoredRecord | undefined => {
    const decoded = decodeRecord(text, stream, encoded);
    return decoded._tag === "Record" ? decoded.record : undefined;
  };
  const mend = (text: Buffer, at: number, length: number): Part | undefined => {
    const line = findSingleBit(text)?.line;
    const record = line === undefined ? undefined : decode(line);
    if (line === undefined || record === undefined) return undefined;
    return {
      _tag: "Candidate",
      offset: at,
      length,
      line,
      record,
      how: "single_bit",
      whole: false,
      needsSuccessor: false,
    };
  };

  const bare = withoutDressing(bytes);
  if (bare.length < bytes.length) {
    const record = decode(bare);
    if (record !== undefined)
      return {
        parts: [
          {
            _tag: "Candidate",
            ...line,
            line: bare,
            record,
            how: "line_end",
            whole: true,
            needsSuccessor: false,
          },
        ],
        lines: 1,
      };
  }

  const parts: Part[] = [];
  let rest = 0;
  const leave = (to: number, length: number): void => {
    if (length === 0) return;
    const text = bytes.subarray(rest, to);
    const ended = text.length > 0 && isNearLineFeed(text[text.length - 1] as number);
    parts.push(
      mend(text, offset + rest, length) ??
        (ended ? mend(text.subarray(0, -1), offset + rest, length) : undefined) ?? {
          _tag: "Junk",
          offset: offset + rest,
          length,
          bytes: text,
        },
    );
  };
  for (const { from, to, record } of wholeRecordsIn(bytes, decode)) {
    leave(from, from - rest);
    const ended = to === bytes.length || isNearLineFeed(bytes[to] as number);
    // The byte that was the LF goes with the record whose line it ended.
    const end = to < bytes.length && ended ? to + 1 : to;
    parts.push({
      _tag: "Candidate",
      offset: offset + from,
      length: to === bytes.length ? line.length - from : end - from,
      line: bytes.subarray(from, to),
      record,
      how: "line_feed",
      whole: to === bytes.length,
      needsSuccessor: !ended,
    });
    rest = end;
  }
  if (rest < bytes.length || rest === 0) leave(bytes.length, line.length - rest);
  if (parts.length === 1 && parts[0]?._tag === "Junk" && next?.bytes !== undefined) {
    const joined = Buffer.concat([bytes, Buffer.from("\n"), next.bytes]);
    const mended = mend(joined, offset, line.length + next.length);
    if (mended !== undefined) return { parts: [mended], lines: 2 };
  }
  return { parts, lines: 1 };
};

/** A sealed fragment is none if a record stands in it whose own LF was damaged. */
export const hidesRecord = (line: DamagedLine, paths: StreamPaths): boolean =>
  line.bytes?.includes(sealStart) === true &&
  partsOf(line, undefined, paths).parts.some((part) => part._tag === "Candidate" && !part.needsSuccessor);

/**
 * Whether bytes that are no record look as if they had been one: then their loss may be the loss of an event. Nobody types NUL:
 * where it stands a disk has lost a page, or a program has written another encoding over the log.
 */
export const looksLikeRecord = (bytes: Buffer | undefined): boolean =>
  bytes === undefined ||
  bytes.includes(0) ||
  ['{"v":', '"commandId":', '"commandDigest":', '"recordedAt":', '"events":[', '"digest":"', ',"crc":"'].some(
    (text) => bytes.includes(text),
  );

/** One bit away from an LF. */
const isNearLineFeed = (byte: number): boolean => {
  const difference = byte ^ 0x0a;
  return difference !== 0 && (difference & (difference - 1)) === 0;
};

const withoutDressing = (bytes: Buffer): Buffer => {
  const from = bytes.subarray(0, 3).equals(byteOrderMark) ? 3 : 0;
  return bytes.subarray(from, bytes.at(-1) === 0x0d ? bytes.length - 1 : bytes.length);
};

/** Records that stand whole in a line, one behind the other. */
const wholeRecordsIn = function* (
  bytes: Buffer,
  decode: (text: Buffer) => StoredRecord | undefined,
): Generator<{ readonly from: number; readonly to: number; readonly record: StoredRecord }> {
  let places = 0;
  for (let from = bytes.indexOf(recordStart); from >= 0; ) {
    let found: number | undefined;
    for (let seal = bytes.indexOf(sealStart, from); seal >= 0; seal = bytes.indexOf(sealStart, seal + 1)) {
      places += 1;
      if (places > mostPlaces) return;
      const to = seal + sealLength;
      if (to > bytes.length) break;
      const record = decode(bytes.subarray(from, to));
      if (record === undefined) continue;
      yield { from, to, record };
      found = to;
      break;
    }
    from = bytes.indexOf(recordStart, found ?? from + 1);
  }
};

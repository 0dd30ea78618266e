/** Marks: where in a log a record stands, as text. Never believed before the record there was read and found to fit. */
import type { StreamHead } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import { readFully } from "../files/safe-files.ts";
import { hardRecordBytes } from "./bounds.ts";
import { decodeRecord, type StoredRecord } from "./record.ts";
import { crcOf } from "./sealed-line.ts";

export interface RecordPlace {
  readonly offset: number;
  /** LF included. */
  readonly length: number;
  /** The eight digits of its checksum. */
  readonly crc: string;
}

/** The inode keeps a mark from fitting a copy of the log by accident; the digest decides. */
export const markOf = (ino: number, { offset, length, crc }: RecordPlace): string =>
  `${ino}:${offset}:${length}:${crc}`;

export const parseMark = (mark: string): (RecordPlace & { readonly ino: number }) | undefined => {
  const parts = /^([0-9]{1,20}):([0-9]{1,15}):([0-9]{1,7}):([0-9a-f]{8})$/.exec(mark);
  if (parts === null) return undefined;
  return {
    ino: Number(parts[1]),
    offset: Number(parts[2]),
    length: Number(parts[3]),
    crc: parts[4] as string,
  };
};

/** The record at a place, if a whole line stands there that ends with `head`; one read. */
export const recordAt = (
  files: FilePort,
  fd: number,
  place: RecordPlace,
  head: StreamHead,
  stream: string,
  encoded: string,
): StoredRecord | undefined => {
  if (place.length > hardRecordBytes || place.length < 2) return undefined;
  const before = place.offset === 0 ? 0 : 1;
  const bytes = readFully(files, fd, place.offset - before, place.length + before);
  if (bytes.length !== place.length + before || (before === 1 && bytes[0] !== 0x0a)) return undefined;
  if (bytes[bytes.length - 1] !== 0x0a) return undefined;
  const line = bytes.subarray(before, bytes.length - 1);
  if (line.includes(0x0a) || crcOf(line) !== place.crc) return undefined;
  const decoded = decodeRecord(line, stream, encoded);
  if (decoded._tag !== "Record" || decoded.record.branch !== undefined) return undefined;
  const last = decoded.record.events.at(-1);
  return last?.digest === head.digest && last.revision === head.revision ? decoded.record : undefined;
};

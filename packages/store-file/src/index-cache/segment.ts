/**
 * Segments of the command index: immutable files that say where in a byte range of a log each command id stands. Cached
 * knowledge: every page carries a checksum and names the log it speaks of, a hit is verified in the log, and where a page
 * cannot be believed the range is searched instead. So a segment may cost time, never a wrong "not found".
 *
 * Page 0 is the header. In the others an entry is 16 bytes: 64 bits of hash, 48 bits of offset. An entry's page follows
 * from its hash; a full page overflows into the next one.
 */

import type { FilePort } from "../files/file-port.ts";
import { readFully } from "../files/safe-files.ts";
import { crc32 } from "../log/checksum.ts";
import type { RecordPlace } from "../log/mark.ts";

const pageBytes = 4096;
const pageHead = 24;
const entryBytes = 16;
const entriesPerPage = Math.floor((pageBytes - pageHead) / entryBytes);
/** Pages begin two thirds full, so that chance all but never makes one overflow. */
const entriesPlanned = Math.floor(entriesPerPage * 0.66);
const magic = "MLIX1";

export interface IndexEntry {
  readonly high: number;
  readonly low: number;
  readonly offset: number;
}

/** What a segment covers, and where the log's fold stood at its end. */
export interface SegmentHeader {
  readonly stream: string;
  readonly ino: number;
  readonly origin: string;
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Pages by hash, without the header and the overflow behind them. */
  readonly pages: number;
  readonly revision: number;
  readonly digest: string;
  readonly seq: number;
  readonly last: RecordPlace;
}

/** 64 bits of a command id. Not for secrets: whoever finds collisions only makes lookups slower. */
export const hashCommandId = (commandId: string): { readonly high: number; readonly low: number } => {
  let high = 0x9747b28c;
  let low = 0x3c6ef372;
  for (let index = 0; index < commandId.length; index += 1) {
    const code = commandId.charCodeAt(index);
    high = Math.imul(high ^ code, 0x85ebca6b);
    high ^= high >>> 15;
    low = Math.imul(low ^ code ^ high, 0xc2b2ae35);
    low ^= low >>> 13;
  }
  high = Math.imul(high ^ low, 0x27d4eb2f);
  low = Math.imul(low ^ (high >>> 16), 0x165667b1);
  return { high: (high ^ (high >>> 16)) >>> 0, low: (low ^ (low >>> 15)) >>> 0 };
};

export const compareEntries = (a: IndexEntry, b: IndexEntry): number =>
  a.high - b.high || a.low - b.low || a.offset - b.offset;

/** Which page an entry belongs to. */
const pageOf = (high: number, pages: number): number => Math.floor((high / 4_294_967_296) * pages);

/** The bytes of a segment. `entries` are sorted by {@link compareEntries}. */
export const encodeSegment = (
  header: Omit<SegmentHeader, "count" | "pages">,
  entries: readonly IndexEntry[],
): Buffer => {
  const pages = Math.max(1, Math.ceil(entries.length / entriesPlanned));
  const filled: IndexEntry[][] = [[]];
  for (const entry of entries) {
    let page = Math.max(pageOf(entry.high, pages), filled.length - 1);
    while (filled.length <= page) filled.push([]);
    if ((filled[page] as IndexEntry[]).length >= entriesPerPage) filled[++page] = [];
    (filled[page] as IndexEntry[]).push(entry);
  }
  while (filled.length <= pages) filled.push([]); // the last page is never full, so that an overflow ends in the file
  if ((filled[filled.length - 1] as IndexEntry[]).length === entriesPerPage) filled.push([]);
  const bytes = Buffer.alloc((filled.length + 1) * pageBytes);
  const full: SegmentHeader = { ...header, count: entries.length, pages };
  const text = Buffer.from(magic + JSON.stringify(full));
  if (text.length > pageBytes - 8)
    throw new RangeError("the header of an index segment does not fit its page");
  bytes.writeUInt32LE(text.length, 4);
  text.copy(bytes, 8);
  sealPage(bytes.subarray(0, pageBytes));
  const identity = identityOf(full);
  filled.forEach((list, index) => {
    const page = bytes.subarray((index + 1) * pageBytes, (index + 2) * pageBytes);
    page.writeUInt32LE(index + 1, 4);
    page.writeUInt32LE(identity, 8);
    page.writeUInt32LE(list.length, 12);
    list.forEach(({ high, low, offset }, slot) => {
      const at = pageHead + slot * entryBytes;
      page.writeUInt32LE(high, at);
      page.writeUInt32LE(low, at + 4);
      page.writeUIntLE(offset, at + 8, 6);
    });
    sealPage(page);
  });
  return bytes;
};

export const readHeader = (files: FilePort, fd: number): SegmentHeader | undefined => {
  const page = readFully(files, fd, 0, pageBytes);
  if (!isSealedPage(page)) return undefined;
  const length = page.readUInt32LE(4);
  if (length > pageBytes - 8) return undefined;
  const text = page.toString("utf8", 8, 8 + length);
  return text.startsWith(magic) ? (JSON.parse(text.slice(magic.length)) as SegmentHeader) : undefined;
};

/** Offsets at which a command might stand; `undefined` if a page that would say so cannot be believed. */
export const lookUp = (
  files: FilePort,
  fd: number,
  header: SegmentHeader,
  commandId: string,
): readonly number[] | undefined => {
  const { high, low } = hashCommandId(commandId);
  const found: number[] = [];
  for (let index = pageOf(high, header.pages) + 1; ; index += 1) {
    const page = readPage(files, fd, header, index);
    if (page === undefined) return undefined;
    const count = page.readUInt32LE(12);
    for (let slot = 0; slot < count; slot += 1) {
      const at = pageHead + slot * entryBytes;
      if (page.readUInt32LE(at) === high && page.readUInt32LE(at + 4) === low)
        found.push(page.readUIntLE(at + 8, 6));
    }
    if (count < entriesPerPage) return found;
  }
};

/** All entries, sorted; `undefined` if any page cannot be believed. */
export const readEntries = (
  files: FilePort,
  fd: number,
  header: SegmentHeader,
): readonly IndexEntry[] | undefined => {
  const entries: IndexEntry[] = [];
  for (let index = 1; entries.length < header.count; index += 1) {
    const page = readPage(files, fd, header, index);
    if (page === undefined) return undefined;
    const count = page.readUInt32LE(12);
    for (let slot = 0; slot < count; slot += 1) {
      const at = pageHead + slot * entryBytes;
      entries.push({
        high: page.readUInt32LE(at),
        low: page.readUInt32LE(at + 4),
        offset: page.readUIntLE(at + 8, 6),
      });
    }
  }
  return entries;
};

const readPage = (files: FilePort, fd: number, header: SegmentHeader, index: number): Buffer | undefined => {
  const page = readFully(files, fd, index * pageBytes, pageBytes);
  const fits =
    isSealedPage(page) && page.readUInt32LE(4) === index && page.readUInt32LE(8) === identityOf(header);
  return fits && page.readUInt32LE(12) <= entriesPerPage ? page : undefined;
};

const identities = new WeakMap<SegmentHeader, number>();
const identityOf = (header: SegmentHeader): number => {
  const known = identities.get(header);
  if (known !== undefined) return known;
  const { stream, ino, origin, from, to, count, pages, digest } = header;
  const identity = crc32(Buffer.from(JSON.stringify([stream, ino, origin, from, to, count, pages, digest])));
  identities.set(header, identity);
  return identity;
};

const sealPage = (page: Buffer): void => {
  page.writeUInt32LE(crc32(page.subarray(4)), 0);
};

const isSealedPage = (page: Buffer): boolean =>
  page.length === pageBytes && page.readUInt32LE(0) === crc32(page.subarray(4));

/**
 * Where in the packs of a set each snapshot stands: rows of equal length, sorted by a hash of the snapshot's key, behind a line
 * that names the packs. Nothing here is believed: what stands at the place is checked, and is the snapshot or a miss.
 */
import path from "node:path";
import { type SnapshotKey, sha256Hex } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import { glimpse, openRegularIfThere, readOnly } from "../files/safe-files.ts";
import { isSealed, sealLine } from "../log/sealed-line.ts";

export interface PackPlace {
  /** 48 bits of the key's hash. */
  readonly hash: number;
  readonly pack: number;
  readonly offset: number;
  readonly length: number;
}

/** Hash, number of the pack, offset, length. */
const rowBytes = 20;
const longestHeader = 65_536;
/** Read at once when the search has come so close. */
const pageRows = 204;

export const hashOf = ({ stream, name, version }: SnapshotKey): number =>
  Number.parseInt(sha256Hex(JSON.stringify([stream, name, version])).slice(0, 12), 16);

export const packIndex = (packs: readonly string[], places: readonly PackPlace[]): Buffer => {
  const header = sealLine(JSON.stringify({ v: 1, packs, rows: places.length }));
  if (header.length > longestHeader) throw new RangeError("a set has too many parts");
  const rows = Buffer.alloc(places.length * rowBytes);
  const sorted = [...places].sort((left, right) => left.hash - right.hash);
  for (const [index, { hash, pack, offset, length }] of sorted.entries()) {
    const at = index * rowBytes;
    rows.writeUIntBE(hash, at, 6);
    rows.writeUInt16BE(pack, at + 6);
    rows.writeUIntBE(offset, at + 8, 6);
    rows.writeUIntBE(length, at + 14, 6);
  }
  return Buffer.concat([header, rows]);
};

export interface FoundPlace {
  readonly pack: string;
  readonly offset: number;
  readonly length: number;
}

/** Where a snapshot may stand; several places if hashes are equal. Reads a few pages, however large the index is. */
export const findPlaces = (
  files: FilePort,
  folder: string,
  name: string,
  key: SnapshotKey,
): readonly FoundPlace[] => {
  const opened = openRegularIfThere(files, path.join(folder, name), readOnly);
  if (opened === undefined) return [];
  const { fd } = opened;
  try {
    const header = readHeader(files, fd);
    if (header === undefined) return [];
    const { packs, rows, start } = header;
    const hash = hashOf(key);
    const hashAt = (row: number): number =>
      glimpse(files, fd, start + row * rowBytes, rowBytes).readUIntBE(0, 6);
    // The first row whose hash is not below; its page is read whole.
    let from = 0;
    let to = rows;
    while (to - from > pageRows) {
      const middle = (from + to) >>> 1;
      if (hashAt(middle) < hash) from = middle + 1;
      else to = middle;
    }
    const found: FoundPlace[] = [];
    const page = glimpse(files, fd, start + from * rowBytes, Math.min(2 * pageRows, rows - from) * rowBytes);
    for (let at = 0; at + rowBytes <= page.length; at += rowBytes) {
      if (page.readUIntBE(at, 6) !== hash) continue;
      const pack = packs[page.readUInt16BE(at + 6)];
      if (pack !== undefined)
        found.push({ pack, offset: page.readUIntBE(at + 8, 6), length: page.readUIntBE(at + 14, 6) });
    }
    return found;
  } finally {
    files.close(fd);
  }
};

const readHeader = (
  files: FilePort,
  fd: number,
):
  | { readonly packs: readonly unknown[] & readonly string[]; readonly rows: number; readonly start: number }
  | undefined => {
  let bytes = glimpse(files, fd, 0, 512);
  if (!bytes.includes(0x0a)) bytes = glimpse(files, fd, 0, longestHeader);
  const end = bytes.indexOf(0x0a);
  if (end < 0 || !isSealed(bytes.subarray(0, end))) return undefined;
  const { v, packs, rows } = JSON.parse(bytes.toString("utf8", 0, end)) as Record<string, unknown>;
  if (v !== 1 || !Array.isArray(packs) || !Number.isSafeInteger(rows)) return undefined;
  return { packs: packs as string[], rows: rows as number, start: end + 1 };
};

/** Lines of a file, block by block. Holds one block, or one line if that is longer, whatever the file's length. */
import type { FilePort } from "../files/file-port.ts";
import { hardRecordBytes } from "./bounds.ts";

export interface Line {
  readonly offset: number;
  /** Length in the file, LF included. */
  readonly length: number;
  /** Without LF; only until the next line is asked for. Empty if `oversized`. */
  readonly bytes: Buffer;
  /** Longer than any record may be: skipped without being held. */
  readonly oversized: boolean;
}

export interface LineReader {
  /** The next complete line; `undefined` at the end of the file, or of the part that was asked for. */
  next(): Line | undefined;
  /** Where the last complete line ended. */
  readonly end: number;
  /** Bytes behind it, seen so far. */
  readonly tail: number;
}

export interface LineRange {
  /** The beginning of a line. */
  readonly from: number;
  /** Not read beyond; a line that would end later is not there. @defaultValue the end of the file */
  readonly to?: number;
  readonly blockBytes?: number;
}

export const smallBlock = 65_536;

/** The block of a reader that came to its end: most readings are of a few new lines, and a block costs more than they do. */
let spare: Buffer | undefined;

const takeBlock = (bytes: number): Buffer => {
  if (spare === undefined || bytes !== smallBlock) return Buffer.allocUnsafe(bytes);
  const block = spare;
  spare = undefined;
  return block;
};

export const openLineReader = (
  files: FilePort,
  fd: number,
  { from, to = Number.MAX_SAFE_INTEGER, blockBytes = smallBlock }: LineRange,
): LineReader => {
  let block = takeBlock(blockBytes);
  let start = 0; // of the next line, in the block
  let scanned = 0; // no LF between start and here
  let filled = 0;
  let base = from; // offset in the file of the block's first byte
  let skipping = 0; // bytes of an oversized line that were let go

  /** What is behind the last line stays, in case that more is asked for. */
  const giveBack = (): void => {
    if (block.length !== smallBlock) return;
    const rest = Buffer.from(block.subarray(0, filled));
    spare = block;
    block = rest;
  };

  const refill = (): boolean => {
    if (start > 0) {
      block.copyWithin(0, start, filled);
      base += start;
      filled -= start;
      scanned -= start;
      start = 0;
    }
    if (filled > hardRecordBytes) {
      skipping += filled;
      base += filled;
      filled = 0;
      scanned = 0;
    }
    if (filled === block.length) {
      const larger = takeBlock(Math.max(blockBytes, block.length * 4));
      block.copy(larger, 0, 0, filled);
      block = larger;
    }
    const wanted = Math.min(block.length - filled, to - base - filled);
    const got = wanted <= 0 ? 0 : files.read(fd, block, filled, wanted, base + filled);
    filled += got;
    if (got === 0) giveBack();
    return got > 0;
  };

  return {
    next: () => {
      for (;;) {
        const lineEnd = scanned < filled ? block.indexOf(0x0a, scanned) : -1;
        if (lineEnd >= 0 && lineEnd < filled) {
          const offset = base + start - skipping;
          const length = lineEnd + 1 - start + skipping;
          const oversized = length > hardRecordBytes;
          const bytes = oversized ? block.subarray(0, 0) : block.subarray(start, lineEnd);
          start = lineEnd + 1;
          scanned = start;
          skipping = 0;
          return { offset, length, bytes, oversized };
        }
        scanned = filled;
        if (!refill()) return undefined;
      }
    },
    get end() {
      return base + start - skipping;
    },
    get tail() {
      return filled - start + skipping;
    },
  };
};

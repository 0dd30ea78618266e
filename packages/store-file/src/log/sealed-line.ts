/**
 * Checksummed lines: JSON objects that end in `,"crc":"<8 hex>"}`. The checksum is over the stored bytes before that
 * member, never over a re-serialisation. It catches damage, not forgery.
 */
import { crc32 } from "./checksum.ts";

/** Bytes of `,"crc":"xxxxxxxx"}`. */
export const sealLength = 18;

/** Seals a JSON object's text, and ends it with LF. `text` must be well formed. */
export const sealLine = (text: string): Buffer => {
  const line = Buffer.allocUnsafe(sealedLength(text));
  sealInto(line, 0, text);
  return line;
};

/** How long a text is as a sealed line, its LF included. */
export const sealedLength = (text: string): number => Buffer.byteLength(text, "utf8") + sealLength;

/** The same as {@link sealLine} into memory that is there, which must have room for it. Answers where the line ends. */
export const sealInto = (target: Buffer, at: number, text: string): number => {
  // The closing brace is overwritten by the seal.
  const end = at + target.write(text, at, "utf8") - 1;
  target.write(sealOf(crc32(target.subarray(at, end))), end, "latin1");
  target[end + sealLength] = 0x0a;
  return end + sealLength + 1;
};

/** Whether a line (without its LF) carries the checksum of its own bytes. */
export const isSealed = (line: Buffer): boolean => isSealedAt(line, 0, line.length);

/** The same for a line that stands from here to there in a block. */
export const isSealedAt = (block: Buffer, from: number, to: number): boolean => {
  const end = to - sealLength;
  if (end <= from) return false;
  // Most of what is no record does not end like one, and need not be summed.
  for (let index = 0; index < startBytes.length; index += 1)
    if (block[end + index] !== startBytes[index]) return false;
  if (block[to - 2] !== 0x22 || block[to - 1] !== 0x7d) return false;
  const checksum = crc32(new Uint8Array(block.buffer, block.byteOffset + from, end - from));
  // The digits are compared, not the number: a flipped case bit in them is damage too.
  for (let index = 0; index < 8; index += 1)
    if (block[to - 3 - index] !== digitBytes[(checksum >>> (index * 4)) & 15]) return false;
  return true;
};

/** The checksum's digits as they stand in a sealed line. */
export const crcOf = (line: Buffer): string => line.toString("latin1", line.length - 10, line.length - 2);

const sealStart = ',"crc":"';
const sealOf = (checksum: number): string => `${sealStart}${checksum.toString(16).padStart(8, "0")}"}`;
const startBytes: Uint8Array = Uint8Array.from(Buffer.from(sealStart));
const digitBytes: Uint8Array = Uint8Array.from(Buffer.from("0123456789abcdef"));

/**
 * Checksummed lines: JSON objects that end in `,"crc":"<8 hex>"}`. The checksum is over the stored bytes before that
 * member, never over a re-serialisation. It catches damage, not forgery.
 */
import { crc32 } from "./checksum.ts";

/** Bytes of `,"crc":"xxxxxxxx"}`. */
export const sealLength = 18;

/** Seals a JSON object's text, and ends it with LF. `text` must be well formed. */
export const sealLine = (text: string): Buffer => {
  const length = Buffer.byteLength(text, "utf8") - 1;
  const line = Buffer.allocUnsafe(length + sealLength + 1);
  line.write(text, 0, length, "utf8");
  line.write(sealOf(crc32(line.subarray(0, length))), length, "latin1");
  line[length + sealLength] = 0x0a;
  return line;
};

/** Whether a line (without its LF) carries the checksum of its own bytes. */
export const isSealed = (line: Buffer): boolean => {
  const length = line.length - sealLength;
  if (length <= 0) return false;
  const seal = line.toString("latin1", length, line.length);
  // Most of what is no record does not end like one, and need not be summed.
  if (!seal.startsWith(sealStart)) return false;
  // The text is compared, not the number: a flipped case bit in the digits is damage too.
  return seal === sealOf(crc32(line.subarray(0, length)));
};

/** The checksum's digits as they stand in a sealed line. */
export const crcOf = (line: Buffer): string => line.toString("latin1", line.length - 10, line.length - 2);

const sealStart = ',"crc":"';
const sealOf = (checksum: number): string => `${sealStart}${checksum.toString(16).padStart(8, "0")}"}`;

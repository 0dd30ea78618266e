/**
 * The one bit whose flip makes a line's checksum right, found without trying: CRC-32 is linear, so the difference between
 * the stored and the computed sum depends on the distance of the flipped bit from the end alone. Walking that difference
 * back bit by bit takes one step for each bit of the line.
 * Source: ISO 3309, the reflected polynomial 0xEDB88320; a single bit's difference is unique below 2^32-1 bits.
 */
import { crc32 } from "../log/checksum.ts";
import { sealLength } from "../log/sealed-line.ts";

export interface SingleBit {
  /** Byte in the line, and bit in the byte. */
  readonly at: number;
  readonly bit: number;
  /** The line as it was before. */
  readonly line: Buffer;
}

const polynomial = 0xedb88320;

/** `undefined` if no single bit does it. `line` is without its LF. That the checksum fits proves nothing yet. */
export const findSingleBit = (line: Buffer): SingleBit | undefined => {
  const length = line.length - sealLength;
  if (length <= 0) return undefined;
  const sum = crc32(line.subarray(0, length));
  return inSeal(line, length, sum) ?? inBody(line, length, sum);
};

/** The flipped bit may be in the checksum itself, or in the text around it. */
const inSeal = (line: Buffer, length: number, sum: number): SingleBit | undefined => {
  const right = Buffer.from(`,"crc":"${sum.toString(16).padStart(8, "0")}"}`, "latin1");
  let found: { readonly at: number; readonly bit: number } | undefined;
  for (let index = 0; index < sealLength; index += 1) {
    const difference = (line[length + index] as number) ^ (right[index] as number);
    if (difference === 0) continue;
    const bit = 31 - Math.clz32(difference);
    if (found !== undefined || difference !== 1 << bit) return undefined;
    found = { at: length + index, bit };
  }
  return found === undefined ? undefined : flipped(line, found.at, found.bit);
};

const inBody = (line: Buffer, length: number, sum: number): SingleBit | undefined => {
  const seal = /^,"crc":"([0-9a-f]{8})"}$/.exec(line.toString("latin1", length));
  if (seal === null) return undefined;
  let difference = sum ^ Number.parseInt(seal[1] as string, 16);
  // A flip of the last byte's highest bit leaves the polynomial itself; each bit before it, one shift more.
  for (let steps = 0; steps < 8 * length; steps += 1) {
    if (difference >>> 0 === polynomial) return flipped(line, length - 1 - (steps >>> 3), 7 - (steps & 7));
    difference = difference < 0 ? ((difference ^ polynomial) << 1) | 1 : difference << 1;
  }
  return undefined;
};

const flipped = (line: Buffer, at: number, bit: number): SingleBit => {
  const mended = Buffer.from(line);
  mended[at] = (mended[at] as number) ^ (1 << bit);
  return { at, bit, line: mended };
};

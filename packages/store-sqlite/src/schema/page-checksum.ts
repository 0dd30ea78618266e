/**
 * The checksums of many rows by one look at the bytes they make: as many bytes as a page has are summed ten times as fast at
 * once as row by row. A CRC is linear: that of a text follows from those of its parts and how long they are.
 * Source: zlib's `crc32_combine`.
 */
import { crcOfBytes } from "./checksum.ts";

/** Goes through rows that each have a LF and their checksum behind them, and again a LF. */
export class PageChecksum {
  readonly #bytes: Buffer;
  /** Of all bytes so far, if every row is what its checksum says. */
  #crc = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Takes in a row with its checksum, which ends before the LF at `end`. Answers whether it may still be sound. */
  row(start: number, columnsEnd: number, crc: number, end: number): boolean {
    // So that a sum of bits cannot be NaN or beyond 32 bits and pass for another.
    if (!(crc >= 0 && crc <= 0xffff_ffff)) return false;
    let sum = shifted(this.#crc, columnsEnd - start) ^ crc;
    // Behind the row stand the LF, its checksum and the next LF, which are summed one by one.
    sum = ~sum;
    for (let at = columnsEnd; at <= end; at += 1)
      sum = (ofByte[(sum ^ (this.#bytes[at] as number)) & 0xff] as number) ^ (sum >>> 8);
    this.#crc = ~sum;
    return true;
  }

  /** Whether every row that was taken in is what its checksum says. They have to be all of the bytes. */
  isSound(): boolean {
    return crcOfBytes(this.#bytes) === this.#crc >>> 0;
  }
}

/** Rows that are shorter have a table, in which eight looks make a product. */
const tabledBytes = 1_024;
/** For each length, what every four bits of a sum come to by themselves; 0 where it was not needed yet, and is no memory then. */
const tables = new Int32Array(tabledBytes * 128);

/** The part of a sum that a text has in that of the same text with so many bytes behind it. */
const shifted = (crc: number, bytes: number): number => {
  if (crc === 0) return 0;
  if (bytes >= tabledBytes) return product(powerOf(bytes), crc);
  const at = bytes * 128;
  if (tables[at + 120] === 0) fillTable(at, powerOf(bytes));
  return (
    (tables[at + (crc & 15)] as number) ^
    (tables[at + 16 + ((crc >>> 4) & 15)] as number) ^
    (tables[at + 32 + ((crc >>> 8) & 15)] as number) ^
    (tables[at + 48 + ((crc >>> 12) & 15)] as number) ^
    (tables[at + 64 + ((crc >>> 16) & 15)] as number) ^
    (tables[at + 80 + ((crc >>> 20) & 15)] as number) ^
    (tables[at + 96 + ((crc >>> 24) & 15)] as number) ^
    (tables[at + 112 + (crc >>> 28)] as number)
  );
};

const fillTable = (at: number, power: number): void => {
  for (let shift = 0; shift < 32; shift += 4)
    for (let bits = 0; bits < 16; bits += 1) tables[at + shift * 4 + bits] = product(power, bits << shift);
};

/** Bits from the highest power of x to the lowest, as a CRC has them: this is 1. */
const one = 1 << 31;
const polynomial = 0xedb8_8320;

/** The product of two polynomials modulo that of the CRC. */
const product = (a: number, b: number): number => {
  let sum = 0;
  let rest = a;
  let term = b;
  for (let bit = 0; bit < 32; bit += 1) {
    sum ^= term & -(rest >>> 31);
    rest <<= 1;
    term = (term >>> 1) ^ (polynomial & -(term & 1));
  }
  return sum;
};

const powerOf = (bytes: number): number => {
  let power = one;
  // x to the 8th, and what it is when it is squared again and again.
  let square = one >>> 8;
  for (let left = bytes; left > 0; left >>>= 1) {
    if ((left & 1) === 1) power = product(square, power);
    square = product(square, square);
  }
  return power;
};

const ofByte = Int32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (polynomial & -(sum & 1));
  return sum;
});

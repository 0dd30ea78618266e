/**
 * CRC-32 of bytes, as `zlib.crc32` has it. Loading zlib takes 2 ms of a process that may live for 70, so the first lines
 * are summed here and zlib takes over from a process that turns out to do more.
 */

/** Bytes summed without zlib: a cold command's snapshot, tail and record, and about 0.2 ms of work. */
const bytesBeforeZlib = 131_072;

type Crc32 = (bytes: Uint8Array) => number;

/** Source: ISO 3309, the reflected polynomial 0xEDB88320. */
const table: Uint32Array = new Uint32Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit += 1) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  table[byte] = remainder;
}

/** In plain JavaScript. */
export const portableCrc32: Crc32 = (bytes) => {
  let sum = 0xffffffff;
  for (let index = 0; index < bytes.length; index += 1)
    sum = (sum >>> 8) ^ (table[(sum ^ (bytes[index] as number)) & 0xff] as number);
  return (sum ^ 0xffffffff) >>> 0;
};

let summed = 0;
let chosen: Crc32 = (bytes) => {
  summed += bytes.length;
  if (summed <= bytesBeforeZlib) return portableCrc32(bytes);
  chosen = process.getBuiltinModule("node:zlib").crc32;
  return chosen(bytes);
};

export const crc32: Crc32 = (bytes) => chosen(bytes);

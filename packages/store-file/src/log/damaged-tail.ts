/**
 * Whether the bytes behind the last LF can be what a killed writer left. Such a fragment is the beginning of a line; a line
 * that is all there but for a damaged LF is an acknowledged record, and no writer may seal it as a fragment.
 */
import type { FilePort } from "../files/file-port.ts";
import { readFully } from "../files/safe-files.ts";
import { hardRecordBytes } from "./bounds.ts";
import { crc32 } from "./checksum.ts";
import type { Finding } from "./fold.ts";

const sealStart = Buffer.from(',"crc":"');

/** Places looked at; more than one only where events hold the same text. */
const mostPlaces = 16;

/** `true` if a whole record stands there, and what follows it is not the beginning of its own seal. */
export const isDamagedTail = (tail: Buffer): boolean => {
  let at = tail.lastIndexOf(sealStart);
  for (let places = 0; at > 0 && places < mostPlaces; places += 1, at = tail.lastIndexOf(sealStart, at - 1)) {
    const body = tail.subarray(0, at);
    // The same text may stand inside an event, where it is not the record's own.
    if (!closesRecord(body)) continue;
    const seal = `,"crc":"${crc32(body).toString(16).padStart(8, "0")}"}`;
    return !seal.startsWith(tail.toString("latin1", at));
  }
  return false;
};

/** What is wrong with the bytes behind the last LF, if they are no fragment. */
export const damagedTail = (files: FilePort, fd: number, end: number, tail: number): Finding | undefined => {
  if (tail === 0 || tail > 2 * hardRecordBytes || !isDamagedTail(readFully(files, fd, end, tail)))
    return undefined;
  return { kind: "damaged", offset: end, length: tail, why: "a record without its line feed" };
};

const closesRecord = (body: Buffer): boolean => {
  try {
    const parsed = JSON.parse(`${body.toString("utf8")}}`) as { readonly events?: unknown };
    return Array.isArray(parsed.events);
  } catch {
    return false;
  }
};

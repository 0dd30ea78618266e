/** Stream names as file names: reversible, and two names never share a path, whatever a file system folds together. */
import { StoreFault } from "@mission-ledger/core";

const plain = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const escaped = /^x--(?:[a-z0-9]|-[0-9a-f]{2})*$/;
const device = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/;
const longestPlain = 100;
const longestEncoded = 200;

/**
 * The name itself if it is harmless everywhere; else `x--` and its UTF-8 bytes, where anything but a to z and 0 to 9 is
 * `-` and two hexadecimal digits. Throws `LIMIT_EXCEEDED` if the result does not fit a file name.
 */
export const encodeStreamName = (stream: string): string => {
  if (isPlain(stream)) return stream;
  if (!(stream as unknown as { isWellFormed(): boolean }).isWellFormed())
    throw new TypeError("a stream's name must be well-formed Unicode");
  let encoded = "x--";
  for (const byte of Buffer.from(stream, "utf8")) {
    const kept = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39);
    encoded += kept ? String.fromCharCode(byte) : `-${byte.toString(16).padStart(2, "0")}`;
    if (encoded.length > longestEncoded) throw nameTooLong(stream);
  }
  return encoded;
};

/** The stream that a file name stands for; `undefined` if we would not have written that name. */
export const decodeStreamName = (encoded: string): string | undefined => {
  if (isPlain(encoded)) return encoded;
  if (encoded.length > longestEncoded || !escaped.test(encoded)) return undefined;
  const bytes: number[] = [];
  for (let index = 3; index < encoded.length; index += 1) {
    if (encoded[index] === "-") {
      bytes.push(Number.parseInt(encoded.slice(index + 1, index + 3), 16));
      index += 2;
    } else bytes.push(encoded.charCodeAt(index));
  }
  try {
    const stream = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
    // Only the one spelling that encoding gives: otherwise two files could claim one stream.
    return encodeStreamName(stream) === encoded ? stream : undefined;
  } catch {
    return undefined;
  }
};

const isPlain = (name: string): boolean =>
  name.length <= longestPlain && plain.test(name) && !device.test(name) && !name.startsWith("x--");

const nameTooLong = (stream: string): StoreFault =>
  new StoreFault(
    "LIMIT_EXCEEDED",
    `the stream's name is too long for a file name (${stream.length} characters)`,
    {
      outcome: "not_written",
      retryable: false,
      hint: "Use a shorter identifier.",
      details: { characters: stream.length, limit: longestEncoded },
    },
  );

/** Whether a stream belongs to a category: what stands before the first `-` of its name. */
export const isOfCategory = (stream: string, category: string): boolean =>
  stream.startsWith(`${category}-`) && !category.includes("-");

/** The highest number that any record carries: asked of the last lines of all logs when the counter cannot be believed. */
import path from "node:path";
import type { FilePort } from "../files/file-port.ts";
import { readFully, readOnly } from "../files/safe-files.ts";
import { type Layout, logSuffix } from "../layout.ts";
import { hardRecordBytes } from "../log/bounds.ts";
import { decodeRecord } from "../log/record.ts";
import { decodeStreamName } from "../names.ts";

/**
 * What is no regular file was never written by us and has no number: it is passed over, and only its own stream is refused.
 * Throws the system's error for a log that cannot be read, since the highest number may stand there.
 */
export const highestSeq = (files: FilePort, layout: Layout): number =>
  listLogs(files, layout).reduce((highest, log) => Math.max(highest, lastSeqOf(files, layout, log)), 0);

const lastSeqOf = (files: FilePort, { logs }: Layout, { stream, encoded }: ListedLog): number => {
  const name = path.join(logs, encoded + logSuffix);
  if (!isLogFile(files, name)) return 0;
  const fd = files.open(name, readOnly);
  try {
    return lastSeqIn(files, fd, files.fstat(fd).size, stream, encoded);
  } finally {
    files.close(fd);
  }
};

/** Whether a regular file stands under the name of a log. One with a second name counts: its records are no less real. */
export const isLogFile = (files: FilePort, name: string): boolean => files.lstat(name)?.isFile() === true;

export interface ListedLog {
  readonly stream: string;
  readonly encoded: string;
}

/** Streams that have a log, in the order of their encoded names. Names that we would not have written are left alone. */
export const listLogs = (files: FilePort, layout: Layout): readonly ListedLog[] => {
  let names: readonly string[];
  try {
    names = files.readdir(layout.logs);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return names
    .filter((name) => name.endsWith(logSuffix))
    .flatMap((name) => {
      const encoded = name.slice(0, -logSuffix.length);
      const stream = decodeStreamName(encoded);
      return stream === undefined ? [] : [{ stream, encoded }];
    })
    .sort((a, b) => (a.encoded < b.encoded ? -1 : 1));
};

const firstTail = 16_384;

/** The number of the last undamaged record; 0 if there is none. Numbers rise in a log, so the last one is the highest. */
const lastSeqIn = (files: FilePort, fd: number, size: number, stream: string, encoded: string): number => {
  for (let length = firstTail; ; length *= 4) {
    const from = Math.max(0, size - length);
    const bytes = readFully(files, fd, from, size - from);
    for (let end = bytes.lastIndexOf(0x0a); end > 0; ) {
      const start = bytes.lastIndexOf(0x0a, end - 1) + 1;
      if (start === 0 && from > 0) break; // the line begins before this block
      const decoded = decodeRecord(bytes.subarray(start, end), stream, encoded);
      if (decoded._tag === "Record") return decoded.record.seq;
      end = start - 1;
    }
    if (from === 0 || length > 16 * hardRecordBytes) return 0;
  }
};

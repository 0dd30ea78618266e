/** The highest number that any record carries: asked of the last lines of all logs when the counter cannot be believed. */
import path from "node:path";
import type { FilePort } from "../files/file-port.ts";
import { openRegularIfThere, readFully, readOnly } from "../files/safe-files.ts";
import { type Layout, logSuffix } from "../layout.ts";
import { hardRecordBytes } from "../log/bounds.ts";
import { decodeRecord } from "../log/record.ts";
import { decodeStreamName } from "../names.ts";

export const highestSeq = (files: FilePort, layout: Layout): number => {
  let highest = 0;
  for (const { stream, encoded } of listLogs(files, layout)) {
    const opened = openRegularIfThere(files, path.join(layout.logs, encoded + logSuffix), readOnly);
    if (opened === undefined) continue;
    try {
      highest = Math.max(highest, lastSeqIn(files, opened.fd, opened.status.size, stream, encoded));
    } finally {
      files.close(opened.fd);
    }
  }
  return highest;
};

/** Streams that have a log, in the order of their encoded names. Names that we would not have written are left alone. */
export const listLogs = (
  files: FilePort,
  layout: Layout,
): readonly { readonly stream: string; readonly encoded: string }[] => {
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
export const lastSeqIn = (
  files: FilePort,
  fd: number,
  size: number,
  stream: string,
  encoded: string,
): number => {
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

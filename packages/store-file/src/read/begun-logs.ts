/** Which logs hold anything, or cannot be looked into. One that a process made and died over, before its first record was whole, is no stream yet. */
import type { FilePort } from "../files/file-port.ts";
import { glimpse, openRegularIfThere, readOnly } from "../files/safe-files.ts";
import type { Layout } from "../layout.ts";
import { hardRecordBytes } from "../log/bounds.ts";
import { listLogs } from "../order/highest-seq.ts";

/** Longer than most first records; only what is longer is read further. */
const firstBytes = 4_096;

export const begunStreams = (files: FilePort, layout: Layout): readonly string[] =>
  listLogs(files, layout)
    .map(({ stream }) => stream)
    .filter((stream) => holdsLine(files, layout.of(stream).log));

/** Whether there is a line in a log. What cannot be looked into is said to hold one: whoever reads that stream is told why, and nobody else is kept from the others. */
const holdsLine = (files: FilePort, log: string): boolean => {
  try {
    return findsLine(files, log);
  } catch (error) {
    if (isOfOneFile(error)) return true;
    throw error;
  }
};

const ofOneFile: ReadonlySet<string | undefined> = new Set([
  "UNSAFE_FILE",
  "EACCES",
  "EIO",
  "EISDIR",
  "ELOOP",
  "ENXIO",
  "EPERM",
]);

/** Whether an error says something about one file, and nothing about the system or the ledger. */
const isOfOneFile = (error: unknown): boolean => ofOneFile.has((error as NodeJS.ErrnoException | null)?.code);

const findsLine = (files: FilePort, log: string): boolean => {
  const opened = openRegularIfThere(files, log, readOnly);
  if (opened === undefined) return false;
  try {
    for (let wanted = firstBytes; wanted <= 2 * hardRecordBytes; wanted *= 16) {
      const bytes = glimpse(files, opened.fd, 0, wanted);
      if (bytes.includes(0x0a)) return true;
      if (bytes.length < wanted) return false;
    }
    return true;
  } finally {
    files.close(opened.fd);
  }
};

/** Which logs hold anything, or cannot be looked into. One that a process made and died over, before its first record was whole, is no stream yet. */
import type { FilePort } from "../files/file-port.ts";
import { glimpse, openRegularIfThere, readOnly } from "../files/safe-files.ts";
import type { Layout } from "../layout.ts";
import { hardRecordBytes } from "../log/bounds.ts";
import { listLogs } from "../order/highest-seq.ts";

/** Longer than most first records; only what is longer is read further. */
const firstBytes = 4_096;

/**
 * The streams of a ledger, each time as they are now. A log in which a line was found is not opened again for as long as it is
 * listed: with thousands of them that takes longer than all else. So one that somebody empties meanwhile stays listed.
 */
export const begunStreams = (files: FilePort, layout: Layout): (() => readonly string[]) => {
  let begun: ReadonlySet<string> = new Set();
  return () => {
    const found = new Set<string>();
    const streams = listLogs(files, layout)
      .map(({ stream }) => stream)
      .filter((stream) => {
        const holds = begun.has(stream) ? "a line" : lookInto(files, layout.of(stream).log);
        if (holds === "a line") found.add(stream);
        return holds !== "nothing";
      });
    begun = found;
    return streams;
  };
};

/** What cannot be looked into counts as a stream: whoever reads it is told why, and nobody else is kept from the others. */
const lookInto = (files: FilePort, log: string): "a line" | "nothing" | "unknown" => {
  try {
    return findsLine(files, log) ? "a line" : "nothing";
  } catch (error) {
    if (isOfOneFile(error)) return "unknown";
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

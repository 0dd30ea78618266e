/** Which logs hold anything. One that a process made and died over, before its first record was whole, is no stream yet. */
import type { FilePort } from "../files/file-port.ts";
import { openRegularIfThere, readFully, readOnly } from "../files/safe-files.ts";
import type { Layout } from "../layout.ts";
import { hardRecordBytes } from "../log/bounds.ts";
import { listLogs } from "../order/highest-seq.ts";

/** Longer than most first records; only what is longer is read further. */
const firstBytes = 4_096;

export const begunStreams = (files: FilePort, layout: Layout): readonly string[] =>
  listLogs(files, layout)
    .map(({ stream }) => stream)
    .filter((stream) => holdsLine(files, layout.of(stream).log));

const holdsLine = (files: FilePort, log: string): boolean => {
  const opened = openRegularIfThere(files, log, readOnly);
  if (opened === undefined) return false;
  try {
    for (let wanted = firstBytes; wanted <= 2 * hardRecordBytes; wanted *= 16) {
      const bytes = readFully(files, opened.fd, 0, wanted);
      if (bytes.includes(0x0a)) return true;
      if (bytes.length < wanted) return false;
    }
    return true;
  } finally {
    files.close(opened.fd);
  }
};

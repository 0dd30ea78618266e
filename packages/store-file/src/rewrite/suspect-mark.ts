/**
 * The mark that makes all writers of a stream turn back: a flush failed, or a rewrite has not come to its end. Set before
 * the log's name changes and removed after the change is durable, so that nobody writes to a file whose name may vanish.
 */
import type { Failpoint } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import { createNew, flushDirectory } from "../files/safe-files.ts";
import type { Layout, StreamPaths } from "../layout.ts";

export const setMark = (files: FilePort, { suspect }: StreamPaths): void => {
  try {
    files.close(files.open(suspect, createNew, 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
};

/** If its removal cannot be made durable, the mark is put back: better one rewrite too many. */
export const removeMark = (
  files: FilePort,
  { locks }: Pick<Layout, "locks">,
  paths: StreamPaths,
  failpoint: Failpoint,
): void => {
  if (files.lstat(paths.suspect) === undefined) return;
  files.unlink(paths.suspect);
  try {
    failpoint("rewrite:flush-locks");
    flushDirectory(files, locks);
  } catch (error) {
    try {
      setMark(files, paths);
    } catch {
      // The log itself is durable; only its mark may come back after a power cut.
    }
    throw error;
  }
};

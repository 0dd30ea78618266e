/**
 * Logs that a flush failed for in this process, each with the very file it failed for. The file is kept open: its inode
 * number means something only that long. A log counts as recovered when another file stands in its place and the mark is gone,
 * which is how a rewrite ends.
 */
import type { FilePort } from "../files/file-port.ts";
import type { StreamPaths } from "../layout.ts";
import type { LogHandle } from "../log/log-handle.ts";

export interface SuspectLogs {
  /** Without a file there is nothing to tell a recovered log by: then it stays suspect as long as the store is open. */
  add(stream: string, log: LogHandle | undefined): void;
  /** Whether the log is still the one that the flush failed for. */
  has(paths: StreamPaths): boolean;
  /** Frees the descriptors. */
  close(): void;
}

export const suspectLogs = (files: FilePort): SuspectLogs => {
  const suspects = new Map<string, LogHandle | undefined>();
  const isRecovered = (log: LogHandle, paths: StreamPaths): boolean => {
    // In this order: whoever puts another file there has set the mark before, and takes it away when all is durable.
    const status = files.lstat(paths.log);
    const isOther = status?.isFile() === true && (status.ino !== log.ino || status.dev !== log.dev);
    return isOther && files.lstat(paths.suspect) === undefined;
  };
  return {
    add: (stream, log) => {
      if (suspects.has(stream)) return;
      log?.retain();
      suspects.set(stream, log);
    },
    has: (paths) => {
      if (!suspects.has(paths.stream)) return false;
      const log = suspects.get(paths.stream);
      if (log === undefined || !isRecovered(log, paths)) return true;
      suspects.delete(paths.stream);
      log.release();
      return false;
    },
    close: () => {
      for (const log of suspects.values()) log?.release();
      suspects.clear();
    },
  };
};

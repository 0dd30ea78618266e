/**
 * Notices whether names were made, removed or exchanged in a directory, at the price of one status call: its times change
 * with its names. Saves the three files that every append would look at one by one, and, on kernels with fine-grained
 * timestamps, keeps the order file's inode out of the journal, which asking for its status would put there at each write.
 */
import type { Clock } from "@mission-ledger/core";
import type { FilePort, FileStatus } from "./file-port.ts";

export interface NameWatch {
  /** Looks, and answers a number that is the same as long as nothing changed. What was checked under it holds. */
  generation(): number;
  /** The number of the last look, for those who come right after it. */
  readonly latest: number;
}

/**
 * A change right after a look may carry the time of the look, since clocks of file systems tick every few milliseconds. So a
 * directory that changed this recently is not believed to be unchanged.
 */
const youngMs = 50;

export const watchNames = (files: FilePort, directory: string, clock: Clock): NameWatch => {
  let seen: FileStatus | undefined;
  let latest = 0;
  return {
    generation: () => {
      const status = files.lstat(directory);
      const same =
        status !== undefined &&
        seen?.ino === status.ino &&
        seen.dev === status.dev &&
        seen.mtimeMs === status.mtimeMs &&
        seen.ctimeMs === status.ctimeMs;
      if (!same) latest += 1;
      // Young, or from a clock that runs ahead: look again next time.
      const old = status !== undefined && clock.now() - Math.max(status.mtimeMs, status.ctimeMs) > youngMs;
      seen = old ? status : undefined;
      return latest;
    },
    get latest() {
      return latest;
    },
  };
};

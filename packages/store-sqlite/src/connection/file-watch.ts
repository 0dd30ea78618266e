/**
 * Whether the names of a database still lead to the files that a connection holds. The database's own name is looked up each
 * time. Its -wal and -shm are taken to be in place as long as the directory's times stand still, which change with its
 * names: asking for the status of a file that is written all the time makes the kernel give it a new time with the next write,
 * and so puts its inode into the journal with each flush.
 */
import path from "node:path";
import type { Clock } from "@mission-ledger/core";
import { isSameFile, statusOf } from "../location/database-place.ts";
import { areSameFiles, type DatabaseFiles, filesOf } from "./connection.ts";

export interface FileWatch {
  /**
   * `holdsSameLedger` is asked when the database's own file was written since the last look: by a checkpoint, or by somebody who
   * laid another file's content over it.
   */
  areInPlace(files: DatabaseFiles, holdsSameLedger: () => boolean): boolean;
}

type Status = NonNullable<ReturnType<typeof statusOf>>;

/**
 * A change right after a look may carry the time of the look, since clocks of file systems tick every few milliseconds. So a
 * directory that changed this recently is not believed to be unchanged.
 */
const youngMs = 50;

export const watchFiles = (database: string, clock: Clock): FileWatch => {
  const directory = path.dirname(database);
  let seen: { readonly status: Status; readonly files: DatabaseFiles } | undefined;
  let content: { readonly status: Status; readonly files: DatabaseFiles } | undefined;

  const areNamed = (files: DatabaseFiles): boolean => {
    const status = statusOf(directory);
    if (status === undefined) return false;
    if (seen?.files === files && isSameFile(seen.status, status) && hasSameTimes(seen.status, status))
      return true;
    const isOld = clock.now() - Math.max(status.mtimeMs, status.ctimeMs) > youngMs;
    seen = undefined;
    if (!areSameFiles(files, filesOf(database))) return false;
    if (isOld) seen = { status, files };
    return true;
  };
  return {
    areInPlace: (files, holdsSameLedger) => {
      if (!areNamed(files)) return false;
      const status = statusOf(database);
      if (status === undefined || !isSameFile(files.database, status)) return false;
      const before = content?.files === files ? content.status : undefined;
      if (before !== undefined && hasSameTimes(before, status)) return true;
      // The ledger never makes its database shorter.
      if (before !== undefined && status.size < before.size) return false;
      if (!holdsSameLedger()) return false;
      content = { status, files };
      return true;
    },
  };
};

const hasSameTimes = (one: Status, other: Status): boolean =>
  one.mtimeMs === other.mtimeMs && one.ctimeMs === other.ctimeMs;

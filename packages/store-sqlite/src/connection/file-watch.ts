/**
 * Whether the names of a database still lead to the files that a connection holds, and whether a failed flush has left its mark
 * beside them. The database's own name is looked up for each proof. The others are taken to be as they were as long as the
 * directory's times stand still, which change with its names: asking for the status of a file that is written all the time makes
 * the kernel give it a new time with the next write, and so puts its inode into the journal with each flush.
 */
import path from "node:path";
import type { Clock } from "@mission-ledger/core";
import { isSameFile, statusOf } from "../location/database-place.ts";
import { areSameFiles, type DatabaseFiles, filesOf } from "./connection.ts";
import { isMarkedSuspect } from "./suspect-mark.ts";

/** `Suspect`: the files are in place, but somebody's flush of them failed, here or in another process. */
export type Place = "InPlace" | "Suspect" | "Moved";

export interface FileWatch {
  /**
   * `holdsSameLedger` is asked when the database's own file was written since the last look: by a checkpoint, or by somebody who
   * laid another file's content over it.
   */
  placeOf(files: DatabaseFiles, holdsSameLedger: () => boolean): Place;
  /** Whether no name has changed since the files were last found in place and without a mark. For one who asks {@link placeOf} afterwards. */
  standsStill(files: DatabaseFiles): boolean;
}

type Status = NonNullable<ReturnType<typeof statusOf>>;

/**
 * A change right after a look may carry the time of the look, since clocks of file systems tick every few milliseconds. So a
 * directory that changed this recently is not believed to be unchanged.
 */
const youngMs = 50;
/** The same where times are kept in whole seconds. Source: FAT counts in two. */
const youngInSecondsMs = 2_500;

export const watchFiles = (database: string, clock: Clock): FileWatch => {
  const directory = path.dirname(database);
  let seen: { readonly status: Status; readonly files: DatabaseFiles } | undefined;
  let content: { readonly status: Status; readonly files: DatabaseFiles } | undefined;

  const isAsSeen = (files: DatabaseFiles, status: Status): boolean =>
    seen?.files === files && isSameFile(seen.status, status) && hasSameTimes(seen.status, status);

  /** What the names say. */
  const named = (files: DatabaseFiles): Place => {
    const status = statusOf(directory);
    if (status === undefined) return "Moved";
    if (isAsSeen(files, status)) return "InPlace";
    const isOld = clock.now() - lastChange(status) > youngFor(status);
    seen = undefined;
    if (!areSameFiles(files, filesOf(database))) return "Moved";
    if (isMarkedSuspect(database)) return "Suspect";
    if (isOld) seen = { status, files };
    return "InPlace";
  };
  return {
    placeOf: (files, holdsSameLedger) => {
      const place = named(files);
      if (place === "Moved") return place;
      const status = statusOf(database);
      if (status === undefined || !isSameFile(files.database, status)) return "Moved";
      const before = content?.files === files ? content.status : undefined;
      if (before !== undefined && hasSameTimes(before, status)) return place;
      // The ledger never makes its database shorter.
      if (before !== undefined && status.size < before.size) return "Moved";
      if (!holdsSameLedger()) return "Moved";
      content = { status, files };
      return place;
    },
    standsStill: (files) => {
      if (seen?.files !== files) return false;
      const status = statusOf(directory);
      return status !== undefined && isAsSeen(files, status);
    },
  };
};

const hasSameTimes = (one: Status, other: Status): boolean =>
  one.mtimeMs === other.mtimeMs && one.ctimeMs === other.ctimeMs;

const lastChange = ({ mtimeMs, ctimeMs }: Status): number => Math.max(mtimeMs, ctimeMs);

const youngFor = ({ mtimeMs, ctimeMs }: Status): number =>
  mtimeMs % 1_000 === 0 && ctimeMs % 1_000 === 0 ? youngInSecondsMs : youngMs;

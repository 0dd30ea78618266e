/**
 * What the ledger last saw of a copy, so that a copy nobody else touched costs one look at its status. Lies in the cache and is
 * never believed: whatever does not fit, or is gone, leads to a full comparison.
 */
import type { Warning } from "@mission-ledger/core";
import type { FilePort, FileStatus } from "../files/file-port.ts";
import {
  makeDirectories,
  openRegular,
  openRegularIfThere,
  readFully,
  readOnly,
  readWriteCreate,
} from "../files/safe-files.ts";
import { isSealed, sealLine } from "../log/sealed-line.ts";
import type { CopyPaths, CopyPlace } from "./copy-place.ts";

export interface SeenCopy {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  /** Its last bytes. */
  readonly last: string;
}

/** Up to where the copy holds what the log holds. */
export interface SeenLog {
  readonly ino: number;
  readonly end: number;
  /** What stands before `end`: the checksum of the last record that was published. */
  readonly last: string;
  readonly revision: number;
  readonly digest: string | null;
  readonly origin: string | null;
}

export interface CopyState {
  readonly copy: SeenCopy;
  readonly log: SeenLog;
  /** Not appended to before it was written anew. */
  readonly isBlocked: boolean;
  /** What was wrong with it; said again with every receipt. */
  readonly warnings: readonly Warning[];
}

const lastBytes = 64;
const longestState = 16_384;
/** A change right after a look may carry the time of the look, since clocks of file systems tick every few milliseconds. */
const youngMs = 50;

export const seenCopy = (files: FilePort, { copy }: CopyPaths, status: FileStatus): SeenCopy => ({
  dev: status.dev,
  ino: status.ino,
  size: status.size,
  mtimeMs: status.mtimeMs,
  ctimeMs: status.ctimeMs,
  last: lastOf(files, copy, status.size),
});

const lastOf = (files: FilePort, copy: string, size: number): string => {
  const opened = openRegularIfThere(files, copy, readOnly);
  if (opened === undefined) return "";
  try {
    const from = Math.max(0, size - lastBytes);
    return readFully(files, opened.fd, from, size - from).toString("latin1");
  } finally {
    files.close(opened.fd);
  }
};

/** Whether the copy is the one that was seen. `now` is the time by the system's clock. */
export const isUntouched = (
  files: FilePort,
  paths: CopyPaths,
  { copy }: CopyState,
  status: FileStatus,
  now: number,
): boolean => {
  const same =
    copy.ino === status.ino &&
    copy.dev === status.dev &&
    copy.size === status.size &&
    copy.mtimeMs === status.mtimeMs &&
    copy.ctimeMs === status.ctimeMs;
  if (!same) return false;
  const isOld = now - Math.max(status.mtimeMs, status.ctimeMs) > youngMs;
  return isOld || lastOf(files, paths.copy, status.size) === copy.last;
};

/** `undefined` if nothing is known. A state that is being written reads as nothing. */
export const loadState = (files: FilePort, { state }: CopyPaths): CopyState | undefined => {
  const opened = openRegularIfThere(files, state, readOnly);
  if (opened === undefined) return undefined;
  try {
    const bytes = readFully(files, opened.fd, 0, longestState);
    const end = bytes.indexOf(0x0a);
    const line = bytes.subarray(0, Math.max(0, end));
    // Sealed by us: its shape is the one that was written.
    return isSealed(line) ? (JSON.parse(line.toString("utf8")) as CopyState) : undefined;
  } finally {
    files.close(opened.fd);
  }
};

/** One write over what stood there, under the copy's lock. Too long a state is none. */
export const saveState = (
  files: FilePort,
  place: CopyPlace,
  { state }: CopyPaths,
  value: CopyState,
): void => {
  const line = sealLine(JSON.stringify(value));
  if (line.length > longestState) return;
  let fd: number;
  try {
    fd = openRegular(files, state, readWriteCreate).fd;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    makeDirectories(files, place.states);
    fd = openRegular(files, state, readWriteCreate).fd;
  }
  try {
    files.write(fd, line, 0, line.length, 0);
  } finally {
    files.close(fd);
  }
};

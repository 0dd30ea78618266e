/** Opening what is ours and nothing else: no links, no devices, no file with a second name, no directory that is a link. */
import { constants } from "node:fs";
import path from "node:path";
import { StoreFault } from "@mission-ledger/core";
import type { FilePort, FileStatus } from "./file-port.ts";

/** Windows has no `O_NOFOLLOW`; there the status of the path is compared before the open. */
const noFollow: number = constants.O_NOFOLLOW ?? 0;
/** A FIFO opened to read would wait for its writer for ever; for a regular file the flag means nothing. */
const nonBlocking: number = constants.O_NONBLOCK ?? 0;

export const readOnly: number = constants.O_RDONLY | noFollow | nonBlocking;
export const readAppend: number = constants.O_RDWR | constants.O_APPEND | noFollow | nonBlocking;
export const createAppend: number = readAppend | constants.O_CREAT | constants.O_EXCL;
export const readWriteCreate: number = constants.O_RDWR | constants.O_CREAT | noFollow | nonBlocking;
export const createNew: number = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | noFollow;

export interface OpenedFile {
  readonly fd: number;
  readonly status: FileStatus;
}

/** Opens a regular file that has one name; anything else is closed again and refused with `UNSAFE_FILE`. */
export const openRegular = (files: FilePort, name: string, flags: number, mode = 0o600): OpenedFile => {
  if (noFollow === 0 && files.lstat(name)?.isSymbolicLink()) throw unsafeFile(name, "is a symbolic link");
  const fd = files.open(name, flags, mode);
  try {
    const status = files.fstat(fd);
    if (!status.isFile()) throw unsafeFile(name, "is not a regular file");
    if (status.nlink > 1) throw unsafeFile(name, "has a second name (hard link)");
    return { fd, status };
  } catch (error) {
    files.close(fd);
    throw error;
  }
};

/** As {@link openRegular}, `undefined` if there is no such file. */
export const openRegularIfThere = (files: FilePort, name: string, flags: number): OpenedFile | undefined => {
  try {
    return openRegular(files, name, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
};

/**
 * Makes the missing directories of a path, each private and each checked; answers those it made. `beforeMaking` is told the
 * directory that a new one is about to be made in.
 */
export const makeDirectories = (
  files: FilePort,
  directory: string,
  beforeMaking: (parent: string) => void = () => {},
): readonly string[] => {
  const status = files.lstat(directory);
  if (status !== undefined) {
    if (!status.isDirectory()) throw unsafeFile(directory, "is not a directory");
    return [];
  }
  const above = makeDirectoriesAbove(files, path.dirname(directory), beforeMaking);
  beforeMaking(path.dirname(directory));
  try {
    files.mkdir(directory, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  if (!files.lstat(directory)?.isDirectory()) throw unsafeFile(directory, "is not a directory");
  return [...above, directory];
};

/** Above the ledger somebody else decides: a link to a directory is theirs to make. */
const makeDirectoriesAbove = (
  files: FilePort,
  directory: string,
  beforeMaking: (parent: string) => void,
): readonly string[] => {
  try {
    files.realpath(directory);
    return [];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return makeDirectories(files, directory, beforeMaking);
  }
};

/**
 * Windows cannot flush a directory; everywhere else an error here is an error. `failed` makes what is thrown of the error of
 * the flush itself, which is another matter than a directory that cannot be opened.
 */
export const flushDirectory = (
  files: FilePort,
  directory: string,
  failed: (error: unknown) => unknown = (error) => error,
): void => {
  if (process.platform === "win32") return;
  const fd = files.open(directory, constants.O_RDONLY);
  try {
    files.fsync(fd);
  } catch (error) {
    throw failed(error);
  } finally {
    files.close(fd);
  }
};

/**
 * The port with a `close` that always succeeds. Whatever the system says there, the descriptor is free, and what matters was
 * flushed before: an error would only keep somebody from closing the rest.
 */
export const closingQuietly = (files: FilePort): FilePort =>
  Object.assign(Object.create(files) as FilePort, {
    close: (fd: number): void => {
      try {
        files.close(fd);
      } catch {
        // It is closed.
      }
    },
  });

/** Reads up to `length` bytes at `position`; fewer only at the end of the file. */
export const readFully = (files: FilePort, fd: number, position: number, length: number): Buffer => {
  const buffer = Buffer.allocUnsafe(length);
  const filled = fill(files, fd, position, buffer);
  return filled === length ? buffer : buffer.subarray(0, filled);
};

/** Longer looks are rare, and get memory of their own. */
const longestGlimpse = 65_536;
let glimpsed: Buffer | undefined;

/**
 * The same in memory that the next call uses again, for a look at a few bytes of which nothing is kept. A look at each of
 * thousands of files else leaves some hundred megabytes outside of V8's heap, which nobody frees in time.
 */
export const glimpse = (files: FilePort, fd: number, position: number, length: number): Buffer => {
  if (length > longestGlimpse) return readFully(files, fd, position, length);
  glimpsed ??= Buffer.allocUnsafeSlow(longestGlimpse);
  return glimpsed.subarray(0, fill(files, fd, position, glimpsed.subarray(0, length)));
};

/** Answers how much of the buffer is filled. */
const fill = (files: FilePort, fd: number, position: number, buffer: Buffer): number => {
  let filled = 0;
  while (filled < buffer.length) {
    const got = files.read(fd, buffer, filled, buffer.length - filled, position + filled);
    if (got === 0) break;
    filled += got;
  }
  return filled;
};

export const unsafeFile = (name: string, why: string): StoreFault =>
  new StoreFault("UNSAFE_FILE", `${name} ${why}; the ledger does not use it`, {
    outcome: "not_written",
    retryable: false,
    hint: "Look who put it there, move it away, and try again.",
    details: { path: name },
  });

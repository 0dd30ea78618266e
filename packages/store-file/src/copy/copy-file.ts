/**
 * The copy as a file. It lies in somebody's work tree, so anything may stand in its place: links, devices, second names and
 * files beyond all measure are refused, and nothing but the copy itself is ever written to.
 */
import path from "node:path";
import { StoreFault } from "@mission-ledger/core";
import { largestCopyBytes } from "../branches/read-copy.ts";
import type { FilePort, FileStatus } from "../files/file-port.ts";
import {
  createAppend,
  createNew,
  type OpenedFile,
  openRegular,
  openRegularIfThere,
  readAppend,
  readFully,
  readOnly,
  unsafeFile,
} from "../files/safe-files.ts";
import { removeQuietly } from "../files/write-file.ts";
import type { CopyPaths, CopyPlace } from "./copy-place.ts";

/** As the umask has it: the copy is for everybody who may read the work tree. */
const sharedFile = 0o666;
const sharedFolder = 0o777;

export interface CopyBytes {
  readonly bytes: Buffer;
  readonly status: FileStatus;
}

/** The copy's bytes and what it was when they were read; `undefined` if there is none. Throws `UNSAFE_FILE`, `LIMIT_EXCEEDED`. */
export const readCopyFile = (
  files: FilePort,
  place: CopyPlace,
  { copy }: CopyPaths,
): CopyBytes | undefined => {
  if (!foldersAreOurs(files, place)) return undefined;
  const opened = openRegularIfThere(files, copy, readOnly);
  if (opened === undefined) return undefined;
  try {
    const { size } = opened.status;
    if (size > largestCopyBytes) throw tooLarge(copy, size);
    // What was appended since the status was taken belongs to the next look.
    const bytes = readFully(files, opened.fd, 0, size);
    return { bytes, status: { ...statusOf(opened.status), size: bytes.length } };
  } finally {
    files.close(opened.fd);
  }
};

/**
 * Appends with one call to the file that was looked at; makes it if there was none. Answers what the file is afterwards;
 * `undefined` if another one stands there now, or stood there when the call was over.
 */
export const appendToCopy = (
  files: FilePort,
  place: CopyPlace,
  { copy }: CopyPaths,
  bytes: Buffer,
  before: Pick<FileStatus, "ino" | "size"> | undefined,
): FileStatus | undefined => {
  if (before === undefined) makeFolders(files, place);
  const opened = openUnlessChanged(files, copy, before !== undefined);
  if (opened === undefined) return undefined;
  const { fd, status } = opened;
  try {
    if (before !== undefined && (status.ino !== before.ino || status.size !== before.size)) return undefined;
    const count = files.write(fd, bytes, 0, bytes.length, null);
    if (count !== bytes.length) throw fullDisk(copy, count, bytes.length);
    const after = statusOf(files.fstat(fd));
    return after.nlink === 1 && after.size === (before?.size ?? 0) + count ? after : undefined;
  } finally {
    files.close(fd);
  }
};

/** `undefined` if somebody made it, or took it away, since it was looked at. */
const openUnlessChanged = (files: FilePort, copy: string, wasThere: boolean): OpenedFile | undefined => {
  try {
    return openRegular(files, copy, wasThere ? readAppend : createAppend, sharedFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === (wasThere ? "ENOENT" : "EEXIST")) return undefined;
    throw error;
  }
};

/** Puts a new file in the copy's place. */
export const replaceCopy = (
  files: FilePort,
  place: CopyPlace,
  { copy, encoded }: CopyPaths,
  bytes: Buffer,
  id: string,
): FileStatus => {
  makeFolders(files, place);
  const temporary = path.join(place.logs, `.${encoded}.${id}.tmp`);
  const fd = files.open(temporary, createNew, sharedFile);
  let placed = false;
  try {
    let status: FileStatus;
    try {
      for (let at = 0; at < bytes.length; ) {
        const count = files.write(fd, bytes, at, bytes.length - at, at);
        if (count === 0) throw fullDisk(copy, at, bytes.length);
        at += count;
      }
      files.fdatasync(fd);
      files.rename(temporary, copy);
      placed = true;
      status = statusOf(files.fstat(fd));
    } finally {
      files.close(fd);
    }
    return status;
  } finally {
    // What is left is passed over by git's ignore file.
    if (!placed) removeQuietly(files, temporary);
  }
};

/** `false` if the work tree has no folder for copies, or no longer. Throws `UNSAFE_FILE` for a link in its place. */
export const foldersAreOurs = (files: FilePort, { folder, logs }: CopyPlace): boolean => {
  for (const name of [folder, logs]) {
    const status = files.lstat(name);
    if (status === undefined) return false;
    if (!status.isDirectory()) throw unsafeFile(name, "is not a directory");
  }
  return true;
};

const makeFolders = (files: FilePort, place: CopyPlace): void => {
  if (foldersAreOurs(files, place)) return;
  try {
    files.mkdir(place.logs, sharedFolder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  foldersAreOurs(files, place);
};

/** A status that outlives its call; `fs.Stats` computes some members when asked. */
const statusOf = (status: FileStatus): FileStatus => ({
  dev: status.dev,
  ino: status.ino,
  size: status.size,
  nlink: status.nlink,
  mtimeMs: status.mtimeMs,
  ctimeMs: status.ctimeMs,
  isFile: () => status.isFile(),
  isDirectory: () => status.isDirectory(),
  isSymbolicLink: () => status.isSymbolicLink(),
});

const tooLarge = (copy: string, bytes: number): StoreFault =>
  new StoreFault("LIMIT_EXCEEDED", `${copy} has ${bytes} bytes; a copy has at most ${largestCopyBytes}`, {
    outcome: "not_written",
    retryable: false,
    hint: "Look what stands there; the ledger itself is complete without it.",
    details: { path: copy, bytes, limit: largestCopyBytes },
  });

const fullDisk = (copy: string, count: number, length: number): StoreFault =>
  new StoreFault("STORAGE_FULL", `the disk took ${count} of ${length} bytes of ${copy}`, {
    outcome: "not_written",
    retryable: true,
    hint: "Make room on the disk; the next command goes on where this one stopped.",
    details: { path: copy, count, length },
  });

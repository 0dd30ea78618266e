/**
 * Prompts on the disk. Promises: a new one never takes the place of anything, is flushed and read again before it counts, and
 * only its user can read it; a file is read only as a plain file of this user that nobody else can write, and never through a link.
 */
import path from "node:path";
import { StoreFault } from "@mission-ledger/core";
import {
  createNew,
  type FilePort,
  type FileStatus,
  faultOf,
  flushDirectory,
  makeDirectories,
  openRegular,
  readFully,
  readOnly,
  writeFully,
} from "@mission-ledger/store-file";
import { ownUser } from "./own-user.ts";

/** Longest prompt, in bytes. */
export const maxPromptBytes = 1_048_576;

/** The names of the folders from the prompts' own down, and of the file. */
export type PromptPath = readonly string[];

export interface WritePrompt {
  readonly files: FilePort;
  /** Of all prompts of the ledger. */
  readonly folder: string;
  readonly path: PromptPath;
  readonly bytes: Uint8Array;
}

/**
 * Answers `false` and writes nothing if there is something of that name already. Throws `UNSAFE_FILE` where a folder is not this
 * user's own, and what a disk may say; then nothing was left behind that counts.
 */
export const writePromptFile = ({ files, folder, path: names, bytes }: WritePrompt): boolean => {
  const file = path.join(folder, ...names);
  const created = guarded(file, () => {
    for (let count = 0; count < names.length; count += 1) {
      // Each is looked at before anything is made in it: a link would lead elsewhere.
      makeDirectories(files, path.join(folder, ...names.slice(0, count)));
      checkFolders(files, folder, names.slice(0, count + 1));
    }
    let fd: number;
    try {
      fd = files.open(file, createNew, 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
    try {
      try {
        writeFully(files, fd, bytes, 0);
        files.fsync(fd);
      } finally {
        files.close(fd);
      }
      for (let at = path.dirname(file); at.startsWith(path.dirname(folder)); at = path.dirname(at)) {
        flushDirectory(files, at);
        if (at === path.dirname(folder)) break;
      }
    } catch (error) {
      removePromptFile(files, file);
      throw error;
    }
    return true;
  });
  if (!created) return false;
  const found = readPromptFile({ files, folder, path: names });
  if (found._tag === "Read" && Buffer.compare(found.bytes, bytes) === 0) return true;
  removePromptFile(files, file);
  throw new StoreFault("READBACK_FAILED", `${file} does not hold what was written to it`, {
    outcome: "not_written",
    retryable: false,
    hint: "Look at the disk and at who else writes there before asking again.",
    details: { path: file, found: found._tag === "Read" ? "other bytes" : found.problem },
  });
};

/** Removes a file of ours; what cannot be removed is of no use without its event. Never follows a link. */
export const removePromptFile = (files: FilePort, file: string): void => {
  try {
    files.unlink(file);
  } catch {
    // No event names it.
  }
};

export type FoundFile =
  | { readonly _tag: "Read"; readonly bytes: Buffer; readonly mtimeMs: number }
  | { readonly _tag: "Unusable"; readonly problem: string };

/** Never throws: whatever keeps it from being read is why it is not used. */
export const readPromptFile = ({ files, folder, path: names }: Omit<WritePrompt, "bytes">): FoundFile => {
  try {
    checkFolders(files, folder, names);
    const { fd, status } = openRegular(files, path.join(folder, ...names), readOnly);
    try {
      const problem = ownershipProblem(status);
      if (problem !== undefined) return unusable(problem);
      if (status.size > maxPromptBytes) return unusable(`longer than ${maxPromptBytes} bytes`);
      // One byte more shows a file that grows while it is read.
      const bytes = readFully(files, fd, 0, status.size + 1);
      return bytes.length === status.size
        ? { _tag: "Read", bytes, mtimeMs: status.mtimeMs }
        : unusable("changed while it was read");
    } finally {
      files.close(fd);
    }
  } catch (error) {
    if (error instanceof StoreFault) return unusable(error.message);
    const { code = String(error) } = error as NodeJS.ErrnoException;
    return unusable(
      code === "ENOENT" ? "missing" : code === "ELOOP" ? "a symbolic link" : `unreadable: ${code}`,
    );
  }
};

const unusable = (problem: string): FoundFile => ({ _tag: "Unusable", problem });

/** Throws `UNSAFE_FILE` for a folder that is a link, somebody else's, or open to others. */
const checkFolders = (files: FilePort, folder: string, names: PromptPath): void => {
  let at = folder;
  for (const name of names) {
    const status = files.lstat(at);
    if (status === undefined) throw Object.assign(new Error(`${at} is missing`), { code: "ENOENT" });
    const problem = status.isDirectory() ? ownershipProblem(status) : "is no folder";
    if (problem !== undefined)
      throw new StoreFault("UNSAFE_FILE", `${at} is not used for review prompts: it ${problem}`, {
        outcome: "not_written",
        retryable: false,
        hint: "Look who put it there, move it away, and try again.",
        details: { path: at },
      });
    at = path.join(at, name);
  }
};

const writableByOthers = 0o022;

/** Why a file or folder is not this user's alone to change. */
export const ownershipProblem = ({ uid, mode = writableByOthers }: FileStatus): string | undefined => {
  const user = ownUser();
  if (user === undefined) return undefined;
  if (uid !== user) return "belongs to another user";
  return (mode & writableByOthers) === 0 ? undefined : "can be written by others";
};

const guarded = <A>(file: string, write: () => A): A => {
  try {
    return write();
  } catch (error) {
    throw faultOf(error, "write", { path: file });
  }
};

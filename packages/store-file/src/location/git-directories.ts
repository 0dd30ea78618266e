/**
 * Where git keeps its own files for a folder, read from the disk rather than asked of git, which costs a third of what a cold
 * command may take.
 */
import { constants } from "node:fs";
import path from "node:path";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { openRegular, readFully } from "../files/safe-files.ts";
import { askGit, type GitProgram } from "./git.ts";

export interface LocateOptions {
  /** What the environment says about git; the library never reads it itself. */
  readonly git?: GitProgram & {
    /** `GIT_DIR` or its like is set: then git is asked. @defaultValue false */
    readonly askGit?: boolean;
  };
  readonly files?: FilePort;
}

export interface GitDirectories {
  /** What all worktrees share, as a real path. */
  readonly common: string;
  /** Top of the work tree; `undefined` in a bare repository and inside of git's own folder. */
  readonly workTree: string | undefined;
  /** What belongs to this worktree alone, such as its HEAD; may ask git. */
  readonly own: () => string | undefined;
}

/** `undefined` outside of every repository. */
export const locateGitDirectories = (
  cwd: string,
  { git = {}, files = nodeFiles }: LocateOptions = {},
): GitDirectories | undefined => {
  const start = path.resolve(cwd);
  return git.askGit === true ? askForDirectories(start, git) : gitDirectories(files, start, git);
};

/** Source: gitrepository-layout(5). Anything this does not understand is left to git itself. */
const gitDirectories = (files: FilePort, start: string, git: GitProgram): GitDirectories | undefined => {
  for (const directory of upwards(start)) {
    const dotGit = path.join(directory, ".git");
    const status = statusOf(files, dotGit);
    if (status === undefined) {
      if (looksLikeGitDirectory(files, directory)) return askForDirectories(start, git); // bare, or inside `.git`
      continue;
    }
    if (status.isDirectory()) {
      // An empty or half-made `.git` is none to git, which then looks further up.
      if (!looksLikeGitDirectory(files, dotGit)) return askForDirectories(start, git);
      const common = real(files, dotGit);
      return { common, workTree: directory, own: () => common };
    }
    if (!status.isFile()) return askForDirectories(start, git);
    const target = /^gitdir: (.+?)\r?\n?$/.exec(textOf(files, dotGit) ?? "")?.[1];
    if (target === undefined) return askForDirectories(start, git);
    const gitDirectory = path.resolve(directory, target);
    const shared = textOf(files, path.join(gitDirectory, "commondir"))?.trimEnd();
    const common = shared === undefined ? gitDirectory : path.resolve(gitDirectory, shared);
    return looksLikeGitDirectory(files, common)
      ? { common: real(files, common), workTree: directory, own: () => gitDirectory }
      : askForDirectories(start, git);
  }
  return undefined;
};

const looksLikeGitDirectory = (files: FilePort, directory: string): boolean =>
  files.lstat(path.join(directory, "HEAD")) !== undefined &&
  isDirectory(files, path.join(directory, "objects")) &&
  isDirectory(files, path.join(directory, "refs"));

const askForDirectories = (cwd: string, git: GitProgram): GitDirectories | undefined => {
  const common = askGit(cwd, ["rev-parse", "--path-format=absolute", "--git-common-dir"], git);
  if (common === undefined || !path.isAbsolute(common)) return undefined;
  // A bare repository has none, and the inside of `.git` is no work tree.
  const workTree = askGit(cwd, ["rev-parse", "--path-format=absolute", "--show-toplevel"], git);
  return {
    common,
    workTree: workTree !== undefined && path.isAbsolute(workTree) ? workTree : undefined,
    own: () => askGit(cwd, ["rev-parse", "--absolute-git-dir"], git),
  };
};

export function* upwards(start: string): Generator<string> {
  for (let directory = start; ; directory = path.dirname(directory)) {
    yield directory;
    if (directory === path.dirname(directory)) return;
  }
}

export const statusOf = (files: FilePort, name: string): ReturnType<FilePort["lstat"]> => {
  try {
    return files.lstat(name);
  } catch {
    return undefined; // not a directory, or not ours to look into
  }
};

export const isDirectory = (files: FilePort, name: string): boolean => {
  try {
    return files.lstat(name)?.isDirectory() === true;
  } catch {
    return false;
  }
};

const real = (files: FilePort, directory: string): string => {
  try {
    return files.realpath(directory);
  } catch {
    return directory;
  }
};

const longestPointer = 4_096;

const textOf = (files: FilePort, name: string): string | undefined => {
  try {
    const { fd } = openRegular(files, name, constants.O_RDONLY);
    try {
      return readFully(files, fd, 0, longestPointer).toString("utf8");
    } finally {
      files.close(fd);
    }
  } catch {
    return undefined;
  }
};

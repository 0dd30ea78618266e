/**
 * Where a ledger lives. In a git repository: beside git's own files, one for all worktrees, because git replaces files of the
 * work tree under a writer's hands. Elsewhere: in `.mission-ledger` of the nearest directory that has one.
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

export interface LedgerLocation {
  readonly directory: string;
  readonly kind: "git" | "directory";
  /** The folder of the work tree that wants a copy of each log, made by `mled init --git`. */
  readonly publishTo?: string;
  /** Why there, as a sentence for a person. */
  readonly reason: string;
}

export const folderName = ".mission-ledger";
/** Git's name for it; see `mled init --git`. */
export const attributesName = ".gitattributes";

/** Reads git's files rather than starting git, which costs a third of what a cold command may take. */
export const locateLedger = (
  cwd: string,
  { git = {}, files = nodeFiles }: LocateOptions = {},
): LedgerLocation => {
  const start = path.resolve(cwd);
  const found = git.askGit === true ? askForDirectories(start, git) : gitDirectories(files, start, git);
  if (found !== undefined) {
    const { common, workTree } = found;
    const publishTo = workTree === undefined ? undefined : copiesFolder(files, workTree);
    return {
      directory: path.join(common, "mission-ledger"),
      kind: "git",
      reason: `${start} is in a git repository; its worktrees share ${common}`,
      ...(publishTo === undefined ? {} : { publishTo }),
    };
  }
  for (const directory of upwards(start))
    if (isDirectory(files, path.join(directory, folderName)))
      return {
        directory: path.join(directory, folderName),
        kind: "directory",
        reason: `${directory} has a ${folderName}`,
      };
  return {
    directory: path.join(start, folderName),
    kind: "directory",
    reason: `${start} is in no git repository, and no directory above has a ${folderName}`,
  };
};

/** The attributes file tells it from a ledger that somebody made in the work tree before there was a repository. */
const copiesFolder = (files: FilePort, workTree: string): string | undefined => {
  const folder = path.join(workTree, folderName);
  return statusOf(files, path.join(folder, attributesName)) === undefined ? undefined : folder;
};

interface GitDirectories {
  readonly common: string;
  readonly workTree: string | undefined;
}

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
      return { common: real(files, dotGit), workTree: directory };
    }
    if (!status.isFile()) return askForDirectories(start, git);
    const target = /^gitdir: (.+?)\r?\n?$/.exec(textOf(files, dotGit) ?? "")?.[1];
    if (target === undefined) return askForDirectories(start, git);
    const gitDirectory = path.resolve(directory, target);
    const shared = textOf(files, path.join(gitDirectory, "commondir"))?.trimEnd();
    const common = shared === undefined ? gitDirectory : path.resolve(gitDirectory, shared);
    return looksLikeGitDirectory(files, common)
      ? { common: real(files, common), workTree: directory }
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
  return { common, workTree: workTree !== undefined && path.isAbsolute(workTree) ? workTree : undefined };
};

function* upwards(start: string): Generator<string> {
  for (let directory = start; ; directory = path.dirname(directory)) {
    yield directory;
    if (directory === path.dirname(directory)) return;
  }
}

const statusOf = (files: FilePort, name: string): ReturnType<FilePort["lstat"]> => {
  try {
    return files.lstat(name);
  } catch {
    return undefined; // not a directory, or not ours to look into
  }
};

const isDirectory = (files: FilePort, name: string): boolean => {
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

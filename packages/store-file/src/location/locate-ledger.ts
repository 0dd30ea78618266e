/**
 * Where a ledger lives. In a git repository: beside git's own files, one for all worktrees, because git replaces files of the
 * work tree under a writer's hands. Elsewhere: in `.mission-ledger` of the nearest directory that has one.
 */
import { execFileSync } from "node:child_process";
import { constants } from "node:fs";
import path from "node:path";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { openRegular, readFully } from "../files/safe-files.ts";

export interface LocateOptions {
  /** What the environment says about git; the library never reads it itself. */
  readonly git?: {
    /** `GIT_DIR` or its like is set: then git is asked. @defaultValue false */
    readonly askGit?: boolean;
    /** The environment git runs in when it is asked. @defaultValue empty */
    readonly env?: Readonly<Record<string, string>>;
    /** @defaultValue "git" */
    readonly program?: string;
  };
  readonly files?: FilePort;
}

export interface LedgerLocation {
  readonly directory: string;
  readonly kind: "git" | "directory";
  /** Why there, as a sentence for a person. */
  readonly reason: string;
}

const folderName = ".mission-ledger";

/** Reads git's files rather than starting git, which costs a third of what a cold command may take. */
export const locateLedger = (
  cwd: string,
  { git = {}, files = nodeFiles }: LocateOptions = {},
): LedgerLocation => {
  const start = path.resolve(cwd);
  const common = git.askGit === true ? askGit(start, git) : commonDirectory(files, start, git);
  if (common !== undefined)
    return {
      directory: path.join(common, "mission-ledger"),
      kind: "git",
      reason: `${start} is in a git repository; its worktrees share ${common}`,
    };
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

/** Source: gitrepository-layout(5). Anything this does not understand is left to git itself. */
const commonDirectory = (
  files: FilePort,
  start: string,
  git: NonNullable<LocateOptions["git"]>,
): string | undefined => {
  for (const directory of upwards(start)) {
    const dotGit = path.join(directory, ".git");
    const status = statusOf(files, dotGit);
    if (status === undefined) {
      if (looksLikeGitDirectory(files, directory)) return askGit(start, git); // bare, or inside `.git`
      continue;
    }
    if (status.isDirectory()) {
      // An empty or half-made `.git` is none to git, which then looks further up.
      if (!looksLikeGitDirectory(files, dotGit)) return askGit(start, git);
      return real(files, dotGit);
    }
    if (!status.isFile()) return askGit(start, git);
    const target = /^gitdir: (.+?)\r?\n?$/.exec(textOf(files, dotGit) ?? "")?.[1];
    if (target === undefined) return askGit(start, git);
    const gitDirectory = path.resolve(directory, target);
    const shared = textOf(files, path.join(gitDirectory, "commondir"))?.trimEnd();
    const common = shared === undefined ? gitDirectory : path.resolve(gitDirectory, shared);
    return looksLikeGitDirectory(files, common) ? real(files, common) : askGit(start, git);
  }
  return undefined;
};

const looksLikeGitDirectory = (files: FilePort, directory: string): boolean =>
  files.lstat(path.join(directory, "HEAD")) !== undefined &&
  isDirectory(files, path.join(directory, "objects")) &&
  isDirectory(files, path.join(directory, "refs"));

const askGit = (
  cwd: string,
  { program = "git", env = {} }: NonNullable<LocateOptions["git"]>,
): string | undefined => {
  try {
    const answer = execFileSync(
      program,
      [
        "--no-pager",
        "-C",
        cwd,
        "-c",
        "core.fsmonitor=false",
        "rev-parse",
        "--path-format=absolute",
        "--git-common-dir",
      ],
      {
        env: { ...env, LC_ALL: "C", GIT_TERMINAL_PROMPT: "0", GIT_OPTIONAL_LOCKS: "0" },
        stdio: ["ignore", "pipe", "ignore"],
        timeout: 5_000,
      },
    );
    const text = answer.toString("utf8").replace(/\n$/, "");
    return path.isAbsolute(text) ? text : undefined;
  } catch {
    return undefined;
  }
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

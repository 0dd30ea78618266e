/**
 * Where a ledger lives. In a git repository: beside git's own files, one for all worktrees, because git replaces files of the
 * work tree under a writer's hands. Elsewhere: in `.mission-ledger` of the nearest directory that has one.
 */
import path from "node:path";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import {
  isDirectory,
  type LocateOptions,
  locateGitDirectories,
  statusOf,
  upwards,
} from "./git-directories.ts";

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

export const locateLedger = (
  cwd: string,
  { git = {}, files = nodeFiles }: LocateOptions = {},
): LedgerLocation => {
  const start = path.resolve(cwd);
  const found = locateGitDirectories(start, { git, files });
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

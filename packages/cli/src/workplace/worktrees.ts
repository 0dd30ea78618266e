/**
 * The work trees of a repository, read from git's own files as ADR 0007 has it: looking after claims starts no program.
 * Source: gitrepository-layout(5), `worktrees/<id>/`.
 */
import fs from "node:fs";
import path from "node:path";
import { readCheckedOut } from "./checked-out.ts";

export interface WorktreeOnDisk {
  /** Its top, as a real path where it is there. */
  readonly folder: string;
  readonly isThere: boolean;
  /** Somebody keeps git from forgetting it: it may be on a disk that is not mounted now. */
  readonly isLocked: boolean;
  readonly branch?: string;
}

/** `undefined` if they cannot be read. */
export const worktreesOnDisk = (common: string): readonly WorktreeOnDisk[] | undefined => {
  const notes = path.join(common, "worktrees");
  let names: readonly string[];
  try {
    names = fs.existsSync(notes) ? fs.readdirSync(notes) : [];
  } catch {
    return undefined;
  }
  const linked: WorktreeOnDisk[] = [];
  for (const name of names) {
    const own = path.join(notes, name);
    const top = topNotedIn(own);
    // Half made, or not to be understood: it may be any place.
    if (top === undefined) return undefined;
    linked.push({ ...worktreeAt(top, own, common), isLocked: fs.existsSync(path.join(own, "locked")) });
  }
  return path.basename(common) === ".git"
    ? [{ ...worktreeAt(path.dirname(common), common, common), isLocked: false }, ...linked]
    : linked;
};

const topNotedIn = (own: string): string | undefined => {
  try {
    const dotGit = fs.readFileSync(path.join(own, "gitdir"), "utf8").replace(/\r?\n$/, "");
    return dotGit === "" || dotGit.includes("\ufffd") ? undefined : path.dirname(path.resolve(own, dotGit));
  } catch {
    return undefined;
  }
};

const worktreeAt = (top: string, own: string, common: string): Omit<WorktreeOnDisk, "isLocked"> => {
  const folder = realPath(top);
  const branch = readCheckedOut(own, common)?.branch;
  return {
    folder: folder ?? top,
    isThere: folder !== undefined,
    ...(typeof branch === "string" ? { branch } : {}),
  };
};

const realPath = (folder: string): string | undefined => {
  try {
    return fs.realpathSync(folder);
  } catch {
    return undefined;
  }
};

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
  /** It is not there, and may be close by under another name, or with all that was around it: git notes a plain `mv` late. */
  readonly mayHaveMoved: boolean;
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
    mayHaveMoved: folder === undefined && isCloseBy(path.dirname(top), own),
    ...(typeof branch === "string" ? { branch } : {}),
  };
};

const mostNeighbours = 4_096;

/** Whether a folder beside says to be that worktree; `true` where nobody can look. */
const isCloseBy = (parent: string, own: string): boolean => {
  try {
    const names = fs.readdirSync(parent);
    return names.length > mostNeighbours || names.some((name) => leadsTo(path.join(parent, name), own));
  } catch {
    return true;
  }
};

const leadsTo = (folder: string, own: string): boolean => {
  try {
    const target = /^gitdir: (.+?)\r?\n?$/.exec(fs.readFileSync(path.join(folder, ".git"), "utf8"))?.[1];
    return target !== undefined && realPath(path.resolve(folder, target)) === realPath(own);
  } catch {
    return false;
  }
};

const realPath = (folder: string): string | undefined => {
  try {
    return fs.realpathSync(folder);
  } catch {
    return undefined;
  }
};

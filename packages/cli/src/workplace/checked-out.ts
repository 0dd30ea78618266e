/** What is checked out in a work tree, read from git's own files: starting git takes longer than the rest of a cold command. */
import fs from "node:fs";
import path from "node:path";

export interface CheckedOut {
  /** `null` for a detached head. */
  readonly branch: string | null;
  /** Absent on a branch that has no commit yet. */
  readonly head?: string;
}

const branches = "refs/heads/";
const commitPattern = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
/** A name may lead to another, as `HEAD` does. Source: `SYMREF_MAXDEPTH` of git's refs.c. */
const longestChain = 5;

/** `undefined` where these files do not say, such as in a repository with reftables: then git itself has to be asked. */
export const readCheckedOut = (gitDirectory: string, common: string): CheckedOut | undefined => {
  const head = lineIn(path.join(gitDirectory, "HEAD"));
  if (head === undefined) return undefined;
  if (commitPattern.test(head)) return { branch: null, head };
  const ref = refIn(head);
  if (ref?.startsWith(branches) !== true || ref === `${branches}.invalid`) return undefined;
  const branch = ref.slice(branches.length);
  const commit = commitAt(common, ref);
  if (commit === "unreadable") return undefined;
  return commit === undefined ? { branch } : { branch, head: commit };
};

/** The commit that a branch stands at; `undefined` where it has none, or these files do not say. */
export const commitOf = (common: string, branch: string): string | undefined => {
  const ref = refIn(`ref: ${branches}${branch}`);
  const commit = ref === undefined ? undefined : commitAt(common, ref);
  return commit === "unreadable" ? undefined : commit;
};

const commitAt = (common: string, ref: string): string | "unreadable" | undefined => {
  let at = ref;
  for (let steps = 0; steps < longestChain; steps += 1) {
    const said = lineIn(path.join(common, ...at.split("/")));
    if (said === undefined) return packed(common, at);
    if (commitPattern.test(said)) return said;
    const next = refIn(said);
    if (next === undefined) return "unreadable";
    at = next;
  }
  return "unreadable";
};

/** The ref that a file leads to, unless its name leads out of where refs are. */
const refIn = (line: string): string | undefined => {
  const ref = /^ref: (refs\/.+)$/.exec(line)?.[1];
  return ref === undefined || ref.split("/").some((part) => part === "" || part === "." || part === "..")
    ? undefined
    : ref;
};

const longestLine = 4_096;
/** A repository with that many refs is asked through git. */
const longestPacked = 33_554_432;

const packed = (common: string, ref: string): string | "unreadable" | undefined => {
  let fd: number;
  try {
    fd = fs.openSync(path.join(common, "packed-refs"), readOnly);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? undefined : "unreadable";
  }
  try {
    const status = fs.fstatSync(fd);
    if (!status.isFile() || status.size > longestPacked) return "unreadable";
    const bytes = Buffer.alloc(status.size);
    const text = bytes.toString("utf8", 0, fs.readSync(fd, bytes, 0, bytes.length, 0));
    const end = text.startsWith(`${ref}\n`) ? 0 : text.indexOf(` ${ref}\n`);
    if (end < 1) return undefined;
    const commit = text.slice(text.lastIndexOf("\n", end) + 1, end);
    return commitPattern.test(commit) ? commit : "unreadable";
  } catch {
    return "unreadable";
  } finally {
    fs.closeSync(fd);
  }
};

const readOnly = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0);

const lineIn = (file: string): string | undefined => {
  let fd: number | undefined;
  try {
    fd = fs.openSync(file, readOnly);
    if (!fs.fstatSync(fd).isFile()) return undefined;
    const bytes = Buffer.alloc(longestLine);
    const text = bytes.toString("utf8", 0, fs.readSync(fd, bytes, 0, longestLine, 0));
    return text.replace(/\r?\n$/, "");
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
};

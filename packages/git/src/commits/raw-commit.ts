/** A commit as it is stored, byte for byte: who wrote it, when, in which encoding, and its whole message. */
import { checkCommitId } from "../repository/refs.ts";
import { unreadable } from "../run/faults.ts";
import type { GitPlace } from "../run/git-place.ts";
import { runGit } from "../run/run-git.ts";

export interface RawCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  /** `Name <address> seconds zone`. */
  readonly author: Buffer;
  readonly committer: Buffer;
  /** How the message and the names are encoded, if it is not UTF-8. */
  readonly encoding?: Buffer;
  readonly message: Buffer;
}

/** By id. Signatures and other headers are left out. Throws `GIT_NAME_INVALID`, `GIT_REVISION_MISSING`. */
export const readRawCommits = async (
  place: GitPlace,
  commits: readonly string[],
): Promise<ReadonlyMap<string, RawCommit>> => {
  const found = new Map<string, RawCommit>();
  if (commits.length === 0) return found;
  const input = Buffer.from(commits.map((commit) => `${checkCommitId(commit)}\n`).join(""));
  const { stdout } = await runGit(place, ["cat-file", "--batch"], { input });
  let at = 0;
  for (const commit of commits) {
    const lineEnd = stdout.indexOf(0x0a, at);
    const [id, type, size] = stdout.toString("latin1", at, lineEnd).split(" ");
    if (id !== commit || type !== "commit") throw unreadable("cat-file", `${commit} is ${type}`);
    const begin = lineEnd + 1;
    at = begin + Number(size) + 1;
    found.set(commit, parsed(stdout.subarray(begin, at - 1)));
  }
  return found;
};

const parsed = (bytes: Buffer): RawCommit => {
  const headers = new Map<string, Buffer[]>();
  let at = 0;
  while (at < bytes.length && bytes[at] !== 0x0a) {
    const lineEnd = bytes.indexOf(0x0a, at);
    const end = lineEnd < 0 ? bytes.length : lineEnd;
    const line = bytes.subarray(at, end);
    at = end + 1;
    // A line that begins with a space goes on with the one before: only signatures and tags do.
    if (line[0] === 0x20) continue;
    const space = line.indexOf(0x20);
    const name = line.toString("latin1", 0, space);
    headers.set(name, [...(headers.get(name) ?? []), line.subarray(space + 1)]);
  }
  const [tree, author, committer] = ["tree", "author", "committer"].map((name) => headers.get(name)?.[0]);
  if (tree === undefined || author === undefined || committer === undefined)
    throw unreadable("cat-file", "a commit without tree, author or committer");
  const encoding = headers.get("encoding")?.[0];
  return {
    tree: tree.toString("latin1"),
    parents: (headers.get("parent") ?? []).map((parent) => parent.toString("latin1")),
    author,
    committer,
    ...(encoding === undefined ? {} : { encoding }),
    message: bytes.subarray(at + 1),
  };
};

/** Which paths hold something else in two commits, path by path: renames are not looked for, nothing is converted. */
import { pathText } from "../path-text.ts";
import { checkCommitId } from "../repository/refs.ts";
import { unreadable } from "../run/faults.ts";
import { type Fields, fieldsOf } from "../run/fields.ts";
import type { GitPlace } from "../run/git-place.ts";
import { runGit } from "../run/run-git.ts";
import { type CommitPair, emptyTree } from "./changed-files.ts";
import type { Blob } from "./file-change.ts";

export interface TreeChange {
  /** See `pathText`. */
  readonly path: string;
  /** `null` where there is nothing. */
  readonly before: Blob | null;
  readonly after: Blob | null;
}

const form: readonly string[] = [
  "-r",
  "-z",
  "--raw",
  "--no-renames",
  "--no-abbrev",
  "--no-ext-diff",
  "--no-textconv",
  "--ignore-submodules=none",
];

/** In the order of paths; without `from`, every file of `to`. Throws `GIT_NAME_INVALID`, `GIT_REVISION_MISSING`. */
export const treeChanges = async (
  place: GitPlace,
  { from, to }: CommitPair,
): Promise<readonly TreeChange[]> => {
  checkCommitId(to);
  const before = from === undefined ? await emptyTree(place) : checkCommitId(from);
  const { stdout } = await runGit(place, ["diff-tree", ...form, before, to, "--"]);
  const fields = fieldsOf(stdout, "diff-tree");
  const changes: TreeChange[] = [];
  while (!fields.isAtEnd()) changes.push(changeOf(fields.text(), fields));
  return changes;
};

/**
 * What each commit changes against its first parent, or against nothing if it has none; by commit, those without a change
 * left out. One run of git, however many they are.
 */
export const changesOfCommits = async (
  place: GitPlace,
  commits: readonly string[],
): Promise<ReadonlyMap<string, readonly TreeChange[]>> => {
  const found = new Map<string, TreeChange[]>();
  if (commits.length === 0) return found;
  const input = Buffer.from(commits.map((commit) => `${checkCommitId(commit)}\n`).join(""));
  const each = ["--stdin", "--root", "--diff-merges=first-parent"];
  const { stdout } = await runGit(place, ["diff-tree", ...each, ...form], { input });
  const fields = fieldsOf(stdout, "diff-tree");
  let changes: TreeChange[] | undefined;
  while (!fields.isAtEnd()) {
    const head = fields.text();
    if (head.startsWith(":")) {
      if (changes === undefined) throw unreadable("diff-tree", "a change of no commit");
      changes.push(changeOf(head, fields));
    } else {
      changes = [];
      found.set(head, changes);
    }
  }
  return found;
};

const changeOf = (head: string, fields: Fields): TreeChange => {
  const parts = /^:(\d{6}) (\d{6}) ([0-9a-f]+) ([0-9a-f]+) [ADMT]$/.exec(head);
  if (parts === null) throw unreadable("diff-tree", JSON.stringify(head));
  const [before, after] = [blobOf(parts[1], parts[3]), blobOf(parts[2], parts[4])];
  return { path: pathText(fields.next()), before, after };
};

const blobOf = (mode = "", object = ""): Blob | null => (mode === "000000" ? null : { mode, object });

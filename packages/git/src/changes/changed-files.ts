/** Which files differ between two commits, and between a commit and the index. */

import { pathText } from "../path-text.ts";
import { readHead } from "../repository/head.ts";
import { checkCommitId } from "../repository/refs.ts";
import { unreadable } from "../run/faults.ts";
import { type Fields, fieldsOf } from "../run/fields.ts";
import type { GitPlace } from "../run/git-place.ts";
import { askGit, runGit } from "../run/run-git.ts";
import type { Blob, FileChange } from "./file-change.ts";

export interface CommitPair {
  /** Full commit id. @defaultValue nothing: every file of `to` is added */
  readonly from?: string;
  /** Full commit id. */
  readonly to: string;
}

/**
 * No configuration changes the answer: renames and copies (from files that changed as well) are looked for without a limit on
 * their number, from half of the content on; submodules count whatever `.gitmodules` says of them; nothing is converted.
 */
const form: readonly string[] = [
  "-r",
  "-z",
  "--raw",
  "--numstat",
  "--no-abbrev",
  "--no-ext-diff",
  "--no-textconv",
  "--find-renames=50%",
  "--find-copies=50%",
  "-l0",
  "--ignore-submodules=none",
];

/** From one commit straight to the other, in the order of paths. Throws `GIT_NAME_INVALID`, `GIT_REVISION_MISSING`. */
export const changedFiles = async (
  place: GitPlace,
  { from, to }: CommitPair,
): Promise<readonly FileChange[]> => {
  checkCommitId(to);
  const before = from === undefined ? await emptyTree(place) : checkCommitId(from);
  const { stdout } = await runGit(place, ["diff-tree", ...form, before, to, "--"]);
  return changesOf(stdout, "diff-tree");
};

/**
 * What the next commit would change: the index against HEAD, or against nothing before the first commit. Inside of a hook the
 * index is the one that `GIT_INDEX_FILE` names. Throws `GIT_NO_REPOSITORY`.
 */
export const stagedFiles = async (place: GitPlace): Promise<readonly FileChange[]> => {
  const head = await readHead(place);
  const against = head._tag === "Unborn" ? await emptyTree(place) : head.commit;
  const { stdout } = await runGit(place, ["diff-index", "--cached", ...form, against, "--"]);
  return changesOf(stdout, "diff-index");
};

/** The id of a tree without files in this repository's own format; nothing is written. */
export const emptyTree = (place: GitPlace): Promise<string> =>
  askGit(place, ["hash-object", "-t", "tree", "--stdin"], { input: Buffer.alloc(0) });

/** All lines of `--raw` come first, then, for the same changes, the lines of `--numstat`. */
const changesOf = (output: Buffer, command: string): readonly FileChange[] => {
  const fields = fieldsOf(output, command);
  const raw: RawChange[] = [];
  while (!fields.isAtEnd() && fields.peek().startsWith(":")) raw.push(rawChange(fields, command));
  const binary = new Set<string>();
  while (!fields.isAtEnd()) {
    const counted = binaryPath(fields, command);
    if (counted !== undefined) binary.add(counted);
  }
  return raw.flatMap((change) => changeOf(change, binary.has(change.path), command));
};

interface RawChange {
  readonly letter: string;
  readonly similarity: number;
  readonly before: Blob;
  readonly after: Blob;
  readonly from: string | undefined;
  readonly path: string;
}

const rawChange = (fields: Fields, command: string): RawChange => {
  const head = fields.text();
  const parts = /^:(\d{6}) (\d{6}) ([0-9a-f]+) ([0-9a-f]+) ([A-Z])(\d*)$/.exec(head);
  if (parts === null) throw unreadable(command, JSON.stringify(head));
  const [modeBefore, modeAfter, before, after, letter, score] = parts.slice(1) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const first = pathText(fields.next());
  const isPair = letter === "R" || letter === "C";
  return {
    letter,
    similarity: Number(score),
    before: { mode: modeBefore, object: before },
    after: { mode: modeAfter, object: after },
    from: isPair ? first : undefined,
    path: isPair ? pathText(fields.next()) : first,
  };
};

/** `added TAB deleted TAB path`, with dashes for binary files; of a rename, the path is empty and both sides follow. */
const binaryPath = (fields: Fields, command: string): string | undefined => {
  const field = fields.next();
  const begin = field.indexOf(0x09, field.indexOf(0x09) + 1) + 1;
  const counts = field.toString("latin1", 0, begin);
  if (!/^(?:\d+|-)\t(?:\d+|-)\t$/.test(counts)) throw unreadable(command, JSON.stringify(counts));
  let path = pathText(field.subarray(begin));
  if (path === "") {
    fields.next();
    path = pathText(fields.next());
  }
  return counts.startsWith("-") ? path : undefined;
};

const changeOf = (
  { letter, similarity, before, after, from, path }: RawChange,
  isBinary: boolean,
  command: string,
): readonly FileChange[] => {
  const changed = { path, isBinary };
  switch (letter) {
    case "A":
      return [{ _tag: "Added", ...changed, after }];
    case "D":
      return [{ _tag: "Deleted", ...changed, before }];
    case "M":
      return [{ _tag: "Modified", ...changed, before, after }];
    case "T":
      return [{ _tag: "TypeChanged", ...changed, before, after }];
    case "U":
      return [{ _tag: "Unmerged", ...changed }];
    case "R":
    case "C": {
      const _tag = letter === "R" ? "Renamed" : "Copied";
      return [{ _tag, ...changed, from: from as string, before, after, similarity }];
    }
  }
  throw unreadable(command, `status ${letter}`);
};

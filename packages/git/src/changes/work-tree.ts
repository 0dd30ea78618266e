/** What in a work tree is not as in its last commit: in the index, beside it, and unknown to git. */
import { pathText } from "../path-text.ts";
import { unreadable } from "../run/faults.ts";
import { type Fields, fieldsOf } from "../run/fields.ts";
import type { GitPlace } from "../run/git-place.ts";
import { runGit } from "../run/run-git.ts";

/** How one side differs from the one before it. */
export type FileState =
  | "unchanged"
  | "modified"
  | "type_changed"
  | "added"
  | "deleted"
  | "renamed"
  | "copied";

export interface TrackedFile {
  readonly _tag: "Tracked";
  readonly path: string;
  /** The other side of a rename or copy. */
  readonly from?: string;
  /** The index against HEAD. */
  readonly inIndex: FileState;
  /** The work tree against the index. */
  readonly inWorkTree: FileState;
  /** Git's six octal digits; `000000` where there is no file. */
  readonly modes: { readonly head: string; readonly index: string; readonly workTree: string };
  /** What is different inside, if it is a submodule. */
  readonly submodule?: {
    readonly hasOtherCommit: boolean;
    readonly hasChanges: boolean;
    readonly hasUntracked: boolean;
  };
}

export type WorkTreeFile =
  | TrackedFile
  /** A merge left it in conflict. `sides` is git's own pair: `UU`, `AA`, `DU` … */
  | { readonly _tag: "Unmerged"; readonly path: string; readonly sides: string }
  /** A path that ends with a slash is a repository of its own. */
  | { readonly _tag: "Untracked"; readonly path: string };

/**
 * Everything that differs, tracked files first; ignored files are left out, and so are those that somebody told git to take
 * as unchanged. The index is not written to. Filters that the repository's own configuration names (such as those of large
 * files) are run by git, which could not compare the files without them. Throws `GIT_NO_WORK_TREE`.
 */
export const workTreeFiles = async (place: GitPlace): Promise<readonly WorkTreeFile[]> => {
  const { stdout } = await runGit(place, [
    "status",
    "--porcelain=v2",
    "-z",
    "--untracked-files=all",
    "--ignored=no",
    "--ignore-submodules=none",
    "--find-renames=50%",
    "--no-ahead-behind",
    "--",
  ]);
  const fields = fieldsOf(stdout, "status");
  const files: WorkTreeFile[] = [];
  while (!fields.isAtEnd()) files.push(fileOf(fields));
  return files;
};

/** Source: git-status(1), porcelain format version 2. */
const fileOf = (fields: Fields): WorkTreeFile => {
  const line = fields.next();
  const kind = line.toString("latin1", 0, 1);
  const words = { "1": 8, "2": 9, u: 10, "?": 1 }[kind];
  if (words === undefined) throw unreadable("status", `a line of kind ${JSON.stringify(kind)}`);
  let begin = 0;
  for (let word = 0; word < words; word++) begin = line.indexOf(0x20, begin) + 1;
  const [, state = "", submodule = "", head = "", index = "", workTree = ""] = line
    .toString("latin1", 0, begin)
    .split(" ");
  const path = pathText(line.subarray(begin));
  if (kind === "?") return { _tag: "Untracked", path };
  if (kind === "u") return { _tag: "Unmerged", path, sides: state };
  return {
    _tag: "Tracked",
    path,
    ...(kind === "2" ? { from: pathText(fields.next()) } : {}),
    inIndex: stateOf(state.charAt(0)),
    inWorkTree: stateOf(state.charAt(1)),
    modes: { head, index, workTree },
    ...(submodule.startsWith("S")
      ? {
          submodule: {
            hasOtherCommit: submodule.charAt(1) === "C",
            hasChanges: submodule.charAt(2) === "M",
            hasUntracked: submodule.charAt(3) === "U",
          },
        }
      : {}),
  };
};

const states: Readonly<Record<string, FileState>> = {
  ".": "unchanged",
  M: "modified",
  T: "type_changed",
  A: "added",
  D: "deleted",
  R: "renamed",
  C: "copied",
};

const stateOf = (letter: string): FileState => {
  const state = states[letter];
  if (state === undefined) throw unreadable("status", `state ${JSON.stringify(letter)}`);
  return state;
};

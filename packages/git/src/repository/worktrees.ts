/** All work trees of a repository, also those whose folder is gone. */
import { pathText } from "../path-text.ts";
import { fieldsOf } from "../run/fields.ts";
import type { GitPlace } from "../run/git-place.ts";
import { runGit } from "../run/run-git.ts";
import { branchOf } from "./head.ts";

export interface Worktree {
  /** As git wrote it down, see `pathText`; the folder may be gone, see `prunable`. */
  readonly path: string;
  /** The main worktree comes first; of a bare repository it has no files. */
  readonly isMain: boolean;
  readonly isBare: boolean;
  /** Absent if its branch has no commit yet. */
  readonly commit?: string;
  /** Absent if its HEAD is on no branch. */
  readonly branch?: string;
  /** Why nobody may remove it; empty if nobody said why. */
  readonly locked?: string;
  /** Why git would forget it, such as a folder that is gone. */
  readonly prunable?: string;
}

/** In git's order, the main one first. Needs git 2.36. */
export const readWorktrees = async (place: GitPlace): Promise<readonly Worktree[]> => {
  const { stdout } = await runGit(place, ["worktree", "list", "--porcelain", "-z"]);
  const fields = fieldsOf(stdout, "worktree");
  const worktrees: Worktree[] = [];
  while (!fields.isAtEnd()) {
    const said = new Map<string, string>();
    for (let line = fields.next(); line.length > 0; line = fields.next()) {
      const [key = "", ...value] = pathText(line).split(" ");
      said.set(key, value.join(" "));
    }
    const [commit, branch, locked, prunable] = ["HEAD", "branch", "locked", "prunable"].map((key) =>
      said.get(key),
    );
    worktrees.push({
      path: said.get("worktree") ?? "",
      isMain: worktrees.length === 0,
      isBare: said.has("bare"),
      ...(commit === undefined || /^0+$/.test(commit) ? {} : { commit }),
      ...(branch === undefined ? {} : { branch: branchOf(branch) }),
      ...(locked === undefined ? {} : { locked }),
      ...(prunable === undefined ? {} : { prunable }),
    });
  }
  return worktrees;
};

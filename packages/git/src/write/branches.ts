/** One new branch, or none: what is there already is never moved. */
import { readBranch } from "../repository/branches.ts";
import { checkBranch, checkCommitId } from "../repository/refs.ts";
import { readWorktrees } from "../repository/worktrees.ts";
import { isGitFault } from "../run/faults.ts";
import type { GitPlace } from "../run/git-place.ts";
import { runGit } from "../run/run-git.ts";

export interface NewBranch {
  readonly branch: string;
  readonly commit: string;
  /** What the log of the branch says about its beginning. */
  readonly reason: string;
}

export type BranchPlace =
  | { readonly _tag: "Free" }
  /** It is there; `commit` says where it stands. */
  | { readonly _tag: "Taken"; readonly commit: string }
  /** A symbolic ref that leads nowhere yet; it would be lost. */
  | { readonly _tag: "Symbolic"; readonly to: string }
  /** It has no commit, and a work tree would get one: HEAD there is on it. */
  | { readonly _tag: "Unborn"; readonly worktree: string };

/** Whether a branch of that name may be made. Throws `GIT_NAME_INVALID`. */
export const readBranchPlace = async (place: GitPlace, branch: string): Promise<BranchPlace> => {
  const found = await readBranch(place, checkBranch(branch));
  if (found !== undefined) return { _tag: "Taken", commit: found.commit };
  const unborn = (await readWorktrees(place)).find((worktree) => worktree.branch === branch);
  if (unborn !== undefined) return { _tag: "Unborn", worktree: unborn.path };
  const symbolic = await runGit(place, ["symbolic-ref", "--quiet", `refs/heads/${branch}`], {
    answers: [0, 1],
  });
  return symbolic.status === 0
    ? { _tag: "Symbolic", to: symbolic.stdout.toString("utf8").trimEnd() }
    : { _tag: "Free" };
};

export interface CreatedBranch {
  /** Whether this call made it. */
  readonly isNew: boolean;
  /** As it was read again afterwards. */
  readonly stands: BranchPlace;
}

/**
 * Makes the branch if there is none of that name, in one step of git's own: of two who try at once one makes it. Throws
 * `GIT_FAILED` where git cannot have it beside its other branches.
 */
export const createBranch = async (
  place: GitPlace,
  { branch, commit, reason }: NewBranch,
): Promise<CreatedBranch> => {
  const before = await readBranchPlace(place, branch);
  if (before._tag !== "Free") return { isNew: false, stands: before };
  const nothing = "0".repeat(checkCommitId(commit).length);
  const ref = `refs/heads/${branch}`;
  const words = ["update-ref", "--no-deref", "--create-reflog", "-m", reason, ref, commit, nothing] as const;
  let isNew = true;
  try {
    await runGit(place, words);
  } catch (error) {
    if (!isGitFault(error) || (await readBranchPlace(place, branch))._tag === "Free") throw error;
    isNew = false;
  }
  return { isNew, stands: await readBranchPlace(place, branch) };
};

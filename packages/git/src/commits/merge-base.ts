/** Where two histories were last one. */
import { checkCommitId } from "../repository/refs.ts";
import type { GitPlace } from "../run/git-place.ts";
import { runGit } from "../run/run-git.ts";

export type MergeBase =
  /** The histories have nothing in common, or, in a shallow repository, nothing that is there. */
  | { readonly _tag: "None" }
  | { readonly _tag: "One"; readonly commit: string }
  /** After merges crosswise: none of them is better than the others. In the order of their ids. */
  | { readonly _tag: "Several"; readonly commits: readonly string[] };

/** Takes full commit ids. Throws `GIT_NAME_INVALID` and `GIT_REVISION_MISSING`. */
export const readMergeBase = async (place: GitPlace, one: string, other: string): Promise<MergeBase> => {
  const { stdout } = await runGit(place, ["merge-base", "--all", checkCommitId(one), checkCommitId(other)], {
    answers: [0, 1],
  });
  const commits = stdout.toString("latin1").split("\n").filter(Boolean).sort();
  const [commit] = commits;
  if (commit === undefined) return { _tag: "None" };
  return commits.length === 1 ? { _tag: "One", commit } : { _tag: "Several", commits };
};

export interface Distance {
  /** Commits that the first has and the second has not. */
  readonly ahead: number;
  /** Commits that the second has and the first has not. */
  readonly behind: number;
}

/** Counts commits on both sides. Takes full commit ids. Throws `GIT_NAME_INVALID` and `GIT_REVISION_MISSING`. */
export const readDistance = async (place: GitPlace, one: string, other: string): Promise<Distance> => {
  const range = `${checkCommitId(one)}...${checkCommitId(other)}`;
  const { stdout } = await runGit(place, ["rev-list", "--left-right", "--count", range, "--"]);
  const [ahead, behind] = stdout.toString("latin1").split("\t").map(Number);
  return { ahead: ahead as number, behind: behind as number };
};

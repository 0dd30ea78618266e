/** Where HEAD stands: on a branch with commits, on one that has none yet, or on a commit alone. */
import type { GitPlace } from "../run/git-place.ts";
import { runGit } from "../run/run-git.ts";
import { readRef } from "./refs.ts";

export type Head =
  | { readonly _tag: "Branch"; readonly branch: string; readonly ref: string; readonly commit: string }
  /** The branch will be made by the first commit. */
  | { readonly _tag: "Unborn"; readonly branch: string; readonly ref: string }
  | { readonly _tag: "Detached"; readonly commit: string };

/** A branch that is called HEAD does not come in between. */
export const readHead = async (place: GitPlace): Promise<Head> => {
  const symbolic = await runGit(place, ["symbolic-ref", "--quiet", "HEAD"], { answers: [0, 1] });
  if (symbolic.status === 1) {
    const { stdout } = await runGit(place, [
      "rev-parse",
      "--verify",
      "--quiet",
      "--end-of-options",
      "HEAD^{commit}",
    ]);
    return { _tag: "Detached", commit: stdout.toString("latin1").trimEnd() };
  }
  const ref = symbolic.stdout.toString("utf8").trimEnd();
  const branch = branchOf(ref);
  const found = await readRef(place, ref);
  return found === undefined
    ? { _tag: "Unborn", branch, ref }
    : { _tag: "Branch", branch, ref, commit: found.object };
};

const branches = "refs/heads/";

/** The name a person knows it by: `main` for `refs/heads/main`. */
export const branchOf = (ref: string): string =>
  ref.startsWith(branches) ? ref.slice(branches.length) : ref;

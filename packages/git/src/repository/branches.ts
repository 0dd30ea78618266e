/** Local branches and what they are measured against. */
import { fieldsOf } from "../run/fields.ts";
import type { GitPlace } from "../run/git-place.ts";
import { runGit } from "../run/run-git.ts";
import { branchOf } from "./head.ts";
import { checkBranch, withoutLineEnds } from "./refs.ts";

export interface Upstream {
  /** The local ref that remembers it: `refs/remotes/origin/main`, or a local branch's. It may not be there. */
  readonly ref: string;
  /** Name of the remote; `"."` if the upstream is a branch of this repository. */
  readonly remote: string;
  /** The ref's name over there, such as `refs/heads/main`. */
  readonly remoteRef: string;
}

export interface Branch {
  readonly branch: string;
  readonly ref: string;
  readonly commit: string;
  /** As configured; absent if none is, or if nothing is fetched from there. */
  readonly upstream?: Upstream;
}

const format = ["refname", "objectname", "upstream", "upstream:remotename", "upstream:remoteref"]
  .map((name) => `%(${name})%00`)
  .join("");

/** All local branches, in the order of their names. */
export const readBranches = async (place: GitPlace): Promise<readonly Branch[]> =>
  branchesAt(place, "refs/heads/");

/** Throws `GIT_NAME_INVALID`; a branch that is not there is `undefined`. */
export const readBranch = async (place: GitPlace, branch: string): Promise<Branch | undefined> => {
  const ref = `refs/heads/${checkBranch(branch)}`;
  return (await branchesAt(place, ref)).find((found) => found.ref === ref);
};

const branchesAt = async (place: GitPlace, pattern: string): Promise<readonly Branch[]> => {
  const { stdout } = await runGit(place, ["for-each-ref", `--format=${format}`, "--", pattern]);
  const fields = fieldsOf(withoutLineEnds(stdout), "for-each-ref");
  const branches: Branch[] = [];
  while (!fields.isAtEnd()) {
    const [ref, commit, upstream, remote, remoteRef] = [1, 2, 3, 4, 5].map(fields.text) as [
      string,
      string,
      string,
      string,
      string,
    ];
    branches.push({
      branch: branchOf(ref),
      ref,
      commit,
      ...(upstream === "" ? {} : { upstream: { ref: upstream, remote, remoteRef } }),
    });
  }
  return branches;
};

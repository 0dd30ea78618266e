/** Work that came to a target and was taken back there, as by `git revert`: its commit is in the history, and its changes are not. */
import { changesOfCommits, type GitPlace, isSameBlob, treeChanges } from "@mission-ledger/git";

export interface TakenBackQuestion {
  /** Full ids of commits that are on the target. */
  readonly commits: readonly string[];
  /** Full id of the commit that the target stands at. */
  readonly target: string;
  readonly owns: (path: string) => boolean;
}

/**
 * Whether of each commit every owned path that it changed is as it was before it. One that changed none says nothing. Throws
 * `GitFault`.
 */
export const isTakenBack = async (
  place: GitPlace,
  { commits, target, owns }: TakenBackQuestion,
): Promise<boolean> => {
  const made = await changesOfCommits(place, commits);
  const each = await Promise.all(
    commits.map(async (commit) => {
      const owned = (made.get(commit) ?? []).filter(({ path }) => owns(path));
      if (owned.length === 0) return undefined;
      const since = await treeChanges(place, { from: commit, to: target });
      const now = new Map(since.map(({ path, after }) => [path, after]));
      return owned.every(({ path, before }) => now.has(path) && isSameBlob(now.get(path) ?? null, before));
    }),
  );
  const said = each.filter((one) => one !== undefined);
  return said.length > 0 && said.every((one) => one);
};

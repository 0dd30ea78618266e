/** What around the target branch matters to whoever brings it in step, and to whoever merges into it. */
import {
  type GitPlace,
  isGitFault,
  type Operation,
  readBranch,
  readCondition,
  readDivergence,
  readMergeBase,
  readRemotes,
  readRepository,
  readWorktrees,
  treeChanges,
  type WorkTreeFile,
  workTreeFiles,
} from "@mission-ledger/git";
import type { OwnedPaths } from "./owned-paths.ts";
import type { TargetStanding } from "./target-state.ts";

/** The work tree that has the target checked out. */
export interface TargetWorktree {
  readonly path: string;
  /** Whether it is the one that was asked from. */
  readonly isHere: boolean;
  readonly underWay: readonly Operation[];
  readonly isSparse: boolean;
  /** Paths that differ from the last commit, those that git does not know among them. */
  readonly changed: readonly string[];
  /** Those of them that differ between the target and its upstream too. */
  readonly inTheWay: readonly string[];
}

/** What the target has and its upstream has not, by who owns it; counted in paths, both sides of renames. */
export interface LocalChanges {
  readonly owned: number;
  readonly unrelated: number;
}

export interface Surroundings {
  readonly isShallow: boolean;
  /** HEAD of the work tree that was asked from is on no branch. */
  readonly isDetached: boolean;
  readonly remotes: readonly string[];
  /** Remotes that are remembered to have a branch of the target's name. */
  readonly remotesWithTarget: readonly string[];
  readonly worktree: TargetWorktree | null;
  /** What the target's commits change; `null` where there is nothing to compare, or no one commit where both were last one. */
  readonly local: LocalChanges | null;
  /** The branch that keeps what the target is set back from, and whether it is there already. */
  readonly kept: { readonly branch: string; readonly isThere: boolean } | null;
}

/** Throws what every run of git may; a work tree of somebody else that cannot be read counts as one without changes. */
export const readSurroundings = async (
  place: GitPlace,
  standing: TargetStanding,
  { owns }: Pick<OwnedPaths, "owns">,
): Promise<Surroundings> => {
  const { target, localCommit, upstreamCommit } = standing;
  const [repository, remotes, worktree, local] = await Promise.all([
    readRepository(place),
    readRemotes(place),
    readTargetWorktree(place, standing),
    localCommit === null || upstreamCommit === null
      ? null
      : readLocalChanges(place, { localCommit, upstreamCommit, owns }),
  ]);
  const withTarget = await Promise.all(
    remotes.map(async (remote) => ((await hasRemembered(place, remote, target)) ? [remote] : [])),
  );
  const kept = localCommit === null ? null : `kept/${target}-${localCommit.slice(0, 12)}`;
  return {
    isShallow: repository.isShallow,
    isDetached: repository.head._tag === "Detached",
    remotes,
    remotesWithTarget: withTarget.flat(),
    worktree,
    local,
    kept:
      kept === null
        ? null
        : { branch: kept, isThere: (await readBranch(place, kept))?.commit === localCommit },
  };
};

const hasRemembered = async (place: GitPlace, remote: string, target: string): Promise<boolean> => {
  const { state } = await readDivergence(place, { branch: target, upstream: { remote, branch: target } });
  return "remote" in state && state.remote !== undefined;
};

const readLocalChanges = async (
  place: GitPlace,
  {
    localCommit,
    upstreamCommit,
    owns,
  }: { readonly localCommit: string; readonly upstreamCommit: string } & Pick<OwnedPaths, "owns">,
): Promise<LocalChanges | null> => {
  const base = await readMergeBase(place, localCommit, upstreamCommit);
  if (base._tag !== "One") return null;
  // Not renames: they are looked for in contents, which a partial clone may not have.
  const touched = await treeChanges(place, { from: base.commit, to: localCommit });
  const owned = touched.filter(({ path }) => owns(path)).length;
  return { owned, unrelated: touched.length - owned };
};

/** What git is told in a hook is about the work tree of the hook alone. */
const elsewhere = ({ env = {}, ...place }: GitPlace, cwd: string): GitPlace => {
  const { GIT_DIR, GIT_WORK_TREE, GIT_INDEX_FILE, GIT_COMMON_DIR, ...rest } = env;
  return { ...place, cwd, env: rest };
};

const readTargetWorktree = async (
  place: GitPlace,
  { target, localCommit, upstreamCommit }: TargetStanding,
): Promise<TargetWorktree | null> => {
  const [worktrees, here] = await Promise.all([readWorktrees(place), readRepository(place)]);
  const found = worktrees.find(({ branch, isBare }) => branch === target && !isBare);
  if (found === undefined) return null;
  const isHere = here.workTree === found.path;
  const there = isHere ? place : elsewhere(place, found.path);
  try {
    const [condition, files] = await Promise.all([readCondition(there), workTreeFiles(there)]);
    const changed = files.flatMap(pathsOf);
    const moving =
      localCommit === null || upstreamCommit === null || changed.length === 0
        ? []
        : await treeChanges(place, { from: localCommit, to: upstreamCommit });
    const differing = new Set(moving.map(({ path }) => path));
    return {
      path: found.path,
      isHere,
      ...condition,
      changed,
      inTheWay: changed.filter((path) => differing.has(path)),
    };
  } catch (error) {
    if (!isGitFault(error) || error.code === "GIT_MISSING") throw error;
    return { path: found.path, isHere, underWay: [], isSparse: false, changed: [], inTheWay: [] };
  }
};

const pathsOf = (file: WorkTreeFile): readonly string[] =>
  file._tag === "Tracked" && file.from !== undefined ? [file.from, file.path] : [file.path];

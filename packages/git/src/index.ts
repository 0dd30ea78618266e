/** Facts about git: what a repository holds and where it stands. Reads, decides nothing, writes nothing but what a fetch brings. */

export { type CommitPair, changedFiles, stagedFiles } from "./changes/changed-files.ts";
export { type Blob, type FileChange, isSameBlob, isSubmodule, pathsTouched } from "./changes/file-change.ts";
export { changesOfCommits, type TreeChange, treeChanges } from "./changes/tree-changes.ts";
export {
  type FileState,
  type TrackedFile,
  type WorkTreeFile,
  workTreeFiles,
} from "./changes/work-tree.ts";
export { type Commit, type CommitRange, commitsBetween, type Person } from "./commits/commits-between.ts";
export { type Distance, type MergeBase, readDistance, readMergeBase } from "./commits/merge-base.ts";
export { type RawCommit, readRawCommits } from "./commits/raw-commit.ts";
export { hasCommit, type ResolvedCommit, resolveCommit } from "./commits/resolve-commit.ts";
export {
  type Divergence,
  type DivergenceRequest,
  type DivergenceState,
  readDivergence,
  type UpstreamName,
} from "./divergence/divergence.ts";
export type { FetchFailure, FetchOutcome } from "./divergence/fetch.ts";
export type { LastFetch } from "./divergence/last-fetch.ts";
export { pathBytes, pathText } from "./path-text.ts";
export { type Branch, readBranch, readBranches, type Upstream } from "./repository/branches.ts";
export { type Operation, readCondition, type WorkTreeCondition } from "./repository/condition.ts";
export { type Head, readHead } from "./repository/head.ts";
export { isBranchName } from "./repository/refs.ts";
export { readRemotes } from "./repository/remotes.ts";
export { type Repository, readRepository } from "./repository/repository.ts";
export { readWorktrees, type Worktree } from "./repository/worktrees.ts";
export { GitFault, type GitFaultCode, isGitFault } from "./run/faults.ts";
export type { GitPlace } from "./run/git-place.ts";

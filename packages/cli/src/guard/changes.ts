/** Which files changed, as git tells it: what is staged, what was committed since a commit, what lies in the work tree. */
import type { ChangedFile } from "@mission-ledger/core/mission";
import {
  changedFiles,
  type FileState,
  type GitPlace,
  isGitFault,
  pathsTouched,
  readHead,
  readMergeBase,
  resolveCommit,
  stagedFiles,
  type TrackedFile,
  workTreeFiles,
} from "@mission-ledger/git";
import { CliError } from "../output/problem.ts";
import { mergeHeads, onSides, withoutMerged } from "./merged-changes.ts";

/** Which changes are asked about. */
export type GuardScope =
  /** What the next commit would change. */
  | { readonly kind: "staged" }
  /** What was committed since HEAD parted from a commit or branch. */
  | { readonly kind: "base"; readonly base: string }
  /** What was committed since the work was claimed, and all that is not committed, also files that git does not know. */
  | { readonly kind: "worktree" };

/**
 * What the next commit would change, with both sides of every rename. While a merge is being concluded, what stays exactly as
 * the other side has changed it is that side's. Throws `GitFault`.
 */
export const stagedChanges = async (place: GitPlace): Promise<readonly ChangedFile[]> => {
  const staged = await stagedFiles(place);
  const others = mergeHeads(place);
  return others.length === 0 ? staged : withoutMerged(place, staged, others);
};

/** What is not committed. */
export const uncommittedChanges = async (place: GitPlace): Promise<readonly ChangedFile[]> =>
  (await workTreeFiles(place)).flatMap((file): readonly ChangedFile[] =>
    file._tag === "Tracked" ? changesOf(file) : [{ _tag: file._tag, path: file.path }],
  );

/** Both steps of a file count: from HEAD to the index, and from there to the work tree. */
const changesOf = ({ path, from, inIndex, inWorkTree }: TrackedFile): readonly ChangedFile[] =>
  [inIndex, inWorkTree].flatMap((state): readonly ChangedFile[] => {
    const _tag = tags[state];
    if (_tag === undefined) return [];
    if (_tag !== "Renamed" && _tag !== "Copied") return [{ _tag, path }];
    return from === undefined ? [{ _tag: "Added", path }] : [{ _tag, path, from }];
  });

const tags: Readonly<Record<FileState, ChangedFile["_tag"] | undefined>> = {
  unchanged: undefined,
  modified: "Modified",
  type_changed: "TypeChanged",
  added: "Added",
  deleted: "Deleted",
  renamed: "Renamed",
  copied: "Copied",
};

export interface CommittedChanges {
  /** The commit that HEAD was compared with; `null` where there is none to compare with. */
  readonly base: string | null;
  readonly changes: readonly ChangedFile[];
}

/**
 * What was committed since HEAD and `name` were one. What is as it was when HEAD last met `target` came from there, by a merge
 * or a rebase; but not where HEAD is on the target, or all of it is there already: then the work may be what the target got.
 * Throws `GitFault`; `NOT_FOUND` where HEAD and `name` never were one.
 */
export const committedSince = async (
  place: GitPlace,
  name: string,
  { target }: { readonly target?: string | undefined } = {},
): Promise<CommittedChanges> => {
  const head = await readHead(place);
  if (head._tag === "Unborn") return { base: null, changes: [] };
  const { commit } = await resolveCommit(place, name);
  const meeting = await readMergeBase(place, commit, head.commit);
  // Of several, none is better: what differs from the commit itself is more than from any of them, and nothing is missed.
  const base = meeting._tag === "One" ? meeting.commit : meeting._tag === "Several" ? commit : undefined;
  if (base === undefined)
    throw new CliError("NOT_FOUND", `HEAD and ${name} have no commit in common`, {
      hint: "Name a commit that HEAD goes back to; a shallow clone may lack it: git fetch --unshallow.",
      details: { base: commit, head: head.commit },
    });
  const changes = await changedFiles(place, { from: base, to: head.commit });
  const met =
    target === undefined || changes.length === 0 || (head._tag === "Branch" && head.branch === target)
      ? undefined
      : await lastMet(place, target, head.commit);
  if (met === undefined || met === base || met === head.commit) return { base, changes };
  const own = new Set((await changedFiles(place, { from: met, to: head.commit })).flatMap(pathsTouched));
  return { base, changes: onSides(changes, (path) => own.has(path)) };
};

/** `undefined` where the branch is not here, or there is more than one answer: then nothing is taken for its own. */
const lastMet = async (place: GitPlace, target: string, head: string): Promise<string | undefined> => {
  try {
    const { commit } = await resolveCommit(place, target);
    const meeting = await readMergeBase(place, commit, head);
    return meeting._tag === "One" ? meeting.commit : undefined;
  } catch (error) {
    if (isGitFault(error) && missingName.has(error.code)) return undefined;
    throw error;
  }
};

const missingName: ReadonlySet<string> = new Set([
  "GIT_NAME_INVALID",
  "GIT_REVISION_AMBIGUOUS",
  "GIT_REVISION_MISSING",
]);

/** Which files changed, as git tells it: what is staged, what was committed since a commit, what lies in the work tree. */
import type { ChangedFile } from "@mission-ledger/core/mission";
import {
  changedFiles,
  type FileState,
  type GitPlace,
  readHead,
  readMergeBase,
  resolveCommit,
  stagedFiles,
  type TrackedFile,
  workTreeFiles,
} from "@mission-ledger/git";
import { CliError } from "../output/problem.ts";

/** Which changes are asked about. */
export type GuardScope =
  /** What the next commit would change. */
  | { readonly kind: "staged" }
  /** What was committed since HEAD parted from a commit or branch. */
  | { readonly kind: "base"; readonly base: string }
  /** What was committed since the work was claimed, and all that is not committed, also files that git does not know. */
  | { readonly kind: "worktree" };

/** The other side of every rename is among them. Throws `GitFault`. */
export const stagedChanges = (place: GitPlace): Promise<readonly ChangedFile[]> => stagedFiles(place);

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

/** What was committed since HEAD and `name` were one. Throws `GitFault`; `NOT_FOUND` where they never were. */
export const committedSince = async (place: GitPlace, name: string): Promise<CommittedChanges> => {
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
  return { base, changes: await changedFiles(place, { from: base, to: head.commit }) };
};

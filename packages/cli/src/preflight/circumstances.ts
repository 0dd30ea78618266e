/** What is true around a target branch and does not block, but decides how a merge goes on: facts with their sentence. */
import { counted } from "../output/counted.ts";
import type { Surroundings } from "./surroundings.ts";
import type { TargetStanding } from "./target-state.ts";

export type CircumstanceCode =
  | "DETACHED_HEAD"
  | "FETCH_AGE_UNKNOWN"
  | "OPERATION_UNDER_WAY"
  | "SHALLOW_CLONE"
  | "SPARSE_CHECKOUT"
  | "TARGET_HAS_CHANGES"
  | "TARGET_IN_OTHER_WORKTREE"
  | "UPSTREAM_IS_LOCAL";

export interface Circumstance {
  readonly code: CircumstanceCode;
  readonly message: string;
  /** Of the work tree it is about; `null` where it is about the repository. */
  readonly path: string | null;
}

/** In a fixed order, the widest first. */
export const circumstancesOf = (
  standing: TargetStanding,
  { isShallow, isDetached, worktree }: Surroundings,
): readonly Circumstance[] => {
  const { target, upstream, upstreamRef, remote, fetchedAt } = standing;
  const found: Circumstance[] = [];
  const say = (code: CircumstanceCode, message: string, path: string | null = null): void => {
    found.push({ code, message, path });
  };
  if (isShallow) say("SHALLOW_CLONE", "history is cut in this clone: what seems to be apart may be not");
  if (upstreamRef !== null && remote === null)
    say("UPSTREAM_IS_LOCAL", `${target} is measured against ${upstream}, a branch of this very repository`);
  if (remote !== null && fetchedAt === null)
    say("FETCH_AGE_UNKNOWN", `nothing says when ${upstream} was last fetched`);
  if (isDetached) say("DETACHED_HEAD", "HEAD is on no branch here: a merge would move none");
  if (worktree === null) return found;
  const { path, isHere, underWay, isSparse, changed } = worktree;
  if (!isHere)
    say("TARGET_IN_OTHER_WORKTREE", `${target} is checked out in ${path}: it is merged there`, path);
  for (const operation of underWay)
    say("OPERATION_UNDER_WAY", `a ${operation} is under way where ${target} is checked out`, path);
  if (isSparse)
    say(
      "SPARSE_CHECKOUT",
      `only some files of ${target} are in its work tree: look at the others in git`,
      path,
    );
  if (changed.length > 0)
    say(
      "TARGET_HAS_CHANGES",
      `${counted(changed.length, "file")} where ${target} is checked out ${changed.length === 1 ? "is" : "are"} changed and not committed`,
      path,
    );
  return found;
};

/** Why a package is not worked on any more, and the way back to it: what a holder types, step by step. */
import type { WorkPackage } from "./state.ts";

/** Why a package is not the active one here. */
export type InactiveReason =
  /** Its claim is over and was not renewed. */
  | "lease_over"
  /** Its claim names another branch than is checked out. */
  | "branch_differs"
  /** Its claim names another worktree. */
  | "elsewhere"
  /** It was handed over for review. */
  | "in_review"
  /** It is approved, done or canceled. */
  | "finished"
  | "blocked"
  /** Nobody holds it. */
  | "unheld"
  /** Its claim names no worktree. */
  | "no_place"
  /** So it is, and another package is worked on in this one. */
  | "other_is_active";

/** The words after `mled`. Empty where no command of ours helps: another branch, another worktree, an end for good. */
export const takesBack = (
  mission: string,
  { id, lane, blockedFrom }: WorkPackage,
  reason: InactiveReason,
): readonly string[] => {
  const ref = `${mission}/${id}`;
  const claim = `wp claim ${ref}`;
  switch (reason) {
    case "lease_over":
      return [`wp renew ${ref}`];
    case "unheld":
      return [claim];
    case "in_review":
      return lane === "in_review"
        ? [`review submit ${ref} --verdict changes_requested`, claim]
        : [`wp move ${ref} in_progress`, claim];
    case "finished":
      if (lane === "canceled") return [];
      return [`wp move ${ref} in_progress --reason "…"${lane === "done" ? " --link <why>" : ""}`, claim];
    case "blocked":
      return [`wp move ${ref} ${blockedFrom ?? "planned"}`, claim];
    case "no_place":
      return [`guard --package ${ref}`];
    case "branch_differs":
    case "elsewhere":
    case "other_is_active":
      return [];
  }
};

/** The way back to a package that is not worked on any more: what a holder types, step by step. */
import type { InactiveReason } from "./ownership-context.ts";
import type { WorkPackage } from "./state.ts";

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

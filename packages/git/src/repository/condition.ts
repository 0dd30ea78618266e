/** What stands in the way of a merge in a work tree: something that is under way there, and files that it leaves out. */
import { access } from "node:fs/promises";
import path from "node:path";
import type { GitPlace } from "../run/git-place.ts";
import { askGit, runGit } from "../run/run-git.ts";

export type Operation = "merge" | "rebase" | "am" | "cherry-pick" | "revert" | "bisect";

export interface WorkTreeCondition {
  /** Begun and not ended; git itself allows several at once. In a fixed order. */
  readonly underWay: readonly Operation[];
  /** Only some of the files are in the work tree. */
  readonly isSparse: boolean;
}

/** Source: git's wt-status.c, `wt_status_get_state`. */
const traces: readonly (readonly [Operation, file: string])[] = [
  ["merge", "MERGE_HEAD"],
  ["rebase", "rebase-merge"],
  ["am", "rebase-apply/applying"],
  ["rebase", "rebase-apply/rebasing"],
  ["cherry-pick", "CHERRY_PICK_HEAD"],
  ["revert", "REVERT_HEAD"],
  ["bisect", "BISECT_LOG"],
];

/** Of the worktree that `place` is in. A rebase that stopped at a commit which it picks is a rebase only. */
export const readCondition = async (place: GitPlace): Promise<WorkTreeCondition> => {
  const [folder, sparse] = await Promise.all([
    askGit(place, ["rev-parse", "--absolute-git-dir"]),
    runGit(place, ["config", "--type=bool", "--get", "core.sparseCheckout"], { answers: [0, 1] }),
  ]);
  const found = await Promise.all(
    traces.map(async ([operation, file]) =>
      (await isThere(path.join(folder, file))) ? operation : undefined,
    ),
  );
  const all = found.filter((operation) => operation !== undefined);
  return {
    underWay: all.includes("rebase") ? all.filter((operation) => operation !== "cherry-pick") : all,
    isSparse: sparse.stdout.toString("latin1").trim() === "true",
  };
};

const isThere = async (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

/** How it is said that something cannot be put before a reviewer as it is. */
import type { OpenMission, WorkPackage } from "@mission-ledger/core/mission";
import { CliError } from "../output/problem.ts";

export interface WorkInQuestion {
  readonly mission: OpenMission;
  readonly workPackage: WorkPackage;
}

export type ReviewProblem =
  | "base_unknown"
  | "nothing_checked_out"
  | "nothing_in_common"
  | "nothing_to_review"
  | "path_unprintable"
  | "several_bases"
  | "uncommitted";

/** What keeps work from being put before a reviewer, named with its mission and package. */
export const notReviewable = (
  { mission, workPackage }: WorkInQuestion,
  problem: ReviewProblem,
  message: string,
  hint: string,
  details: Readonly<Record<string, unknown>> = {},
): CliError =>
  new CliError("NOT_REVIEWABLE", `${mission.slug}/${workPackage.id}: ${message}`, {
    hint,
    details: {
      mission: mission.slug,
      workPackageId: workPackage.id,
      invariant: "a reviewer is given two commits, and all of the work lies between them",
      problem,
      ...details,
    },
  });

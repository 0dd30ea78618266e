/** Verdicts: given by who holds the review, on exactly what was handed over. */
import { accept, refuse } from "../kernel/decider.ts";
import { releaseOf } from "./claims.ts";
import type { MissionCommandOf } from "./commands.ts";
import type { MissionDecision } from "./decision.ts";
import { checkHolder, firstUnmet, reviewSubject, wishOf } from "./guards.ts";
import { findExit } from "./lanes.ts";
import type { OpenMission, WorkPackage } from "./state.ts";

type SubmitReview = MissionCommandOf<"SubmitReview">;
type Target = NonNullable<SubmitReview["to"]>;

/** Changes lead back to the plan, where anybody may take them up, unless the reviewer says otherwise. */
export const verdictTarget = ({
  verdict,
  to = verdict === "approved" ? "approved" : "planned",
}: Pick<SubmitReview, "verdict" | "to">): Target => to;

export const decideVerdict = (
  command: SubmitReview,
  mission: OpenMission,
  workPackage: WorkPackage,
): MissionDecision => {
  const { verdict, actor, notes } = command;
  const { id: workPackageId, lane: from } = workPackage;
  const about = { mission: mission.slug, workPackageId };
  const to = verdictTarget(command);
  const wish = wishOf(command, mission, workPackage, to);
  const stale = command.fence === undefined ? undefined : checkHolder(wish);
  if (stale !== undefined) return refuse(stale);
  const exit = from === "in_review" ? findExit(from, to) : undefined;
  if (exit === undefined || !exit.via.includes("verdict"))
    return refuse({
      _tag: "NotInReview",
      ...about,
      invariant: "a verdict is given on a work package in review",
      lane: from,
    });
  const unmet = firstUnmet(exit, wish);
  if (unmet !== undefined) return refuse(unmet);
  const subject = workPackage.subject ?? reviewSubject(workPackage);
  if (command.subject !== undefined && command.subject !== subject)
    return refuse({
      _tag: "SubjectChanged",
      ...about,
      invariant: "a verdict is bound to what was reviewed",
      reviewed: command.subject,
      subject,
    });
  return accept(
    {
      type: "ReviewSubmitted",
      workPackageId,
      cycle: Math.max(workPackage.reviewCycle, 1),
      subject,
      reviewer: actor,
      verdict,
      selfReview: workPackage.implementers.includes(actor),
      ...(notes === undefined ? {} : { notes }),
    },
    ...releaseOf(workPackage),
    { type: "WorkPackageMoved", workPackageId, from, to },
  );
};

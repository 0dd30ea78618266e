/** Review prompts: what a reviewer was given is on record before anybody reviews by it. */
import { accept, refuse } from "../kernel/decider.ts";
import type { MissionCommandOf } from "./commands.ts";
import type { MissionDecision } from "./decision.ts";
import { reviewSubject } from "./guards.ts";
import type { OpenMission, WorkPackage } from "./state.ts";

export const decidePromptIssued = (
  command: MissionCommandOf<"IssueReviewPrompt">,
  mission: OpenMission,
  workPackage: WorkPackage,
): MissionDecision => {
  const { id: workPackageId, lane } = workPackage;
  const about = { mission: mission.slug, workPackageId };
  if (lane !== "for_review" && lane !== "in_review")
    return refuse({
      _tag: "NotInReview",
      ...about,
      invariant: "a prompt is issued for a work package that is up for review",
      lane,
    });
  const subject = workPackage.subject ?? reviewSubject(workPackage);
  if (command.subject !== subject)
    return refuse({
      _tag: "SubjectChanged",
      ...about,
      invariant: "a prompt is about what is under review",
      reviewed: command.subject,
      subject,
    });
  const { promptId, sha256, repository, worktree, branch, base, head } = command;
  return accept({
    type: "ReviewPromptIssued",
    workPackageId,
    promptId,
    cycle: Math.max(workPackage.reviewCycle, 1),
    subject,
    sha256,
    repository,
    worktree,
    branch,
    base,
    head,
  });
};

/**
 * Whether what stands as approved or done agrees with its newest review. What disagrees blocks a release until it is reviewed
 * again, or until somebody answers for it by an event.
 */
import { accept, refuse } from "../kernel/decider.ts";
import type { MissionCommandOf } from "./commands.ts";
import type { MissionDecision } from "./decision.ts";
import type { MissionEvent, Rejection } from "./events.ts";
import { reviewSubject } from "./guards.ts";
import type { Lane } from "./lanes.ts";
import type { ContradictionKind } from "./refusals.ts";
import { historicReview, isObservedAnew, withObserved } from "./review-files.ts";
import { findWorkPackage, type OpenMission, type VerdictOverride, type WorkPackage } from "./state.ts";

export interface Contradiction {
  readonly kind: ContradictionKind;
  readonly mission: string;
  readonly workPackageId: string;
  readonly lane: Lane;
  readonly invariant: string;
  /** What an override has to name. */
  readonly rejection: Rejection;
  /** Set once somebody answers for it; then it blocks nothing. */
  readonly override: VerdictOverride | null;
}

const invariant = "what is approved or done is not rejected by its newest review";

/** All that disagree, in the order of the plan; those that somebody answers for are among them. */
export const contradictions = (mission: OpenMission): readonly Contradiction[] =>
  Object.values(mission.workPackages).flatMap((workPackage) => contradictionsOf(mission, workPackage));

export const contradictionsOf = (
  { slug }: OpenMission,
  workPackage: WorkPackage,
): readonly Contradiction[] => {
  const { id, lane, verdict, reviewCycle, approvedBy, artifact, overrides = [] } = workPackage;
  if (lane !== "approved" && lane !== "done") return [];
  const found = (kind: ContradictionKind, rejection: Rejection): Contradiction => ({
    kind,
    mission: slug,
    workPackageId: id,
    lane,
    invariant,
    rejection,
    override: overrides.find((override) => isSameRejection(override.rejection, rejection)) ?? null,
  });
  const all: Contradiction[] = [];
  const ofFile =
    artifact === undefined || artifact.superseded === true ? undefined : ofArtifact[artifact.verdict];
  if (verdict?.verdict === "changes_requested")
    all.push(found("verdict_rejects", { source: "verdict", cycle: verdict.cycle }));
  // What its file says against it is told by the file.
  else if (approvedBy === "force" && ofFile === undefined && !isReviewed(workPackage))
    all.push(found("no_review", { source: "verdict", cycle: reviewCycle }));
  if (artifact !== undefined && ofFile !== undefined) {
    const { file, sha256 } = artifact;
    all.push(found(ofFile, { source: "artifact", file, sha256 }));
  }
  return all;
};

const ofArtifact = {
  approved: undefined,
  changes_requested: "artifact_rejects",
  missing: "artifact_without_verdict",
  unreadable: "artifact_unreadable",
} as const;

/** Whether an approval is about what the package is now. One of earlier work, which was taken up again since, is not. */
const isReviewed = (workPackage: WorkPackage): boolean => {
  const { verdict, artifact, fence, reviewCycle } = workPackage;
  const isApproved = verdict?.verdict === "approved";
  if (isApproved && verdict.subject === reviewSubject(workPackage)) return true;
  // Imported history has no subject of ours; nobody has claimed the package since.
  if (fence > 0) return false;
  return (
    (isApproved && verdict.cycle === reviewCycle) ||
    (artifact?.verdict === "approved" && artifact.superseded !== true)
  );
};

export const isSameRejection = (one: Rejection, other: Rejection): boolean =>
  one.source === "verdict"
    ? other.source === "verdict" && one.cycle === other.cycle
    : other.source === "artifact" && one.file === other.file && one.sha256 === other.sha256;

/** What the approval of a package comes down to. */
export type ApprovalBasis =
  | "review"
  | "imported_verdict"
  | "review_file"
  /** Its source had it there, unforced; no verdict and no file came with it. */
  | "source"
  | "override";

export interface PackageConsistency {
  readonly workPackageId: string;
  readonly lane: Lane;
  readonly verdict: "consistent" | "overridden" | ContradictionKind;
  /** `null` while something blocks. */
  readonly restsOn: ApprovalBasis | null;
  /** An approval, or an override, by somebody who implemented the package: it blocks nothing, and is told. */
  readonly hollow: { readonly what: "review" | "override"; readonly by: string } | null;
  readonly contradictions: readonly Contradiction[];
}

/** Every package that is approved or done, in the order of the plan. */
export const reviewConsistency = (mission: OpenMission): readonly PackageConsistency[] =>
  Object.values(mission.workPackages).flatMap(
    (workPackage) => packageConsistency(mission, workPackage) ?? [],
  );

/** `undefined` for a package that is neither approved nor done. */
export const packageConsistency = (
  mission: OpenMission,
  workPackage: WorkPackage,
): PackageConsistency | undefined => {
  const { id, lane } = workPackage;
  if (lane !== "approved" && lane !== "done") return undefined;
  const found = contradictionsOf(mission, workPackage);
  const open = found.find(({ override }) => override === null);
  return {
    workPackageId: id,
    lane,
    verdict: open?.kind ?? (found.length > 0 ? "overridden" : "consistent"),
    restsOn: open !== undefined ? null : found.length > 0 ? "override" : basisOf(workPackage),
    hollow: hollowOf(workPackage, found),
    contradictions: found,
  };
};

const basisOf = ({ approvedBy, verdict, fence, artifact }: WorkPackage): ApprovalBasis => {
  if (approvedBy === "verdict") return "review";
  if (verdict?.verdict === "approved") return fence > 0 ? "review" : "imported_verdict";
  return artifact?.verdict === "approved" && artifact.superseded !== true ? "review_file" : "source";
};

const hollowOf = (
  { verdict, implementers }: WorkPackage,
  found: readonly Contradiction[],
): PackageConsistency["hollow"] => {
  const answered = found.find(({ override }) => override !== null && implementers.includes(override.by));
  if (answered?.override) return { what: "override", by: answered.override.by };
  return verdict?.verdict === "approved" && implementers.includes(verdict.reviewer)
    ? { what: "review", by: verdict.reviewer }
    : null;
};

/** A file that was looked at again goes on record with the override that is about it. */
export const decideOverride = (
  { rejection, reason, actor, observed }: MissionCommandOf<"OverrideVerdict">,
  mission: OpenMission,
  recorded: WorkPackage,
): MissionDecision => {
  const { id: workPackageId } = recorded;
  const seen = observed === undefined ? [] : [{ ...observed, workPackageId }];
  const workPackage = findWorkPackage(withObserved(mission, seen), workPackageId) ?? recorded;
  const contradiction = contradictionsOf(mission, workPackage).find((one) =>
    isSameRejection(one.rejection, rejection),
  );
  if (contradiction === undefined)
    return refuse({
      _tag: "NothingToOverride",
      mission: mission.slug,
      workPackageId,
      invariant: "an override is about a rejection that stands now",
      lane: workPackage.lane,
    });
  if (contradiction.override !== null) return accept();
  const anew = rejection.source === "artifact" ? seen.filter((one) => isObservedAnew(recorded, one)) : [];
  return accept<MissionEvent>(...anew.map(historicReview), {
    type: "VerdictOverridden",
    workPackageId,
    rejection,
    by: actor,
    reason,
  });
};

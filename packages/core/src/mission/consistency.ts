/**
 * Whether what stands as approved or done agrees with its newest review. What disagrees blocks a release until it is reviewed
 * again, or until somebody answers for it by an event.
 */
import { accept, refuse } from "../kernel/decider.ts";
import type { MissionCommandOf } from "./commands.ts";
import type { MissionDecision } from "./decision.ts";
import type { Rejection } from "./events.ts";
import type { Lane } from "./lanes.ts";
import type { OpenMission, VerdictOverride, WorkPackage } from "./state.ts";

export type ContradictionKind =
  /** The newest verdict in the log requests changes. */
  | "verdict_rejects"
  /** Nobody has reviewed it: it was forced there. */
  | "no_review"
  /** The newest review file of an imported mission requests changes, and no review came after the import. */
  | "artifact_rejects"
  /** That file says no verdict that is known. */
  | "artifact_without_verdict"
  | "artifact_unreadable";

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
  { id, lane, verdict, reviewCycle, approvedBy, artifact, overrides = [] }: WorkPackage,
): readonly Contradiction[] => {
  if (lane !== "approved" && lane !== "done") return [];
  const found = (kind: ContradictionKind, rejection: Rejection): Contradiction => ({
    kind,
    mission: slug,
    workPackageId: id,
    lane,
    invariant,
    rejection,
    override: overrides.find((override) => isSame(override.rejection, rejection)) ?? null,
  });
  const all: Contradiction[] = [];
  if (verdict?.verdict === "changes_requested")
    all.push(found("verdict_rejects", { source: "verdict", cycle: verdict.cycle }));
  else if (approvedBy === "force" && verdict?.verdict !== "approved" && artifact === undefined)
    all.push(found("no_review", { source: "verdict", cycle: reviewCycle }));
  const kind =
    artifact === undefined || artifact.overridden === true ? undefined : ofArtifact[artifact.verdict];
  if (artifact !== undefined && kind !== undefined) {
    const { file, sha256 } = artifact;
    all.push(found(kind, { source: "artifact", file, sha256 }));
  }
  return all;
};

const ofArtifact = {
  approved: undefined,
  changes_requested: "artifact_rejects",
  missing: "artifact_without_verdict",
  unreadable: "artifact_unreadable",
} as const;

const isSame = (one: Rejection, other: Rejection): boolean =>
  one.source === "verdict"
    ? other.source === "verdict" && one.cycle === other.cycle
    : other.source === "artifact" && one.file === other.file && one.sha256 === other.sha256;

export const decideOverride = (
  { rejection, reason, actor }: MissionCommandOf<"OverrideVerdict">,
  mission: OpenMission,
  workPackage: WorkPackage,
): MissionDecision => {
  const { id: workPackageId } = workPackage;
  const contradiction = contradictionsOf(mission, workPackage).find((one) =>
    isSame(one.rejection, rejection),
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
  return accept({ type: "VerdictOverridden", workPackageId, rejection, by: actor, reason });
};

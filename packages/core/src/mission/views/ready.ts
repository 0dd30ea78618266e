/** Answers "what can be taken up now, and what does the rest wait for?". */
import type { Draft } from "immer";
import type { Projection } from "../../kernel/projection.ts";
import type { MissionEvent } from "../events.ts";
import type { Lane } from "../lanes.ts";
import { takeIn } from "../recipe.ts";
import {
  activeInExecutionLane,
  findWorkPackage,
  type Mission,
  type OpenMission,
  unmetDependencies,
  type WorkPackage,
} from "../state.ts";

/** Why a package cannot be taken up. */
export type WaitingReason =
  | { readonly _tag: "Dependency"; readonly workPackageId: string; readonly lane: Lane | "missing" }
  | { readonly _tag: "Held"; readonly holder: string; readonly expiresAt: string }
  | { readonly _tag: "ExecutionLaneBusy"; readonly executionLane: string; readonly workPackageId: string }
  | { readonly _tag: "Blocked" }
  | { readonly _tag: "Importing" };

export interface ReadyItem {
  readonly workPackageId: string;
  readonly title: string;
  readonly lane: Lane;
  /** What taking it up would mean. */
  readonly kind: "implement" | "review";
  readonly ready: boolean;
  /** Empty when ready. */
  readonly waitsFor: readonly WaitingReason[];
  /** Who may not take it up, since a review must be somebody else's. */
  readonly notBy: readonly string[];
}

/** Nothing is ready in a closed mission, archived, shipped or not. */
type Ignored =
  | "MissionShipped"
  | "ReviewPromptIssued"
  | "MissionSettingsReverted"
  | "MissionArchived"
  | "MissionRestored"
  | "NoteAdded"
  | "SourceChunkRecorded"
  | "StreamReconciled";

/** The rules of readiness are the guards of claiming, so the view folds what the guards look at and asks them. */
const takeInPlace = (view: Mission, event: MissionEvent): Mission =>
  takeIn(view as Draft<Mission>, event) ?? view;

const when: Record<Exclude<MissionEvent["type"], Ignored>, typeof takeInPlace> = {
  MissionCreated: takeInPlace,
  MissionSettingsChanged: takeInPlace,
  ImportBegun: takeInPlace,
  ImportCompleted: takeInPlace,
  WorkPackageAdded: takeInPlace,
  WorkPackageRevised: takeInPlace,
  WorkPackageMoved: takeInPlace,
  WorkPackageForced: takeInPlace,
  WorkPackageClaimed: takeInPlace,
  ClaimRenewed: takeInPlace,
  ClaimReleased: takeInPlace,
  ClaimRecovered: takeInPlace,
  SubtaskMarked: takeInPlace,
  EvidenceRecorded: takeInPlace,
  ReviewRequested: takeInPlace,
  ReviewSubmitted: takeInPlace,
  WorkPackageReverted: takeInPlace,
  HistoricTransitionRecorded: takeInPlace,
  HistoricAnnotationRecorded: takeInPlace,
  // Nothing waits for them; who asks what needs attention asks this view.
  HistoricReviewRecorded: takeInPlace,
  VerdictOverridden: takeInPlace,
};

export const ready: Projection<Mission, MissionEvent> = {
  name: "mission-ready",
  // 2: what an undo brings back. 3: workplaces of claims, the target branch, review files, overrides
  version: 3,
  initial: { _tag: "Absent" },
  when,
  needs: {
    MissionCreated: { meta: [] },
    MissionSettingsChanged: { meta: [] },
    ImportBegun: { data: ["slug", "title", "missionId", "dependencyMetAt", "source"], meta: [] },
    ImportCompleted: { data: [], meta: [] },
    WorkPackageAdded: { meta: [] },
    WorkPackageRevised: { meta: [] },
    WorkPackageMoved: { data: ["workPackageId", "to"], meta: [] },
    WorkPackageForced: { data: ["workPackageId", "to"], meta: [] },
    WorkPackageClaimed: { meta: [] },
    ClaimRenewed: { data: ["workPackageId", "leaseMs", "expiresAt", "workplace"], meta: [] },
    ClaimReleased: { data: ["workPackageId"], meta: [] },
    ClaimRecovered: { data: ["workPackageId"], meta: [] },
    SubtaskMarked: { meta: [] },
    EvidenceRecorded: { meta: [] },
    ReviewRequested: { meta: [] },
    WorkPackageReverted: { meta: [] },
    ReviewSubmitted: { data: ["workPackageId", "verdict", "reviewer", "subject", "cycle"], meta: [] },
    HistoricTransitionRecorded: { data: ["workPackageId", "to", "by", "forced", "verdict"], meta: [] },
    HistoricAnnotationRecorded: { data: ["workPackageId", "delta"], meta: [] },
    HistoricReviewRecorded: {
      data: ["workPackageId", "file", "sha256", "cycle", "verdict", "word", "overridden"],
      meta: [],
    },
    VerdictOverridden: { meta: [] },
  },
};

/** Packages that wait to be taken up, ready ones first, then by id. Finished, canceled and running work is not listed. */
export const readyItems = (view: Mission): readonly ReadyItem[] => {
  if (view._tag === "Absent") return [];
  return Object.values(view.workPackages)
    .flatMap((workPackage) => readyItem(view, workPackage))
    .sort((a, b) => Number(b.ready) - Number(a.ready) || (a.workPackageId < b.workPackageId ? -1 : 1));
};

const readyItem = (mission: OpenMission, workPackage: WorkPackage): readonly ReadyItem[] => {
  const { id: workPackageId, title, lane, claim, implementers } = workPackage;
  const takenUp = claim === null && (lane === "claimed" || lane === "in_progress" || lane === "in_review");
  if (!takenUp && lane !== "planned" && lane !== "for_review" && lane !== "blocked") return [];
  const kind = lane === "for_review" || lane === "in_review" ? "review" : "implement";
  const waitsFor = [...waitingReasons(mission, workPackage)];
  return [
    {
      workPackageId,
      title,
      lane,
      kind,
      ready: waitsFor.length === 0,
      waitsFor,
      notBy: kind === "review" ? implementers : [],
    },
  ];
};

function* waitingReasons(mission: OpenMission, workPackage: WorkPackage): Generator<WaitingReason> {
  const { lane, claim, executionLane, id } = workPackage;
  if (mission.importing) yield { _tag: "Importing" };
  if (claim !== null) yield { _tag: "Held", holder: claim.holder, expiresAt: claim.expiresAt };
  if (lane === "blocked") yield { _tag: "Blocked" };
  if (lane === "planned")
    for (const dependency of unmetDependencies(mission, workPackage))
      yield {
        _tag: "Dependency",
        workPackageId: dependency,
        lane: findWorkPackage(mission, dependency)?.lane ?? "missing",
      };
  if (executionLane === null || (lane !== "planned" && lane !== "claimed" && lane !== "in_progress")) return;
  const active = activeInExecutionLane(mission, executionLane);
  if (active !== undefined && active.id !== id)
    yield { _tag: "ExecutionLaneBusy", executionLane, workPackageId: active.id };
}

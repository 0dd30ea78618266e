/** What each event means for the state: written as if it changed it, run through immer or bare (see decider.ts). */
import type { Draft } from "immer";
import type { JsonObject } from "../kernel/json.ts";
import type { Evidence, MissionEvent, PlannedWorkPackage, Rejection, Verdict, Workplace } from "./events.ts";
import { isLane, type Lane } from "./lanes.ts";
import { asArtifact } from "./review-files.ts";
import type { Mission, OpenMission, WorkPackage } from "./state.ts";

type MutableMission = Draft<OpenMission>;
type MutableWorkPackage = Draft<WorkPackage>;

/** Takes an event into the state; answers a state of its own only where a mission begins. */
export const takeIn = (state: Draft<Mission>, event: MissionEvent): Draft<Mission> | undefined => {
  if (event.type === "MissionCreated") return beginMission(event, null);
  if (event.type === "ImportBegun") return beginMission(event, event.source);
  if (state._tag === "Open") takeInOpen(state, event);
  return undefined;
};

const beginMission = (
  {
    slug,
    title,
    missionId,
    dependencyMetAt,
    ...rest
  }: Extract<MissionEvent, { type: "MissionCreated" | "ImportBegun" }>,
  importedFrom: string | null,
): MutableMission => ({
  _tag: "Open",
  slug,
  title,
  missionId,
  dependencyMetAt,
  ...(rest.type === "MissionCreated" && rest.targetBranch !== undefined
    ? { targetBranch: rest.targetBranch }
    : {}),
  workPackages: {},
  importing: importedFrom !== null,
  importedFrom,
});

const takeInOpen = (mission: MutableMission, event: MissionEvent): void => {
  switch (event.type) {
    case "MissionCreated":
    case "ImportBegun":
    case "SourceChunkRecorded":
    case "StreamReconciled":
    case "MissionSettingsReverted":
      return;
    case "MissionSettingsChanged":
      if (event.title !== undefined) mission.title = event.title;
      if (event.dependencyMetAt !== undefined) mission.dependencyMetAt = event.dependencyMetAt;
      if (event.targetBranch === null) delete mission.targetBranch;
      else if (event.targetBranch !== undefined) mission.targetBranch = event.targetBranch;
      return;
    case "ImportCompleted":
      mission.importing = false;
      return;
    case "MissionArchived":
      mission.archived = { file: event.file, sha256: event.sha256 };
      return;
    case "MissionRestored":
      delete mission.archived;
      return;
    case "MissionShipped":
      mission.shipped = { targetBranch: event.targetBranch, commit: event.commit };
      return;
    case "WorkPackageAdded":
      mission.workPackages[event.workPackageId] = newWorkPackage(event);
      changedSinceShipped(mission);
      return;
    default: {
      const workPackage = mission.workPackages[event.workPackageId];
      if (workPackage !== undefined) takeInWorkPackage(workPackage, event);
      if (event.type === "WorkPackageMoved" || event.type === "WorkPackageForced")
        changedSinceShipped(mission);
    }
  }
};

/** What was shipped is shared with states before this one. */
const changedSinceShipped = (mission: MutableMission): void => {
  if (mission.shipped !== undefined) mission.shipped = { ...mission.shipped, changed: true };
};

const newWorkPackage = ({
  workPackageId,
  title,
  dependsOn,
  owns,
  subtasks,
  executionLane,
}: PlannedWorkPackage): MutableWorkPackage => ({
  id: workPackageId,
  title,
  lane: "genesis",
  dependsOn: [...dependsOn],
  owns: [...owns],
  executionLane,
  subtasks: subtasks.map((subtask) => ({ ...subtask, done: false })),
  claim: null,
  fence: 0,
  blockedFrom: null,
  implementers: [],
  evidence: [],
  reviewCycle: 0,
  subject: null,
  approvedBy: null,
  forceCount: 0,
});

type AboutWorkPackage = Exclude<
  MissionEvent,
  {
    type:
      | "MissionCreated"
      | "MissionSettingsChanged"
      | "ImportBegun"
      | "ImportCompleted"
      | "MissionArchived"
      | "MissionRestored"
      | "MissionShipped"
      | "SourceChunkRecorded"
      | "MissionSettingsReverted"
      | "StreamReconciled"
      | "WorkPackageAdded";
  }
>;

const takeInWorkPackage = (workPackage: MutableWorkPackage, event: AboutWorkPackage): void => {
  switch (event.type) {
    case "WorkPackageRevised":
      revise(workPackage, event);
      return;
    case "WorkPackageMoved":
      enter(workPackage, event.to, "verdict");
      return;
    case "WorkPackageForced":
      workPackage.forceCount += 1;
      enter(workPackage, event.to, "force");
      return;
    case "WorkPackageClaimed": {
      const { kind, holder, fence, leaseMs, expiresAt, workplace } = event;
      const place = workplace === undefined ? {} : { workplace: copyOfPlace(workplace) };
      workPackage.claim = { kind, holder, fence, leaseMs, expiresAt, ...place };
      workPackage.fence = fence;
      if (kind === "implement") {
        workPackage.evidence = [];
        addImplementer(workPackage, holder);
        implementIn(workPackage, workplace);
      }
      return;
    }
    case "ClaimRenewed":
      if (workPackage.claim !== null) {
        workPackage.claim.leaseMs = event.leaseMs;
        workPackage.claim.expiresAt = event.expiresAt;
        if (event.workplace !== undefined) {
          workPackage.claim.workplace = copyOfPlace(event.workplace);
          if (workPackage.claim.kind === "implement") goOnIn(workPackage, event.workplace);
        }
      }
      return;
    case "ClaimReleased":
    case "ClaimRecovered":
      workPackage.claim = null;
      return;
    case "SubtaskMarked": {
      const subtask = workPackage.subtasks.find(({ id }) => id === event.subtaskId);
      if (subtask !== undefined) subtask.done = event.done;
      return;
    }
    case "NoteAdded":
    case "ReviewPromptIssued":
      return;
    case "EvidenceRecorded":
      workPackage.evidence.push(...event.evidence.map((item: Evidence) => ({ ...item })));
      return;
    case "ReviewRequested":
      workPackage.reviewCycle = event.cycle;
      workPackage.subject = event.subject;
      return;
    case "ReviewSubmitted": {
      const { verdict, reviewer, subject, cycle } = event;
      workPackage.verdict = { verdict, reviewer, subject, cycle };
      workPackage.reviewCycle = cycle;
      workPackage.subject = subject;
      // From here on this is the newest review.
      if (workPackage.artifact !== undefined) workPackage.artifact.superseded = true;
      return;
    }
    case "VerdictOverridden": {
      const { rejection, by, reason } = event;
      answerFor(workPackage, (other) => other.source !== rejection.source);
      workPackage.overrides = [...(workPackage.overrides ?? []), { rejection: { ...rejection }, by, reason }];
      return;
    }
    case "HistoricReviewRecorded":
      workPackage.artifact = asArtifact(event);
      // Who answered for another file, or for other content, did not answer for this.
      answerFor(workPackage, (rejection) => rejection.source !== "artifact");
      return;
    case "WorkPackageReverted":
      revert(workPackage, event);
      return;
    case "HistoricTransitionRecorded":
      takeInHistory(workPackage, event);
      return;
    case "HistoricAnnotationRecorded":
      takeInAnnotation(workPackage, event.delta);
      return;
  }
};

/** Comes into a lane. `how` matters at approved and done, from where only a real approval leads on. */
const enter = (workPackage: MutableWorkPackage, to: Lane, how: "verdict" | "history" | "force"): void => {
  const unblocked = workPackage.lane === "blocked" && workPackage.approvedBy !== null;
  workPackage.blockedFrom = to === "blocked" ? workPackage.lane : null;
  if (to === "approved") workPackage.approvedBy = unblocked ? workPackage.approvedBy : how;
  else if (to === "done") workPackage.approvedBy ??= how;
  else if (to !== "blocked") {
    workPackage.approvedBy = null;
    // What it is next time it is approved is not what somebody answered for.
    delete workPackage.overrides;
  }
  workPackage.lane = to;
};

/** Keeps the overrides of rejections that `stands` says yes to. */
const answerFor = (workPackage: MutableWorkPackage, stands: (rejection: Rejection) => boolean): void => {
  const kept = workPackage.overrides?.filter(({ rejection }) => stands(rejection)) ?? [];
  if (kept.length > 0) workPackage.overrides = kept;
  else delete workPackage.overrides;
};

const revise = (
  workPackage: MutableWorkPackage,
  event: Extract<MissionEvent, { type: "WorkPackageRevised" }>,
): void => {
  const { title, dependsOn, owns, subtasks, executionLane } = event;
  if (title !== undefined) workPackage.title = title;
  if (dependsOn !== undefined) workPackage.dependsOn = [...dependsOn];
  if (owns !== undefined) workPackage.owns = [...owns];
  if (executionLane !== undefined) workPackage.executionLane = executionLane;
  if (subtasks !== undefined) {
    const done = new Set(workPackage.subtasks.filter((subtask) => subtask.done).map(({ id }) => id));
    workPackage.subtasks = subtasks.map((subtask) => ({ ...subtask, done: done.has(subtask.id) }));
  }
};

const revert = (
  workPackage: MutableWorkPackage,
  {
    blockedFrom,
    evidence,
    subject,
    verdict,
    approvedBy,
    subtasksDone,
    reviewFileStands,
  }: Extract<MissionEvent, { type: "WorkPackageReverted" }>,
): void => {
  if (blockedFrom !== undefined) workPackage.blockedFrom = blockedFrom;
  if (evidence !== undefined) workPackage.evidence = evidence.map((item) => ({ ...item }));
  if (subject !== undefined) workPackage.subject = subject;
  if (verdict !== undefined) workPackage.verdict = verdict === null ? null : { ...verdict };
  if (approvedBy !== undefined) workPackage.approvedBy = approvedBy;
  if (subtasksDone !== undefined)
    for (const subtask of workPackage.subtasks) subtask.done = subtasksDone.includes(subtask.id);
  if (reviewFileStands === true && workPackage.artifact !== undefined) delete workPackage.artifact.superseded;
};

const takeInHistory = (
  workPackage: MutableWorkPackage,
  { to, by, forced, verdict }: Extract<MissionEvent, { type: "HistoricTransitionRecorded" }>,
): void => {
  if (forced) workPackage.forceCount += 1;
  if (!isLane(to)) return;
  if (to === "claimed" || to === "in_progress") addImplementer(workPackage, by);
  if (to === "for_review") workPackage.reviewCycle += 1;
  if (verdict === null) workPackage.verdict = null;
  else if (verdict !== undefined && isVerdict(verdict.verdict))
    workPackage.verdict = {
      verdict: verdict.verdict,
      reviewer: verdict.reviewer,
      subject: verdict.reference,
      cycle: workPackage.reviewCycle,
    };
  // Work that is taken up again is not what was approved.
  if (isWork(to) && workPackage.verdict?.verdict === "approved" && verdict === undefined)
    workPackage.verdict = null;
  // An approval without a verdict of its own still clears an older rejection.
  if (
    (to === "approved" || to === "done") &&
    workPackage.verdict?.verdict === "changes_requested" &&
    verdict === undefined
  )
    workPackage.verdict = null;
  enter(workPackage, to, forced ? "force" : "history");
};

/** Of an annotation only the marks of subtasks bear on what may come next. */
const takeInAnnotation = (workPackage: MutableWorkPackage, { subtasks }: JsonObject): void => {
  if (subtasks === null || typeof subtasks !== "object" || Array.isArray(subtasks)) return;
  for (const subtask of workPackage.subtasks) {
    const mark = Object.hasOwn(subtasks, subtask.id) ? (subtasks as JsonObject)[subtask.id] : undefined;
    if (typeof mark === "string") subtask.done = mark === "done";
  }
};

const copyOfPlace = ({ program, repository, worktree, ...rest }: Workplace): Draft<Workplace> => ({
  ...rest,
  ...(program === undefined ? {} : { program: { ...program } }),
  ...(repository === undefined ? {} : { repository: { ...repository } }),
  ...(worktree === undefined ? {} : { worktree: { ...worktree } }),
});

const implementIn = (workPackage: MutableWorkPackage, workplace: Workplace | undefined): void => {
  const { worktree, branch, head } = workplace ?? {};
  if (worktree === undefined) delete workPackage.implementedIn;
  else
    workPackage.implementedIn = {
      worktree: { ...worktree },
      ...(branch === undefined ? {} : { branch }),
      ...(head === undefined ? {} : { head }),
    };
};

/** The work may go on elsewhere; where it began it began. */
const goOnIn = (workPackage: MutableWorkPackage, workplace: Workplace): void => {
  const { head } = workPackage.implementedIn ?? {};
  if (workplace.worktree === undefined) return;
  implementIn(workPackage, head === undefined ? workplace : { ...workplace, head });
};

const addImplementer = (workPackage: MutableWorkPackage, actor: string): void => {
  if (!workPackage.implementers.includes(actor)) workPackage.implementers.push(actor);
};

const isWork = (lane: Lane): boolean => lane === "planned" || lane === "claimed" || lane === "in_progress";

const isVerdict = (text: string): text is Verdict => text === "approved" || text === "changes_requested";

/** The mission: which moves its work packages may make, who may make them, and what has to hold first. */
import { type Draft, produce } from "immer";
import { accept, type Decider, refuse } from "../kernel/decider.ts";
import { decideArchived, decideRestored, missionArchived } from "./archiving.ts";
import { decideClaim, decideRecovery, decideRelease, decideRenewal } from "./claims.ts";
import type { MissionCommand, MissionCommandOf } from "./commands.ts";
import { decideOverride } from "./consistency.ts";
import type { MissionDecision } from "./decision.ts";
import type { MissionEvent } from "./events.ts";
import { missionEvolution } from "./evolution.ts";
import { checkHolder, checkHolderIfHeld, wishOf } from "./guards.ts";
import { decideContinuedImport, decideImportBegun, decideImportCompleted } from "./imports.ts";
import { findInputProblem } from "./input.ts";
import { decideForce, decideMove } from "./moves.ts";
import { decideAdded, decideRevised } from "./planning.ts";
import { decidePromptIssued } from "./prompts.ts";
import { takeIn } from "./recipe.ts";
import type { MissionRefusal } from "./refusals.ts";
import { decideVerdict, verdictTarget } from "./reviews.ts";
import { decideShipped } from "./shipping.ts";
import { findWorkPackage, type Mission, type OpenMission, type WorkPackage } from "./state.ts";
import { missionCategory } from "./stream.ts";
import { decideUndo } from "./undo.ts";

export const mission: Decider<MissionCommand, Mission, MissionEvent, MissionRefusal> = {
  category: missionCategory,
  // 2: whether it is archived; what an undo brings back. 3: workplaces, overrides, review files, the target branch, what was shipped
  version: 3,
  initial: { _tag: "Absent" },
  decide: (command, state) => {
    const problem = findInputProblem(command);
    if (problem !== undefined) return refuseInput(command, state, problem);
    switch (command.type) {
      case "CreateMission":
        if (state._tag === "Absent") return accept(missionCreated(command));
        return isSameMission(command, state) ? accept() : refuse(missionExists(state));
      case "BeginImport":
        return decideImportBegun(command, state);
      case "ContinueImport":
        return state._tag === "Absent" ? refuse(missionNotFound) : decideContinuedImport(command, state);
      case "CompleteImport":
        return state._tag === "Absent" ? refuse(missionNotFound) : decideImportCompleted(command, state);
      default:
        if (state._tag === "Absent") return refuse(missionNotFound);
        if (state.importing) return refuse(importIncomplete(state));
        if (command.type === "RestoreMission") return decideRestored(state);
        if (command.type === "ArchiveMission") return decideArchived(command, state);
        if (state.archived !== undefined) return refuse(missionArchived(state));
        return decideOpen(command, state);
    }
  },
  evolve: (state, event) => produce(state, (draft) => takeIn(draft, event)),
  evolution: missionEvolution,
  evolveInPlace: (state, event) => takeIn(state as Draft<Mission>, event) ?? state,
  shows: (command, state) => {
    if (state._tag === "Absent") return false;
    switch (command.type) {
      case "MoveWorkPackage":
      case "ForceWorkPackage":
        return findWorkPackage(state, command.workPackageId)?.lane === command.to;
      case "ClaimWorkPackage":
        return findWorkPackage(state, command.workPackageId)?.claim?.holder === command.actor;
      case "ReleaseClaim":
      case "RecoverClaim":
        return findWorkPackage(state, command.workPackageId)?.claim === null;
      case "SubmitReview":
        return findWorkPackage(state, command.workPackageId)?.lane === verdictTarget(command);
      case "AddWorkPackages":
        return command.workPackages.every(
          ({ workPackageId }) => findWorkPackage(state, workPackageId) !== undefined,
        );
      case "Undo": {
        const { workPackageId, before } = command.done;
        return workPackageId === null || findWorkPackage(state, workPackageId)?.lane === before?.lane;
      }
      case "ArchiveMission":
        return state.archived?.sha256 === command.sha256;
      case "RestoreMission":
        return state.archived === undefined;
      case "ShipMission":
        return state.shipped?.targetBranch === command.targetBranch;
      default:
        return true;
    }
  },
};

type OpenCommand = Exclude<
  MissionCommand,
  {
    type:
      | "ArchiveMission"
      | "BeginImport"
      | "CompleteImport"
      | "ContinueImport"
      | "CreateMission"
      | "RestoreMission";
  }
>;

const decideOpen = (command: OpenCommand, open: OpenMission): MissionDecision => {
  switch (command.type) {
    case "ChangeMissionSettings": {
      const { title = open.title, dependencyMetAt = open.dependencyMetAt } = command;
      const { targetBranch = open.targetBranch ?? null } = command;
      const isTargetSame = targetBranch === (open.targetBranch ?? null);
      if (title === open.title && dependencyMetAt === open.dependencyMetAt && isTargetSame) return accept();
      const target = isTargetSame ? {} : { targetBranch };
      return accept({ type: "MissionSettingsChanged", title, dependencyMetAt, ...target });
    }
    case "AddWorkPackages":
      return decideAdded(command, open);
    case "ShipMission":
      return decideShipped(command, open);
    case "Undo":
      return decideUndo(command, open);
    default: {
      const workPackage = findWorkPackage(open, command.workPackageId);
      if (workPackage === undefined) return refuse(workPackageNotFound(open, command.workPackageId));
      return decideAbout(command, open, workPackage);
    }
  }
};

type WorkPackageCommand = Exclude<
  OpenCommand,
  { type: "ChangeMissionSettings" | "AddWorkPackages" | "ShipMission" | "Undo" }
>;

const decideAbout = (
  command: WorkPackageCommand,
  open: OpenMission,
  workPackage: WorkPackage,
): MissionDecision => {
  const workPackageId = workPackage.id;
  switch (command.type) {
    case "ReviseWorkPackage":
      return decideRevised(command, open, workPackage);
    case "ClaimWorkPackage":
      return decideClaim(command, open, workPackage);
    case "RenewClaim":
      return decideRenewal(command, open, workPackage);
    case "ReleaseClaim":
      return decideRelease(command, open, workPackage);
    case "RecoverClaim":
      return decideRecovery(command, open, workPackage);
    case "MoveWorkPackage":
      return decideMove(command, open, workPackage);
    case "ForceWorkPackage":
      return decideForce(command, open, workPackage);
    case "SubmitReview":
      return decideVerdict(command, open, workPackage);
    case "IssueReviewPrompt":
      return decidePromptIssued(command, open, workPackage);
    case "OverrideVerdict":
      return decideOverride(command, open, workPackage);
    case "MarkSubtask": {
      const { subtaskId, done } = command;
      const subtask = workPackage.subtasks.find(({ id }) => id === subtaskId);
      if (subtask === undefined) return refuse(subtaskNotFound(open, workPackageId, subtaskId));
      const notHolder = checkHolderIfHeld(wishOf(command, open, workPackage));
      if (notHolder !== undefined) return refuse(notHolder);
      return subtask.done === done
        ? accept()
        : accept({ type: "SubtaskMarked", workPackageId, subtaskId, done });
    }
    case "AddNote":
      return accept({ type: "NoteAdded", workPackageId, text: command.text });
    case "RecordEvidence": {
      const notHolder = checkHolder(wishOf(command, open, workPackage));
      return notHolder === undefined
        ? accept({ type: "EvidenceRecorded", workPackageId, evidence: command.evidence })
        : refuse(notHolder);
    }
  }
};

const missionCreated = (command: MissionCommandOf<"CreateMission">): MissionEvent => ({
  type: "MissionCreated",
  slug: command.slug,
  title: command.title,
  missionId: command.missionId,
  dependencyMetAt: command.dependencyMetAt,
  ...(command.targetBranch === undefined ? {} : { targetBranch: command.targetBranch }),
});

const isSameMission = (command: MissionCommandOf<"CreateMission">, state: OpenMission): boolean =>
  command.missionId === state.missionId &&
  command.title === state.title &&
  command.dependencyMetAt === state.dependencyMetAt &&
  command.targetBranch === state.targetBranch;

const refuseInput = (
  command: MissionCommand,
  state: Mission,
  {
    field,
    problem,
    workPackageId,
  }: { readonly field: string; readonly problem: string; readonly workPackageId?: string },
): MissionDecision =>
  refuse({
    _tag: "InvalidInput",
    mission: state._tag === "Open" ? state.slug : "slug" in command ? String(command.slug) : "",
    workPackageId: workPackageId ?? ("workPackageId" in command ? String(command.workPackageId) : null),
    invariant: "what is recorded is well formed and bounded",
    field,
    problem,
  });

const missionNotFound: MissionRefusal = {
  _tag: "MissionNotFound",
  mission: "",
  workPackageId: null,
  invariant: "commands are for missions that exist",
};

const missionExists = ({ slug }: OpenMission): MissionRefusal => ({
  _tag: "MissionExists",
  mission: slug,
  workPackageId: null,
  invariant: "a slug names one mission for ever",
});

const importIncomplete = ({ slug }: OpenMission): MissionRefusal => ({
  _tag: "ImportIncomplete",
  mission: slug,
  workPackageId: null,
  invariant: "a mission is moved on when its history is complete",
});

const workPackageNotFound = ({ slug }: OpenMission, workPackageId: string): MissionRefusal => ({
  _tag: "WorkPackageNotFound",
  mission: slug,
  workPackageId,
  invariant: "commands are for work packages that exist",
});

const subtaskNotFound = (
  { slug }: OpenMission,
  workPackageId: string,
  subtaskId: string,
): MissionRefusal => ({
  _tag: "SubtaskNotFound",
  mission: slug,
  workPackageId,
  invariant: "only planned subtasks are marked",
  subtaskId,
});

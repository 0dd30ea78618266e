/** What can be asked of a mission. Time and actor come in with every command; guards compute the rest from the log. */
import type {
  ClaimKind,
  Evidence,
  HoldingProgram,
  MissionEvent,
  PlannedWorkPackage,
  Rejection,
  Verdict,
  Workplace,
} from "./events.ts";
import type { Lane } from "./lanes.ts";
import type { ObservedReview } from "./review-files.ts";
import type { OpenMission, ReviewArtifact, WorkPackage } from "./state.ts";

interface Asked {
  /** RFC 3339, UTC, milliseconds: what the asker's clock said. Judges leases, orders nothing. */
  readonly at: string;
  readonly actor: string;
}

interface AboutWorkPackage extends Asked {
  readonly workPackageId: string;
}

interface ByHolder extends AboutWorkPackage {
  /** The fence of the claim this write belongs to. Refused when it is not the newest; without it the actor's name must be the holder's. */
  readonly fence?: number;
}

/** What somebody saw who looked where a claim says that its work is done. It counts only if it is about that very place. */
export type ClaimObservation =
  | { readonly signal: "process_gone"; readonly host: string; readonly program: HoldingProgram }
  /** `worktree` is the id of its name. */
  | { readonly signal: "worktree_gone"; readonly host: string; readonly worktree: string }
  /** Where the branch stands now: where it stood when the work was claimed. */
  | { readonly signal: "no_commit"; readonly branch: string; readonly head: string };

export type MissionCommand =
  | (Asked & {
      readonly type: "CreateMission";
      readonly slug: string;
      readonly title: string;
      readonly missionId: string;
      readonly dependencyMetAt: "approved" | "done";
      readonly targetBranch?: string;
    })
  | (Asked & {
      readonly type: "ChangeMissionSettings";
      readonly title?: string;
      readonly dependencyMetAt?: "approved" | "done";
      readonly targetBranch?: string | null;
    })
  /** All of them or none. They may depend on each other. */
  | (Asked & { readonly type: "AddWorkPackages"; readonly workPackages: readonly PlannedWorkPackage[] })
  | (AboutWorkPackage & { readonly type: "ReviseWorkPackage" } & Partial<
        Omit<PlannedWorkPackage, "workPackageId">
      >)
  | (AboutWorkPackage & {
      readonly type: "ClaimWorkPackage";
      readonly kind: ClaimKind;
      readonly leaseMs: number;
      readonly workplace?: Workplace;
      /** What a reviewer was sent to look at; refused when the subject under review is another. @defaultValue not checked */
      readonly subject?: string;
    })
  | (ByHolder & {
      readonly type: "RenewClaim";
      readonly leaseMs: number;
      /**
       * In place of what the claim says. With a program, that program takes the claim up: refused while another one has it.
       * @defaultValue as it was
       */
      readonly workplace?: Workplace;
      /** That the program which has the claim is gone. @defaultValue nothing was looked at */
      readonly observed?: ClaimObservation;
      /** The program which has the claim, when it is that one which passes it on. @defaultValue nothing is passed on */
      readonly passedOnBy?: HoldingProgram;
    })
  | (ByHolder & { readonly type: "ReleaseClaim"; readonly reason?: string })
  /**
   * Ends a claim that its lease, or what was observed of the place it names, shows to be dead. Work under way that nobody
   * holds goes back to where it is taken up.
   */
  | (AboutWorkPackage & {
      readonly type: "RecoverClaim";
      readonly reason: string;
      /** @defaultValue the lease alone decides */
      readonly observed?: ClaimObservation;
    })
  | (ByHolder & {
      readonly type: "MoveWorkPackage";
      readonly to: Lane;
      readonly reason?: string;
      readonly link?: string;
      /** Recorded with the move, before its guards are asked. */
      readonly evidence?: readonly Evidence[];
    })
  | (AboutWorkPackage & {
      readonly type: "ForceWorkPackage";
      readonly to: Lane;
      readonly reason: string;
      readonly leaseMs?: number;
    })
  | (ByHolder & { readonly type: "MarkSubtask"; readonly subtaskId: string; readonly done: boolean })
  | (AboutWorkPackage & { readonly type: "AddNote"; readonly text: string })
  | (ByHolder & { readonly type: "RecordEvidence"; readonly evidence: readonly Evidence[] })
  | (ByHolder & {
      readonly type: "SubmitReview";
      readonly verdict: Verdict;
      /** @defaultValue approved, or planned when changes are requested */
      readonly to?: "approved" | "done" | "in_progress" | "planned";
      /** What the reviewer looked at; refused when the subject under review is another. @defaultValue not checked */
      readonly subject?: string;
      readonly notes?: string;
    })
  /** Only after the prompt's file was written and read again. */
  | (AboutWorkPackage &
      Omit<Extract<MissionEvent, { type: "ReviewPromptIssued" }>, "type" | "workPackageId" | "cycle"> & {
        readonly type: "IssueReviewPrompt";
      })
  | (AboutWorkPackage & {
      readonly type: "OverrideVerdict";
      readonly rejection: Rejection;
      readonly reason: string;
      /** The review file that it is about, where somebody looked at it again. @defaultValue as it is on record */
      readonly observed?: ReviewArtifact;
    })
  | (Asked & {
      readonly type: "ShipMission";
      /** Commits that `commit` was seen to contain: those that packages name as evidence, as they name them, and where it was shipped last. @defaultValue none */
      readonly contains?: readonly string[];
      /** Review files that somebody looked at again. @defaultValue as they are on record */
      readonly observed?: readonly ObservedReview[];
    } & Omit<Extract<MissionEvent, { type: "MissionShipped" }>, "type">)
  /** Takes a command of the same actor back. What it was, and what came after, is looked up in the log by whoever asks. */
  | (Asked & {
      readonly type: "Undo";
      readonly done: DoneCommand;
      readonly reason: string;
      readonly fence?: number;
    })
  | (Asked & {
      readonly type: "BeginImport";
      readonly source: string;
      readonly slug: string;
      readonly title: string;
      readonly missionId: string;
      readonly dependencyMetAt: "approved" | "done";
      readonly files: Extract<MissionEvent, { type: "ImportBegun" }>["files"];
    })
  /** The next piece of an import; `history` are events of an import and nothing else. */
  | (Asked & { readonly type: "ContinueImport"; readonly history: readonly ImportedEvent[] })
  | (Asked & { readonly type: "CompleteImport" } & Omit<
        Extract<MissionEvent, { type: "ImportCompleted" }>,
        "type"
      >)
  /** Only after the cold copy it names was written and read again; ask for it at the revision that the copy ends with. */
  | (Asked & { readonly type: "ArchiveMission" } & Omit<
        Extract<MissionEvent, { type: "MissionArchived" }>,
        "type"
      >)
  | (Asked & { readonly type: "RestoreMission" });

export type ImportedEvent = Extract<
  MissionEvent,
  {
    readonly type:
      | "SourceChunkRecorded"
      | "WorkPackageAdded"
      | "HistoricTransitionRecorded"
      | "HistoricAnnotationRecorded"
      | "HistoricReviewRecorded"
      | "VerdictOverridden";
  }
>;

export type MissionCommandType = MissionCommand["type"];
export type MissionCommandOf<Type extends MissionCommandType> = Extract<
  MissionCommand,
  { readonly type: Type }
>;

type WithoutAsked<Command> = Command extends Asked ? Omit<Command, keyof Asked> : never;

/** A command that stands in the log, as an undo of it needs to know it. */
export interface DoneCommand {
  /** The event by which it was named. */
  readonly eventId: string;
  readonly commandId: string;
  readonly actor: string;
  /** All that it wrote. */
  readonly events: readonly MissionEvent[];
  /** The one work package it is about; `null` where that is the mission, or several. */
  readonly workPackageId: string | null;
  /** That package before and after it; `null` where it was not there. */
  readonly before: WorkPackage | null;
  readonly after: WorkPackage | null;
  /** The mission's settings, if it changed them. */
  readonly settings: { readonly before: MissionSettings; readonly after: MissionSettings } | null;
  /** It was undone already, and that was not undone. */
  readonly isUndone: boolean;
  /** The event that has to be undone first, since it changed the same after it and still holds. */
  readonly since: {
    readonly eventId: string;
    readonly revision: number;
    readonly type: string;
    readonly actor: string;
    /** The rule by which it is never undone, and with it nothing before it. */
    readonly stays?: string;
  } | null;
}

export type MissionSettings = Pick<OpenMission, "title" | "dependencyMetAt" | "targetBranch">;

/** Asks for an undo by an event of the command that is to be taken back; the ledger looks up the rest. */
export interface UndoRequest {
  readonly type: "Undo";
  readonly event: { readonly eventId: string } | { readonly revision: number };
  readonly reason: string;
  /** As for every write of a holder. */
  readonly fence?: number;
}

/** A command before the ledger has put in who asks and when. */
export type MissionRequest = WithoutAsked<Exclude<MissionCommand, { readonly type: "Undo" }>> | UndoRequest;

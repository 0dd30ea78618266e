/** The mission's events: a storage format. A stored `type` is never renamed; a changed shape is a new version with an upcaster. */
import { type Codec, eventCodec } from "../kernel/codec.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { StreamReconciled } from "../kernel/reconciliation.ts";
import type { Guard, Lane } from "./lanes.ts";

export type ClaimKind = "implement" | "review";
export type Verdict = "approved" | "changes_requested";
/** Which observed fact showed a claim to be dead. */
export type RecoverySignal = "lease_expired" | "process_gone" | "worktree_gone" | "no_commit";

/** A directory on one machine, named without saying where it is: logs are shared, and paths name people. */
export interface PlaceName {
  /** First 32 hex digits of SHA-256 over the machine's id and the real path: the same for one place on one machine, and for no other. */
  readonly id: string;
  /** The last segment of its path, for people. */
  readonly name: string;
}

/** Where a claim's work is done, as far as whoever claimed it knew. */
export interface Workplace {
  /** First 32 hex digits of SHA-256 over the machine's id. */
  readonly host: string;
  /** The process that holds the claim for as long as it lives; absent where a command claimed and ended. */
  readonly program?: HoldingProgram;
  readonly repository?: PlaceName;
  readonly worktree?: PlaceName;
  /** The branch that was checked out; `null` for a detached head. */
  readonly branch?: string | null;
  /** The commit that was checked out. */
  readonly head?: string;
}

export interface HoldingProgram {
  readonly pid: number;
  /** Tells a process from a later one with the same number; says nothing else. */
  readonly started: string;
}

/** What the newest review of an imported mission says in its file. */
export type ArtifactVerdict = Verdict | "missing" | "unreadable";

/** A rejection that an override is about: the verdict of a cycle, or what an imported review file of this content says. */
export type Rejection =
  | { readonly source: "verdict"; readonly cycle: number }
  | { readonly source: "artifact"; readonly file: string; readonly sha256: string };

export interface Evidence {
  readonly kind: "commit" | "file" | "test" | "url" | "note";
  /** What it points at: a commit id, a path, a command, an address, a sentence. */
  readonly ref: string;
}

export interface Subtask {
  readonly id: string;
  readonly title: string;
}

/** A work package as it was planned. */
export interface PlannedWorkPackage {
  readonly workPackageId: string;
  readonly title: string;
  readonly dependsOn: readonly string[];
  /** Git-style globs of the files that belong to this package. */
  readonly owns: readonly string[];
  readonly subtasks: readonly Subtask[];
  /** The shared worktree and branch the package is done in; `null` for one of its own. */
  readonly executionLane: string | null;
}

/** A file of the system a mission was imported from, as it was found. */
export interface SourceFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

export type MissionEvent =
  | {
      readonly type: "MissionCreated";
      readonly slug: string;
      readonly title: string;
      /** ULID or UUID that stays when the slug is written differently elsewhere. */
      readonly missionId: string;
      readonly dependencyMetAt: "approved" | "done";
      /** The branch that the mission is merged into. */
      readonly targetBranch?: string;
    }
  | {
      readonly type: "MissionSettingsChanged";
      readonly title?: string;
      readonly dependencyMetAt?: "approved" | "done";
      /** `null` where none is named any more. */
      readonly targetBranch?: string | null;
    }
  | ({ readonly type: "WorkPackageAdded" } & PlannedWorkPackage)
  | ({ readonly type: "WorkPackageRevised"; readonly workPackageId: string } & Partial<
      Omit<PlannedWorkPackage, "workPackageId">
    >)
  | {
      readonly type: "WorkPackageMoved";
      readonly workPackageId: string;
      readonly from: Lane;
      readonly to: Lane;
      readonly reason?: string;
      readonly link?: string;
    }
  | {
      readonly type: "WorkPackageForced";
      readonly workPackageId: string;
      readonly from: Lane;
      readonly to: Lane;
      readonly reason: string;
      /** The guards that did not hold; `no_exit` when the table has no such edge at all. */
      readonly overrides: readonly (Guard | "no_exit")[];
    }
  | {
      readonly type: "WorkPackageClaimed";
      readonly workPackageId: string;
      readonly kind: ClaimKind;
      readonly holder: string;
      /** Grows by one with each grant on this package; later writes of the holder carry it. */
      readonly fence: number;
      readonly leaseMs: number;
      /** RFC 3339; when the claim may be recovered by others. */
      readonly expiresAt: string;
      readonly workplace?: Workplace;
    }
  | {
      readonly type: "ClaimRenewed";
      readonly workPackageId: string;
      readonly fence: number;
      readonly leaseMs: number;
      readonly expiresAt: string;
      /** Where the work goes on, when another program took the claim up, or the last one let go of it. */
      readonly workplace?: Workplace;
    }
  | {
      readonly type: "ClaimReleased";
      readonly workPackageId: string;
      readonly holder: string;
      readonly fence: number;
      readonly reason?: string;
    }
  | {
      readonly type: "ClaimRecovered";
      readonly workPackageId: string;
      readonly holder: string;
      readonly fence: number;
      readonly signal: RecoverySignal;
      readonly reason: string;
    }
  | {
      readonly type: "SubtaskMarked";
      readonly workPackageId: string;
      readonly subtaskId: string;
      readonly done: boolean;
    }
  | { readonly type: "NoteAdded"; readonly workPackageId: string; readonly text: string }
  | {
      readonly type: "EvidenceRecorded";
      readonly workPackageId: string;
      readonly evidence: readonly Evidence[];
    }
  | {
      readonly type: "ReviewRequested";
      readonly workPackageId: string;
      /** Counted from 1. */
      readonly cycle: number;
      /** SHA-256 of what is to be reviewed: the package's plan and the evidence handed over. */
      readonly subject: string;
    }
  | {
      readonly type: "ReviewSubmitted";
      readonly workPackageId: string;
      readonly cycle: number;
      readonly subject: string;
      readonly reviewer: string;
      readonly verdict: Verdict;
      /** True when the reviewer implemented what was reviewed, which only force allows. */
      readonly selfReview: boolean;
      readonly notes?: string;
    }
  /** A prompt was written for a reviewer. Its file is checked against this before anybody reviews by it. */
  | {
      readonly type: "ReviewPromptIssued";
      readonly workPackageId: string;
      /** UUID of this one request. */
      readonly promptId: string;
      /** The cycle and the subject that were under review. */
      readonly cycle: number;
      readonly subject: string;
      /** SHA-256 of the prompt's file, every byte. */
      readonly sha256: string;
      readonly repository: PlaceName;
      readonly worktree: PlaceName;
      /** `null` for a detached head. */
      readonly branch: string | null;
      /** Commit ids: what is reviewed are the changes from `base` to `head`. */
      readonly base: string;
      readonly head: string;
    }
  /** Somebody answers for a package that is approved or done although its newest review rejects it. */
  | {
      readonly type: "VerdictOverridden";
      readonly workPackageId: string;
      readonly rejection: Rejection;
      readonly by: string;
      readonly reason: string;
    }
  /** The mission's changes are on their target branch. */
  | {
      readonly type: "MissionShipped";
      readonly targetBranch: string;
      /** The commit of the target branch that holds them. */
      readonly commit: string;
      /** What the target was compared with; `null` where it follows no other branch. */
      readonly upstream: { readonly ref: string; readonly commit: string } | null;
    }
  /**
   * Ends every undo of a package. Where it stands and what is planned is said by moves and revisions beside it; this says what
   * was undone, and what no other event can bring back. What it does not name stays as it is.
   */
  | {
      readonly type: "WorkPackageReverted";
      readonly workPackageId: string;
      /** Id of the event by which the command was named. */
      readonly undoes: string;
      readonly undoneCommand: string;
      readonly reason: string;
      readonly blockedFrom?: Lane | null;
      readonly evidence?: readonly Evidence[];
      readonly subject?: string | null;
      readonly verdict?: {
        readonly verdict: Verdict;
        readonly reviewer: string;
        readonly subject: string;
        readonly cycle: number;
      } | null;
      readonly approvedBy?: "verdict" | "history" | "force" | null;
      /** Ids of exactly the subtasks that are done again. */
      readonly subtasksDone?: readonly string[];
      /** The review file it was imported with is its newest review again. */
      readonly reviewFileStands?: true;
      /** A request for a review, or a verdict, that does not count any more. */
      readonly withdraws?: { readonly what: "request" | "verdict"; readonly cycle: number };
    }
  /** Ends an undo of a change of the mission's settings; the change back stands before it. */
  | {
      readonly type: "MissionSettingsReverted";
      readonly undoes: string;
      readonly undoneCommand: string;
      readonly reason: string;
    }
  | {
      readonly type: "ImportBegun";
      readonly source: string;
      readonly slug: string;
      readonly title: string;
      readonly missionId: string;
      readonly dependencyMetAt: "approved" | "done";
      readonly files: readonly SourceFile[];
    }
  | {
      readonly type: "SourceChunkRecorded";
      readonly file: string;
      /** Counted from 0 within the file; the chunks of a file joined in order are the file. */
      readonly index: number;
      readonly encoding: "utf8" | "base64";
      readonly text: string;
    }
  | {
      readonly type: "HistoricTransitionRecorded";
      readonly workPackageId: string;
      /** As the source had it; may be no lane of ours. */
      readonly from: string;
      readonly to: string;
      readonly at: string;
      readonly by: string;
      readonly forced: boolean;
      readonly sourceEventId: string;
      readonly reason?: string;
      /** The source's verdict slot after this transition: `null` when it was cleared, absent when untouched. */
      readonly verdict?: {
        readonly verdict: string;
        readonly reviewer: string;
        readonly reference: string;
      } | null;
    }
  | {
      readonly type: "HistoricAnnotationRecorded";
      readonly workPackageId: string;
      readonly at: string;
      readonly by: string;
      readonly sourceEventId: string;
      readonly delta: JsonObject;
    }
  /** The newest review file of a package, as it was found beside a log: by its import, or by whoever looked again. */
  | {
      readonly type: "HistoricReviewRecorded";
      readonly workPackageId: string;
      readonly file: string;
      readonly sha256: string;
      /** As its name has it; `null` where no number can be read. */
      readonly cycle: number | null;
      readonly verdict: ArtifactVerdict;
      /** The file's own word, where it has one. */
      readonly word?: string;
      readonly by?: string;
      /** The file says that its rejection was overridden; who answers for it, and why, is an event of its own. */
      readonly overridden?: boolean;
    }
  | {
      readonly type: "ImportCompleted";
      readonly rows: number;
      readonly transitions: number;
      readonly annotations: number;
      readonly otherRows: number;
      /** How many of each kind of finding; the findings themselves can be worked out again from the source. */
      readonly findings: Readonly<Record<string, number>>;
    }
  | {
      readonly type: "MissionArchived";
      /** What the cold copy was called when it was made; it may have been moved since. */
      readonly file: string;
      /** SHA-256 of the cold copy's content: of the mission's log up to the event before this one. */
      readonly sha256: string;
      /** Digest of the last event in the cold copy. */
      readonly head: string;
      readonly records: number;
      readonly events: number;
    }
  | {
      readonly type: "MissionRestored";
      /** Of the cold copy that the mission was archived in. */
      readonly sha256: string;
    }
  /** Written by `reconcile`; it changes nothing in the mission but says why another branch of its log does not count. */
  | StreamReconciled;

export type MissionEventType = MissionEvent["type"];

/** Version 1 of every shape. */
export const missionCodec: Codec<MissionEvent> = eventCodec<MissionEvent>({
  MissionCreated: { version: 1 },
  MissionSettingsChanged: { version: 1 },
  WorkPackageAdded: { version: 1 },
  WorkPackageRevised: { version: 1 },
  WorkPackageMoved: { version: 1 },
  WorkPackageForced: { version: 1 },
  WorkPackageClaimed: { version: 1 },
  ClaimRenewed: { version: 1 },
  ClaimReleased: { version: 1 },
  ClaimRecovered: { version: 1 },
  SubtaskMarked: { version: 1 },
  NoteAdded: { version: 1 },
  EvidenceRecorded: { version: 1 },
  ReviewRequested: { version: 1 },
  ReviewSubmitted: { version: 1 },
  ReviewPromptIssued: { version: 1 },
  VerdictOverridden: { version: 1 },
  MissionShipped: { version: 1 },
  WorkPackageReverted: { version: 1 },
  MissionSettingsReverted: { version: 1 },
  ImportBegun: { version: 1 },
  SourceChunkRecorded: { version: 1 },
  HistoricTransitionRecorded: { version: 1 },
  HistoricAnnotationRecorded: { version: 1 },
  HistoricReviewRecorded: { version: 1 },
  ImportCompleted: { version: 1 },
  MissionArchived: { version: 1 },
  MissionRestored: { version: 1 },
  StreamReconciled: { version: 1 },
});

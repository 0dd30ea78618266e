/** The mission's refusals: each names the mission, the work package and the invariant that would have been broken. */
import type { RecoverySignal, Rejection } from "./events.ts";
import type { Guard, Lane } from "./lanes.ts";
import type { UndoInstead } from "./undo-instead.ts";

interface Refusal {
  readonly mission: string;
  /** `null` when the refusal is about the mission as a whole. */
  readonly workPackageId: string | null;
  /** The rule, as a sentence that is always true of a sound ledger. */
  readonly invariant: string;
}

export type MissionRefusal =
  | (Refusal & { readonly _tag: "InvalidInput"; readonly field: string; readonly problem: string })
  | (Refusal & { readonly _tag: "MissionNotFound" })
  | (Refusal & { readonly _tag: "MissionExists" })
  | (Refusal & { readonly _tag: "ImportIncomplete" })
  | (Refusal & { readonly _tag: "NotImporting" })
  | (Refusal & { readonly _tag: "MissionArchived"; readonly file: string; readonly sha256: string })
  | (Refusal & { readonly _tag: "MissionNotClosed"; readonly open: readonly string[] })
  | (Refusal & { readonly _tag: "WorkPackageNotFound" })
  | (Refusal & { readonly _tag: "WorkPackageExists" })
  | (Refusal & { readonly _tag: "SubtaskNotFound"; readonly subtaskId: string })
  | (Refusal & { readonly _tag: "UnknownDependency"; readonly dependency: string })
  | (Refusal & { readonly _tag: "DependencyCycle"; readonly cycle: readonly string[] })
  | (Refusal & {
      readonly _tag: "MoveNotAllowed";
      readonly from: Lane;
      readonly to: Lane;
      readonly allowed: readonly Lane[];
    })
  /** The edge exists, but another command walks it. */
  | (Refusal & {
      readonly _tag: "WrongCommand";
      readonly from: Lane;
      readonly to: Lane;
      readonly use: "claim" | "review";
    })
  | (Refusal & {
      readonly _tag: "GuardFailed";
      readonly from: Lane;
      readonly to: Lane;
      readonly guard: Guard;
      readonly missing: readonly string[];
    })
  | (Refusal & {
      readonly _tag: "ClaimHeld";
      readonly holder: string;
      readonly kind: string;
      readonly fence: number;
      readonly expiresAt: string;
    })
  | (Refusal & { readonly _tag: "NotClaimable"; readonly lane: Lane; readonly kind: string })
  | (Refusal & { readonly _tag: "NotHeld" })
  | (Refusal & { readonly _tag: "NotHolder"; readonly holder: string; readonly expiresAt: string })
  | (Refusal & {
      readonly _tag: "StaleFence";
      readonly fence: number;
      readonly newest: number;
      readonly holder: string | null;
    })
  | (Refusal & { readonly _tag: "ClaimAlive"; readonly holder: string; readonly expiresAt: string })
  /** What was observed is not about the place that the claim names, or is not enough by itself. */
  | (Refusal & {
      readonly _tag: "ObservationUnfit";
      readonly holder: string;
      readonly expiresAt: string;
      readonly signal: RecoverySignal;
    })
  | (Refusal & { readonly _tag: "NothingToOverride"; readonly lane: Lane })
  | (Refusal & {
      readonly _tag: "ReviewContradicted";
      readonly kind: ContradictionKind;
      readonly lane: Lane;
      readonly rejection: Rejection;
    })
  | (Refusal & { readonly _tag: "NothingToShip" })
  | (Refusal & { readonly _tag: "CommitNotShipped"; readonly ref: string; readonly targetBranch: string })
  | (Refusal & { readonly _tag: "SelfReview"; readonly implementers: readonly string[] })
  | (Refusal & { readonly _tag: "EventNotFound"; readonly event: string })
  | (Refusal & {
      readonly _tag: "CannotUndo";
      readonly obstacle: UndoObstacle;
      readonly eventId: string;
      /** The event that stands in the way, where it is one: the one to undo first, or one that never is. */
      readonly inTheWay: {
        readonly eventId: string;
        readonly revision: number;
        readonly type: string;
        readonly actor: string;
      } | null;
      /** The command that leads back all the same, where an undo of whoever asks does not. */
      readonly instead?: UndoInstead;
      /** What to do instead, as a sentence. */
      readonly next: string;
    })
  | (Refusal & { readonly _tag: "NotInReview"; readonly lane: Lane })
  | (Refusal & { readonly _tag: "SubjectChanged"; readonly reviewed: string; readonly subject: string });

/**
 * What keeps a command from being undone: the kind of its events, who did it, what came after it, an approval that would come
 * back, a claim that has ended, a package that was begun because this one was approved.
 */
export type UndoObstacle =
  | "kind"
  | "not_yours"
  | "changed_since"
  | "approval"
  | "claim"
  | "lease"
  | "built_upon";

/** How a package that is approved or done disagrees with its newest review. */
export type ContradictionKind =
  /** The newest verdict in the log requests changes. */
  | "verdict_rejects"
  /** Nobody has reviewed what it is now: it was forced there. */
  | "no_review"
  /** The newest review file of an imported mission requests changes, and no review came after it. */
  | "artifact_rejects"
  /** That file says no verdict that is known. */
  | "artifact_without_verdict"
  | "artifact_unreadable";

export type RefusalTag = MissionRefusal["_tag"];

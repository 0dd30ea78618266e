/** Refusals and conflicts as things to throw: one code, one message and one next step each. */
import type { Conflict } from "../kernel/event-store.ts";
import { LedgerError } from "../kernel/faults.ts";
import type { RecoverySignal } from "./events.ts";
import { type Guard, lanes } from "./lanes.ts";
import type { ContradictionKind, MissionRefusal } from "./refusals.ts";

/** Stable, each with a heading in docs/errors.md. */
export type RefusalCode =
  | "AMBIGUOUS_REF"
  | "CANNOT_UNDO"
  | "CLAIM_ALIVE"
  | "CLAIM_HELD"
  | "CLAIM_LOST"
  | "GUARD_FAILED"
  | "IMPORT_INCOMPLETE"
  | "INVALID_INPUT"
  | "MISSION_ARCHIVED"
  | "NOT_FOUND"
  | "REVIEW_CONTRADICTED"
  | "SELF_REVIEW"
  | "ALREADY_EXISTS"
  | "TRANSITION_REJECTED";

export interface RefusalWords {
  readonly code: RefusalCode;
  readonly message: string;
  /** What to do next, as a sentence. */
  readonly hint?: string;
}

/** Thrown by `execute` when the domain says no. Nothing was written, and the same command will not do later unless something else changes. */
export class Refused extends LedgerError {
  override readonly name = "Refused";
  readonly code: RefusalCode;
  readonly refusal: MissionRefusal;

  constructor(refusal: MissionRefusal) {
    const { code, message, hint } = wordsOf(refusal);
    super(message, {
      outcome: "not_written",
      retryable: code === "CLAIM_HELD",
      ...(hint === undefined ? {} : { hint }),
      details: { ...refusal },
    });
    this.code = code;
    this.refusal = refusal;
  }
}

/** Thrown by `execute` when others kept coming first, or the stream did not end where the caller said. Nothing was written. */
export class Conflicted extends LedgerError {
  override readonly name = "Conflicted";
  readonly code = "REVISION_CONFLICT";
  readonly conflict: Conflict;

  constructor(conflict: Conflict) {
    super(`${conflict.stream} ends at revision ${conflict.actual.revision}, not at ${conflict.expected}`, {
      outcome: "not_written",
      retryable: true,
      hint: "Read the mission again and decide again.",
      details: { stream: conflict.stream, expected: conflict.expected, actual: conflict.actual.revision },
    });
    this.conflict = conflict;
  }
}

/** What is missing when a guard does not hold. */
const guardWords: Readonly<Record<Guard, string>> = {
  dependencies_met: "it waits for others",
  unclaimed: "somebody holds it",
  execution_lane_free: "its execution lane is taken",
  holder: "only its holder may do that",
  holder_if_held: "only its holder may do that",
  subtasks_done: "subtasks are open",
  evidence_recorded: "there is no evidence of the work",
  not_self: "nobody reviews their own work",
  implementer: "only who implemented it may take it back",
  verdict_approved: "only an approving verdict leads there",
  verdict_changes_requested: "only a verdict that requests changes leads there",
  approval_on_record: "no review has approved it",
  came_from: "it was not blocked there",
  reason: "a reason is needed",
  link: "a link is needed",
};

const signalWords: Readonly<Record<RecoverySignal, string>> = {
  lease_expired: "its lease is not over",
  process_gone: "what was observed is not the process that holds it",
  worktree_gone: "what was observed is not the worktree that it names",
  no_commit: "a branch without a new commit is no sign before the lease is over",
};

/** What disagrees with a package that is approved or done. */
export const contradictionWords: Readonly<Record<ContradictionKind, string>> = {
  verdict_rejects: "its newest review requests changes",
  no_review: "nobody has reviewed it",
  artifact_rejects: "its newest review file requests changes",
  artifact_without_verdict: "its newest review file says no verdict",
  artifact_unreadable: "its newest review file cannot be read",
};

/** What a refusal is called outside and how it reads. */
export const wordsOf = (refusal: MissionRefusal): RefusalWords => {
  const ref =
    refusal.workPackageId === null ? refusal.mission : `${refusal.mission}/${refusal.workPackageId}`;
  switch (refusal._tag) {
    case "InvalidInput":
      return { code: "INVALID_INPUT", message: `${ref}: ${refusal.field} ${refusal.problem}` };
    case "MissionNotFound":
      return { code: "NOT_FOUND", message: `there is no mission ${refusal.mission}` };
    case "MissionExists":
      return { code: "ALREADY_EXISTS", message: `there is already a mission ${refusal.mission}` };
    case "ImportIncomplete":
      return {
        code: "IMPORT_INCOMPLETE",
        message: `the import of ${refusal.mission} was interrupted`,
        hint: "Run the same import again; it goes on where it stopped.",
      };
    case "NotImporting":
      return { code: "ALREADY_EXISTS", message: `${refusal.mission} is not being imported` };
    case "MissionArchived":
      return {
        code: "MISSION_ARCHIVED",
        message: `${refusal.mission} is archived in ${refusal.file}`,
        hint: "Restore it first.",
      };
    case "MissionNotClosed":
      return {
        code: "GUARD_FAILED",
        message: `${refusal.mission} is not closed: ${refusal.open.join(", ")} ${refusal.open.length === 1 ? "is" : "are"} neither done nor canceled`,
        hint: "Finish or cancel them first.",
      };
    case "WorkPackageNotFound":
      return { code: "NOT_FOUND", message: `there is no work package ${ref}` };
    case "WorkPackageExists":
      return { code: "ALREADY_EXISTS", message: `there is already a work package ${ref}` };
    case "SubtaskNotFound":
      return { code: "NOT_FOUND", message: `${ref} has no subtask ${refusal.subtaskId}` };
    case "UnknownDependency":
      return {
        code: "NOT_FOUND",
        message: `${ref} depends on ${refusal.dependency}, which is not in the mission`,
      };
    case "DependencyCycle":
      return { code: "GUARD_FAILED", message: `${ref} would wait for itself: ${refusal.cycle.join(" > ")}` };
    case "MoveNotAllowed":
      return {
        code: "TRANSITION_REJECTED",
        message: `${ref}: ${refusal.from} cannot become ${refusal.to}`,
        hint:
          refusal.allowed.length === 0
            ? `${lanes[refusal.from].label} is final.`
            : `Allowed: ${refusal.allowed.join(", ")}.`,
      };
    case "WrongCommand":
      return {
        code: "TRANSITION_REJECTED",
        message: `${ref}: a move does not lead from ${refusal.from} to ${refusal.to}`,
        hint:
          refusal.use === "claim"
            ? "Claim the package instead."
            : "Start a review and submit a verdict instead.",
      };
    case "GuardFailed":
      return {
        code: "GUARD_FAILED",
        message: `${ref}: ${refusal.from} cannot become ${refusal.to} yet: ${guardWords[refusal.guard]}${refusal.missing.length === 0 ? "" : ` (${refusal.missing.join(", ")})`}`,
      };
    case "ClaimHeld":
      return {
        code: "CLAIM_HELD",
        message: `${ref} is held by ${refusal.holder} until ${refusal.expiresAt}`,
        hint: "Take another ready package; after the lease is over, recover this one.",
      };
    case "NotClaimable":
      return {
        code: "TRANSITION_REJECTED",
        message: `${ref} is ${refusal.lane} and cannot be claimed to ${refusal.kind}`,
      };
    case "NotHeld":
      return { code: "CLAIM_LOST", message: `${ref} is held by nobody`, hint: "Claim it first." };
    case "NotHolder":
      return {
        code: "CLAIM_HELD",
        message: `${ref} is held by ${refusal.holder} until ${refusal.expiresAt}`,
      };
    case "StaleFence":
      return {
        code: "CLAIM_LOST",
        message: `${ref}: the claim with fence ${refusal.fence} is over${refusal.holder === null ? "" : `; ${refusal.holder} holds fence ${refusal.newest}`}`,
        hint: "Stop this work; claim the package again if it is free.",
      };
    case "ClaimAlive":
      return {
        code: "CLAIM_ALIVE",
        message: `${ref} is held by ${refusal.holder}, whose lease runs until ${refusal.expiresAt}`,
        hint: "Wait for the lease to end, or ask the holder to release it.",
      };
    case "ObservationUnfit":
      return {
        code: "CLAIM_ALIVE",
        message: `${ref} is held by ${refusal.holder} until ${refusal.expiresAt}, and ${signalWords[refusal.signal]}`,
        hint: "Look again at the place that the claim names now, or wait for the lease to end.",
      };
    case "NothingToOverride":
      return {
        code: "GUARD_FAILED",
        message: `${ref} is ${refusal.lane}, and no such rejection of it stands`,
        hint: "Look at the mission's review again: it names what an override has to be about.",
      };
    case "ReviewContradicted":
      return {
        code: "REVIEW_CONTRADICTED",
        message: `${ref} is ${refusal.lane}, and ${contradictionWords[refusal.kind]}`,
        hint: "Have it reviewed again, or override the rejection with a reason.",
      };
    case "NothingToShip":
      return { code: "GUARD_FAILED", message: `${refusal.mission} has nothing that is done` };
    case "CommitNotShipped":
      return {
        code: "GUARD_FAILED",
        message: `${ref}: its commit ${refusal.ref} is not on ${refusal.targetBranch}`,
        hint: `Merge it into ${refusal.targetBranch}, and ship again.`,
      };
    case "SelfReview":
      return {
        code: "SELF_REVIEW",
        message: `${ref} was implemented by the actor who wants to review it`,
        hint: "Let somebody else review; an override is a force with a reason.",
      };
    case "EventNotFound":
      return {
        code: "NOT_FOUND",
        message: `${ref} has no event ${refusal.event}`,
        hint: "Events and their ids are in the log.",
      };
    case "CannotUndo":
      return {
        code: "CANNOT_UNDO",
        message: `${ref}: event ${refusal.eventId} cannot be undone: ${refusal.invariant}${
          refusal.inTheWay === null
            ? ""
            : `; since then: ${refusal.inTheWay.type} at revision ${refusal.inTheWay.revision} (${refusal.inTheWay.eventId})`
        }`,
        hint: refusal.next,
      };
    case "NotInReview":
      return {
        code: "TRANSITION_REJECTED",
        message: `${ref} is ${refusal.lane}, not in review`,
        hint: "Start the review first.",
      };
    case "SubjectChanged":
      return {
        code: "GUARD_FAILED",
        message: `${ref}: what was reviewed (${refusal.reviewed.slice(0, 12)}) is not what is under review (${refusal.subject.slice(0, 12)})`,
        hint: "Read the review subject again.",
      };
  }
};

/** mission-ledger: durable state for agent workflows. `openLedger` is where to begin. */
export {
  type CancelSignal,
  type Clock,
  type EventStore,
  LedgerError,
  type Randomness,
  StoreFault,
  type Warning,
} from "@mission-ledger/core";
export {
  type ClaimKind,
  Conflicted,
  type Evidence,
  type Lane,
  type Ledger,
  lanes,
  type MissionEvent,
  type MissionReceipt,
  type MissionRefusal,
  type MissionRequest,
  type OwnershipVerdict,
  type RefusalCode,
  Refused,
  type RequestOptions,
  type Subtask,
  shownLanes,
  type Verdict,
} from "@mission-ledger/core/mission";
export type { BuiltBranch, BuiltCommit } from "./focus/build.ts";
export type { FocusReport } from "./focus/focus.ts";
export type { PathConflict } from "./focus/paths.ts";
export type { BorderCrossing, FocusPlan } from "./focus/plan.ts";
export type { GuardAnswer } from "./guard/guard.ts";
export type { HeldClaim } from "./library/claim.ts";
export type { GuardOptions } from "./library/guard.ts";
export type {
  MissionDetails,
  MissionSettings,
  OpenedMission,
  UndoOptions,
  WorkPackageDetails,
} from "./library/mission.ts";
export { type MissionLedger, type OpenLedgerOptions, openLedger } from "./library/open-ledger.ts";
export type { FocusOptions, PreflightOptions } from "./library/preflight.ts";
export type { CheckPromptOptions, IssuedReviewPrompt, IssuePromptOptions } from "./library/prompts.ts";
export {
  type CheckReviewsOptions,
  type OverrideOptions,
  ShipBlocked,
  type ShipOptions,
} from "./library/signoff.ts";
export type { ClaimOptions, MoveOptions, OpenedWorkPackage, ReviewOptions } from "./library/work-package.ts";
export type { Circumstance } from "./preflight/circumstances.ts";
export type { PreflightReport } from "./preflight/preflight.ts";
export type { Step } from "./preflight/remediation.ts";
export type { TargetState } from "./preflight/target-state.ts";
export type { CheckedPrompt } from "./prompts/check-prompt.ts";
export type { PromptHead, PromptPlace } from "./prompts/prompt-document.ts";
export type { CommitOnTarget } from "./signoff/commits-on-target.ts";
export type { SignoffContradiction, SignoffPackage, SignoffReport } from "./signoff/report.ts";
export type { ShipBlocker } from "./signoff/ship-blockers.ts";
export type { ShipCheck } from "./signoff/ship-check.ts";
export type { UnnamedWork } from "./signoff/unnamed-work.ts";

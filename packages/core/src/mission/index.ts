/** The mission domain: missions, work packages, claims, reviews, and what people see of them. */
export { openWorkPackages } from "./archiving.ts";
export type {
  ClaimObservation,
  DoneCommand,
  ImportedEvent,
  MissionCommand,
  MissionCommandOf,
  MissionCommandType,
  MissionRequest,
  MissionSettings,
  UndoRequest,
} from "./commands.ts";
export {
  type ApprovalBasis,
  type Contradiction,
  contradictions,
  contradictionsOf,
  isSameRejection,
  type PackageConsistency,
  reviewConsistency,
} from "./consistency.ts";
export { mission } from "./decider.ts";
export type { MissionDecision } from "./decision.ts";
export {
  Conflicted,
  contradictionWords,
  type RefusalCode,
  type RefusalWords,
  Refused,
  wordsOf,
} from "./errors.ts";
export {
  type ArtifactVerdict,
  type ClaimKind,
  type Evidence,
  type HoldingProgram,
  type MissionEvent,
  type MissionEventType,
  missionCodec,
  type PlaceName,
  type PlannedWorkPackage,
  type RecoverySignal,
  type Rejection,
  type SourceFile,
  type Subtask,
  type Verdict,
  type Workplace,
} from "./events.ts";
export { globProblem, matchesGlob } from "./globs.ts";
export { reviewSubject } from "./guards.ts";
export { keyPattern, limits } from "./input.ts";
export {
  type BoardColumn,
  type Category,
  type Exit,
  exitsVia,
  findExit,
  type Guard,
  isLane,
  type Lane,
  type LaneFacts,
  laneAfterRelease,
  laneNames,
  lanes,
  shownLanes,
  type Via,
} from "./lanes.ts";
export {
  type ExplainOptions,
  type Ledger,
  type LedgerOptions,
  ledgerOver,
  type MissionHandle,
  type MissionNotDone,
  type MissionReceipt,
  type RequestOptions,
  type Seen,
  type ViewOptions,
} from "./ledger.ts";
export {
  judgeChanges,
  judgeOwnership,
  type OwnershipQuestion,
  type OwnershipVerdict,
} from "./ownership.ts";
export {
  type ActivePackage,
  type ContextProblem,
  type ContextQuestion,
  findActivePackage,
  type InactivePackage,
  type OwnershipContext,
  type WorkplaceAsked,
} from "./ownership-context.ts";
export type { InactiveReason } from "./ownership-next.ts";
export type { ChangedFile, OwnershipViolation } from "./ownership-paths.ts";
export {
  type IssuedPrompt,
  type PromptDifference,
  type PromptDifferenceReason,
  type PromptEvidence,
  type PromptGround,
  type PromptIdentity,
  promptDifferences,
} from "./prompts-check.ts";
export { isPromptSpent, type KeptPrompt, promptsKeptMs } from "./prompts-retention.ts";
export type { ContradictionKind, MissionRefusal, RefusalTag, UndoObstacle } from "./refusals.ts";
export { isObservedAnew, type ObservedReview, withObserved } from "./review-files.ts";
export { commitsToShip, type ShippedCommit } from "./shipping.ts";
export {
  type ArchivedIn,
  activeInExecutionLane,
  type Claim,
  findWorkPackage,
  type ImplementedIn,
  isMet,
  type LastVerdict,
  type Mission,
  type OpenMission,
  type ReviewArtifact,
  type ShippedTo,
  type SubtaskState,
  unmetDependencies,
  type VerdictOverride,
  type WorkPackage,
} from "./state.ts";
export { missionCategory, missionStream, slugOfStream, slugPattern } from "./stream.ts";
export type { UndoInstead } from "./undo-instead.ts";
export { isEverUndone } from "./undo-kinds.ts";
export {
  type AttentionItem,
  type AttentionKind,
  attentionItems,
  type SeenOfClaims,
} from "./views/attention.ts";
export { type Board, board, type Card, emptyBoard, shownCards } from "./views/board.ts";
export { type Claims, claims, keptRecoveries, type LiveClaim, type Recovery } from "./views/claims.ts";
export { type LanesOfMission, lanesOfMission } from "./views/lanes.ts";
export { type PromptOnRecord, type Prompts, prompts } from "./views/prompts.ts";
export { type ReadyItem, ready, readyItems, type WaitingReason } from "./views/ready.ts";
export { type PackageReviews, type ReviewCycle, type Reviews, reviews } from "./views/reviews.ts";
export {
  type MissionDifference,
  missionDifferences,
  type ShownMission,
  type ShownWorkPackage,
  shownMission,
  shownWorkPackage,
} from "./views/shown.ts";
export { type TimelineEntry, timelineEntry } from "./views/timeline.ts";

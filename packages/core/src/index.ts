/** The kernel: what every aggregate, store and tool of mission-ledger is built on. */
export { type Codec, type Decoded, type EventShape, eventCodec, type Upcaster } from "./kernel/codec.ts";
export type { CommandHandler, CommandOptions, HandlerOptions } from "./kernel/command-handler.ts";
export {
  checkCommit,
  longestActor,
  longestId,
  tooMuchForOneCommit,
} from "./kernel/commit-bounds.ts";
export {
  type CopiedStream,
  type CopyOptions,
  type CopyPhase,
  type CopyProgress,
  type CopyReport,
  copyLedger,
  diverged,
} from "./kernel/copy-ledger.ts";
export {
  accept,
  type Decider,
  type DomainCommand,
  type DomainEvent,
  type DomainRefusal,
  type Evolution,
  fold,
  refuse,
} from "./kernel/decider.ts";
export {
  type Diagnostic,
  type DiagnosticCollector,
  diagnosticCollector,
  diagnosticOf,
} from "./kernel/diagnostics.ts";
export {
  applyDifferences,
  type Difference,
  differencesBetween,
  formatPath,
  parsePath,
  type ValuePath,
  valueAt,
} from "./kernel/differences.ts";
export { digestOf, eventIdOf, eventNamespace, nameBasedUuid, sha256Hex } from "./kernel/digest.ts";
export {
  type ChainBreak,
  type Commit,
  type CommitContext,
  checkLink,
  digestOfEvent,
  type EncodedEvent,
  type EventEnvelope,
  emptyHead,
  headOfCommit,
  maxEventsPerCommit,
  type RecordedEvent,
  type StreamHead,
  sealCommit,
} from "./kernel/event.ts";
export { eventLoopTurns, readingInTurns } from "./kernel/event-loop-turns.ts";
export type {
  Appended,
  AppendRequest,
  Conflict,
  EventBatch,
  EventStore,
  ExpectedRevision,
  ReadAllOptions,
  ReadOptions,
  Scanned,
  ScanOptions,
  ScanSink,
  StoreSupport,
  WantedFields,
  Warning,
} from "./kernel/event-store.ts";
export {
  type FaultCode,
  type FaultOptions,
  isStoreFault,
  LedgerError,
  type Outcome,
  StoreFault,
} from "./kernel/faults.ts";
export {
  type DecodedSteps,
  deciderFold,
  emptyFold,
  type Folded,
  type FoldSpec,
  foldOnto,
  headAfter,
  type LoadOptions,
  loadFold,
  type Steps,
  saveFold,
} from "./kernel/fold.ts";
export { type FoldManyOptions, foldMany } from "./kernel/fold-many.ts";
export { commandHandler } from "./kernel/handle.ts";
export {
  changesOf,
  type HistoryOptions,
  type ValueChange,
  type ValueOf,
  whichEventMade,
} from "./kernel/history.ts";
export {
  canonicalJson,
  isDangerousKey,
  type Json,
  type JsonObject,
  maxJsonDepth,
  NotCanonical,
} from "./kernel/json.ts";
export {
  holdsDangerousKey,
  holdsLoneSurrogate,
  mayHoldDangerousKey,
  mayHoldLoneSurrogate,
  nestsTooDeep,
} from "./kernel/json-text.ts";
export { type Unkept, unkeptIn } from "./kernel/kept-in-json.ts";
export { type Limit, LimitReached, limitOf } from "./kernel/limit.ts";
export { openMemoryStore } from "./kernel/memory-store.ts";
export { type FoundMoment, findMoment, isAfter, type Moment } from "./kernel/moment.ts";
export { type PendingAppend, pendingAppend, whileWanted } from "./kernel/pending-append.ts";
export {
  type CancelSignal,
  type Clock,
  type Failpoint,
  noFailpoint,
  type Randomness,
  systemClock,
  systemRandomness,
  systemTimers,
  type Timers,
  timestamp,
} from "./kernel/ports.ts";
export {
  type OnProgress,
  type Progress,
  type ProgressMeter,
  type ProgressMeterOptions,
  progressMeter,
  type Reached,
} from "./kernel/progress.ts";
export { type EventMeta, type Needs, type Projection, projectionFold } from "./kernel/projection.ts";
export { projectionFailed } from "./kernel/projection-failed.ts";
export {
  type PassOptions,
  type Projector,
  type ProjectorOptions,
  projector,
  type RebuildOptions,
} from "./kernel/projector.ts";
export type { ExplainedDifference, MakingEvent, Verified } from "./kernel/projector-verify.ts";
export type { NotDone, Receipt } from "./kernel/receipt.ts";
export {
  type DemotedBranch,
  encodeReconciliation,
  reconciledType,
  reconciliationOf,
  type StreamReconciled,
} from "./kernel/reconciliation.ts";
export { refuseFold } from "./kernel/refuse-unkept.ts";
export type { ReplicaMemory } from "./kernel/replica-memory.ts";
export { type ReplicateOptions, replicate } from "./kernel/replicate.ts";
export type { ReplicatedStream, ReplicationReport } from "./kernel/replication-run.ts";
export { scanByReading } from "./kernel/scan-by-reading.ts";
export {
  memorySnapshots,
  noSnapshots,
  type Snapshot,
  type SnapshotEntry,
  type SnapshotKey,
  type SnapshotSet,
  type SnapshotSetOptions,
  type SnapshotStore,
} from "./kernel/snapshots.ts";
export { storeTransfer } from "./kernel/store-transfer.ts";
export { isDecidedAgainst, strayWarning } from "./kernel/stray-heads.ts";
export { type StreamTurns, streamTurns } from "./kernel/stream-turns.ts";
export { type SubscriptionBell, subscriptionBell } from "./kernel/subscription-bell.ts";
export {
  type Kept,
  nothingStands,
  streamOfEntry,
  type TransferAside,
  type TransferBatch,
  type TransferCommit,
  type TransferEntry,
  type TransferExtent,
  type TransferSource,
  type TransferStanding,
  type TransferTarget,
} from "./kernel/transfer.ts";
export { type StreamSum, type SumOptions, sumStream, totalSum } from "./kernel/transfer-sums.ts";
export { type LastSeen, memoryViews, type Projected, type ViewStore } from "./kernel/view-store.ts";
export { joinWanted, onlyWanted } from "./kernel/wanted.ts";

/** The file store: see `openFileStore` for what it promises. */

export { findingCodes } from "./append/refusals.ts";
export type { ArchiveHeader } from "./archive/archive-header.ts";
export { type ArchiveOptions, archiveSource, readArchiveHeader } from "./archive/read-archive.ts";
export { type WriteArchiveOptions, type WrittenArchive, writeArchive } from "./archive/write-archive.ts";
export { type Arranged, arrange, type Branch, type LocalChain } from "./branches/arrange.ts";
export { type Clash, type ClashKind, digestOfRecord } from "./branches/identity.ts";
export { type MergedCopies, type MergeInput, mergeCopies, type RefusedMerge } from "./branches/merge.ts";
export { type MergedFiles, type MergeFilesOptions, mergeCopyFiles } from "./branches/merge-files.ts";
export {
  type CopyContents,
  type CopyProblem,
  type CopyRecord,
  largestCopyBytes,
  readCopy,
} from "./branches/read-copy.ts";
export { type CheckStagedOptions, checkStagedCopies, type StagedCopy } from "./copy/check-staged.ts";
export {
  type CopiesOptions,
  changedCopies,
  type PublishCopiesOptions,
  type PublishedCopy,
  publishCopies,
} from "./copy/publish-copies.ts";
export { faultOf } from "./faults.ts";
export { type FileStoreOptions, openFileStore } from "./file-store.ts";
export type { FilePort, FileStatus } from "./files/file-port.ts";
export {
  type LoadLockBinding,
  type LockBinding,
  lockBindingFrom,
  prebuiltLock,
} from "./files/lock-binding.ts";
export { type NodeFilesOptions, nodeFiles, nodeFilesWith } from "./files/node-files.ts";
export {
  createNew,
  flushDirectory,
  makeDirectories,
  type OpenedFile,
  openRegular,
  readFully,
  readOnly,
} from "./files/safe-files.ts";
export { writeFully } from "./files/write-file.ts";
export { type GlanceOptions, glanceAtLog, type LogGlance } from "./glance.ts";
export { type InspectOptions, inspectStream, type StreamReport } from "./inspect.ts";
export { findLeftovers, type Leftovers, type LeftoversOptions, type RewriteFile } from "./leftovers.ts";
export { askGit, type GitProgram } from "./location/git.ts";
export { type GitDirectories, type LocateOptions, locateGitDirectories } from "./location/git-directories.ts";
export {
  applyGitSetup,
  type GitSetup,
  type GitSetupOptions,
  hasMergeDriver,
  planGitSetup,
  type SetupStep,
  undoGitSetup,
} from "./location/git-setup.ts";
export { type LedgerLocation, locateLedger } from "./location/locate-ledger.ts";
export type { LockHolder } from "./lock/holder.ts";
export type { LockKind } from "./lock/ledger-lock.ts";
export type { LockChoice } from "./lock/lock-kind.ts";
export {
  isProcessThere,
  type Liveness,
  type ProcessFacts,
  type ProcessIdentity,
  systemFacts,
} from "./lock/process-facts.ts";
export {
  type FreeLockOptions,
  freeLock,
  inspectLock,
  type LockOptions,
  type LockReport,
  type LockState,
  type SwitchLocksOptions,
  switchLocks,
} from "./lock/unlock.ts";
export type { Finding, FindingKind } from "./log/fold.ts";
export { decodeStreamName, encodeStreamName } from "./names.ts";
export { type Fork, type ForkSide, type ForksOptions, forksOf, mayBeForked } from "./reconcile/forks.ts";
export { type PlannedReconciliation, planReconciliation } from "./reconcile/plan-reconciliation.ts";
export { type Reconciled, type ReconcileOptions, reconcileStream } from "./reconcile/reconcile-stream.ts";
export { type RepairOptions, repairStream } from "./repair/repair-stream.ts";
export type {
  LostRecord,
  MissingEvents,
  RepairedState,
  RepairRefusal,
  RepairReport,
  Restoration,
  RestoredRecord,
  SetAside,
} from "./repair/report.ts";
export { type FileSnapshotsOptions, fileSnapshots } from "./snapshots.ts";
export { type FileTransferOptions, fileTransfer } from "./transfer/file-transfer.ts";
export { type FileViewsOptions, fileViews } from "./views/file-views.ts";

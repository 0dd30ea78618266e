/** Spec Kitty mission folders into a mission-ledger and back, byte for byte. */
export { exportStatusLog } from "./export/export.ts";
export { type ExecutionLanes, readExecutionLanes } from "./files/execution-lanes.ts";
export { type Frontmatter, frontmatterLimits, readFrontmatter, type YamlValue } from "./files/frontmatter.ts";
export { emptyMeta, type Meta, readMeta } from "./files/meta.ts";
export {
  type NewestReview,
  type NewestReviews,
  newestReviews,
  observedReviews,
  type ReviewFolder,
} from "./files/newest-reviews.ts";
export {
  type FileOverride,
  type FoundReviewFile,
  isReviewFileName,
  type ReviewFile,
  readReviewFile,
} from "./files/review-file.ts";
export { snapshotText, stateObject } from "./files/snapshot.ts";
export { type NamedFile, readWorkPackageFile, type WorkPackageFile } from "./files/work-package-file.ts";
export { findings, type MissionIdentity } from "./findings/findings.ts";
export { countFindings, type Finding, type FindingKind, findingKinds } from "./findings/kinds.ts";
export {
  derivedMissionId,
  type ImportPlan,
  logFileName,
  type MissionFolder,
  type PlannedCommand,
  planImport,
  sourceName,
} from "./import/plan.ts";
export type { ImportedWorkPackage, ImportReport } from "./import/report.ts";
export { fileOfReference } from "./import/reviews.ts";
export {
  ImportMismatch,
  type ImportOutcome,
  importActor,
  type Mismatch,
  type RunImportOptions,
  runImport,
} from "./import/run.ts";
export { maxNesting } from "./json/parse.ts";
export type { PyObject, PyValue } from "./json/value.ts";
export type { Annotation, RuntimeChange } from "./log/annotation.ts";
export { edgeCount, edgeGuard, type RowGuard, specKittyLanes } from "./log/lanes.ts";
export {
  type DuplicateTransition,
  type ReducedTransition,
  type Reduction,
  reduceStatusLog,
  verdictOf,
} from "./log/reduce.ts";
export type { Retrospective } from "./log/retrospective.ts";
export {
  type AnnotationRow,
  parseStatusLog,
  type Row,
  type RowKind,
  type StatusLog,
  type TransitionRow,
} from "./log/rows.ts";
export type { ReviewResult, Transition } from "./log/transition.ts";
export type { ReducedWorkPackage } from "./log/work-package.ts";

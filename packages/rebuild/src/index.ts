/** Rebuilds of projections: beside the live views, with progress and resume, compared and proven equal. */

export type { Ground, Scope } from "./ground.ts";
export type { ViewsOptions } from "./options.ts";
export type {
  MakingEvent,
  StrayView,
  StreamOutcome,
  StreamProblem,
  ViewDifference,
  ViewName,
} from "./outcome.ts";
export type { Phase, RebuildProgress, ViewProgress } from "./progress.ts";
export { type RebuildOptions, type RebuildReport, rebuildViews } from "./rebuild-views.ts";
export type { RunReport } from "./run.ts";
export { type OpenedGround, serveRebuild } from "./serve-rebuild.ts";
export type { WorkersOptions } from "./threads.ts";
export { verifyStream, verifyViews } from "./verify-views.ts";

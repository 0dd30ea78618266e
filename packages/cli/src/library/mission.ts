/** A mission in a program's hands. */
import { eventNamespace, nameBasedUuid } from "@mission-ledger/core";
import type {
  MissionReceipt,
  PlannedWorkPackage,
  RequestOptions,
  Subtask,
  UndoRequest,
} from "@mission-ledger/core/mission";
import type { FocusReport } from "../focus/focus.ts";
import type { PreflightReport } from "../preflight/preflight.ts";
import type { SignoffReport } from "../signoff/report.ts";
import type { LibraryContext } from "./library-context.ts";
import { type FocusOptions, focusOf, type PreflightOptions, preflightOf } from "./preflight.ts";
import { type CheckReviewsOptions, checkReviews, type ShipOptions, shipMission } from "./signoff.ts";
import { type OpenedWorkPackage, openedWorkPackage } from "./work-package.ts";

export interface MissionDetails {
  readonly slug: string;
  readonly title: string;
  /** Lane at which a dependency counts as met. @defaultValue "approved" */
  readonly dependencyMetAt?: "approved" | "done";
  /** Local branch that it is merged into. @defaultValue none */
  readonly targetBranch?: string;
}

/** What is left out stays as it is. */
export interface MissionSettings extends Partial<Pick<MissionDetails, "title" | "dependencyMetAt">> {
  /** `null` takes it away. */
  readonly targetBranch?: string | null;
}

export interface WorkPackageDetails {
  readonly id: string;
  readonly title: string;
  readonly owns?: readonly string[];
  readonly dependsOn?: readonly string[];
  readonly subtasks?: readonly (Subtask | string)[];
  readonly executionLane?: string;
}

export interface UndoOptions extends RequestOptions {
  readonly reason: string;
}

export interface OpenedMission {
  readonly slug: string;
  /** Changes what the mission is set to. */
  set(settings: MissionSettings, options?: RequestOptions): Promise<MissionReceipt>;
  /** Throws `ALREADY_EXISTS`. */
  addWorkPackage(details: WorkPackageDetails, options?: RequestOptions): Promise<OpenedWorkPackage>;
  /** All of them or none; they may depend on each other. */
  addWorkPackages(details: readonly WorkPackageDetails[], options?: RequestOptions): Promise<MissionReceipt>;
  /** Takes back what the same actor did. Throws `CANNOT_UNDO` with the event that stands in the way. */
  undo(event: UndoRequest["event"], options: UndoOptions): Promise<MissionReceipt>;
  /** Whether it may be merged and shipped from here; what does not hold is in the report. Throws `GitFault`, and `INPUT_REQUIRED` without a target. */
  preflight(options?: PreflightOptions): Promise<PreflightReport>;
  /**
   * A branch from the upstream with exactly what the mission owns; `outcome` says what was or would be done. Throws
   * `TARGET_NOT_IN_SYNC` where no upstream is known, `FOCUS_UNVERIFIED`, and `GitFault`.
   */
  focus(options?: FocusOptions): Promise<FocusReport>;
  /** Whether what is approved or done agrees with its newest review. */
  checkReviews(options?: CheckReviewsOptions): Promise<SignoffReport>;
  /** Puts on record that the mission is on its target branch. Throws {@link ShipBlocked} with all that blocks, and what git may. */
  ship(options?: ShipOptions): Promise<MissionReceipt>;
  /** Asks nothing yet: calls on a work package that is not there throw `NOT_FOUND`. */
  workPackage(id: string): OpenedWorkPackage;
}

export const createMission = async (
  context: LibraryContext,
  { slug, title, dependencyMetAt = "approved", targetBranch }: MissionDetails,
  options: RequestOptions = {},
): Promise<OpenedMission> => {
  // The mission's id comes from the command's, so that a retry under the same command id asks for the same mission.
  const commandId = options.commandId ?? context.randomness.uuid();
  const missionId = nameBasedUuid(eventNamespace, `${commandId}/mission`);
  await context.engine.mission(slug).execute(
    {
      type: "CreateMission",
      slug,
      title,
      missionId,
      dependencyMetAt,
      ...(targetBranch === undefined ? {} : { targetBranch }),
    },
    { ...options, commandId },
  );
  return openedMission(context, slug);
};

export const openedMission = (context: LibraryContext, slug: string): OpenedMission => {
  const handle = context.engine.mission(slug);
  const add = (
    details: readonly WorkPackageDetails[],
    options: RequestOptions = {},
  ): Promise<MissionReceipt> =>
    handle.execute({ type: "AddWorkPackages", workPackages: details.map(planned) }, options);
  const workPackage = (id: string): OpenedWorkPackage => openedWorkPackage(context, handle, id);
  return {
    slug,
    set: (settings, options) => handle.execute({ type: "ChangeMissionSettings", ...settings }, options),
    addWorkPackage: async (details, options) => {
      await add([details], options);
      return workPackage(details.id);
    },
    addWorkPackages: add,
    undo: (event, { reason, ...options }) => handle.execute({ type: "Undo", event, reason }, options),
    preflight: (options) => preflightOf(context, handle, options),
    focus: (options) => focusOf(context, handle, options),
    checkReviews: (options) => checkReviews(context, handle, options),
    ship: (options) => shipMission(context, handle, options),
    workPackage,
  };
};

const planned = ({
  id,
  title,
  owns = [],
  dependsOn = [],
  subtasks = [],
  executionLane,
}: WorkPackageDetails): PlannedWorkPackage => ({
  workPackageId: id,
  title,
  owns,
  dependsOn,
  subtasks: subtasks.map((subtask) =>
    typeof subtask === "string" ? { id: subtask, title: subtask } : subtask,
  ),
  executionLane: executionLane ?? null,
});

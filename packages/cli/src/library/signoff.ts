/** Sign-off in a program's hands: whether reviews agree, and shipping. The same checks as on the command line. */

import path from "node:path";
import { type CancelSignal, LedgerError } from "@mission-ledger/core";
import type {
  MissionHandle,
  MissionReceipt,
  OpenMission,
  RequestOptions,
} from "@mission-ledger/core/mission";
import { ownNames } from "../command/names.ts";
import { openMission } from "../command/refs.ts";
import type { Environment } from "../command/spec.ts";
import { overrideRequest } from "../signoff/override-request.ts";
import { type SignoffReport, signoffReport } from "../signoff/report.ts";
import { type ReviewFilesNow, reviewFilesNow } from "../signoff/review-files.ts";
import type { ShipBlocker } from "../signoff/ship-blockers.ts";
import type { ShipCheck } from "../signoff/ship-check.ts";
import type { LibraryContext } from "./library-context.ts";

export interface ReviewFilesOptions {
  /** A mission's folder whose review files are read as they are now. @defaultValue review files as they are on record */
  readonly artifacts?: string;
}

export interface CheckReviewsOptions extends ReviewFilesOptions {
  readonly signal?: CancelSignal;
}

export interface OverrideOptions extends RequestOptions, ReviewFilesOptions {
  readonly reason: string;
  /** Needed where its verdict and its review file both reject a package. */
  readonly of?: "verdict" | "file";
}

export interface ShipOptions extends RequestOptions, ReviewFilesOptions {
  /** Any folder of the git repository. @defaultValue the ledger's `cwd` */
  readonly cwd?: string;
  /** From which what git needs is taken: `PATH`, `HOME`, git's own. @defaultValue empty */
  readonly env?: Environment;
  /** A local branch. @defaultValue the mission's own target */
  readonly target?: string;
  /** Asks the remote first. @defaultValue false: as of the last fetch */
  readonly fetch?: boolean;
}

/** Thrown by `ship`: all that blocks is in `check`, and nothing was written. Its code is that of the first blocker. */
export class ShipBlocked extends LedgerError {
  override readonly name = "ShipBlocked";
  readonly code: ShipBlocker["code"];
  readonly check: ShipCheck;

  constructor(check: ShipCheck, { code, message, command, workPackageId, invariant }: ShipBlocker) {
    super(message, {
      outcome: "not_written",
      retryable: false,
      ...(command === null ? {} : { hint: command }),
      details: { mission: check.mission, workPackageId, invariant, blockers: check.blockers },
    });
    this.code = code;
    this.check = check;
  }
}

const { say } = ownNames("mled");

const filesIn = (
  { cwd }: LibraryContext,
  mission: OpenMission,
  artifacts: string | undefined,
): Promise<ReviewFilesNow> | undefined =>
  artifacts === undefined ? undefined : reviewFilesNow(mission, artifacts, cwd);

export const checkReviews = async (
  context: LibraryContext,
  handle: MissionHandle,
  { artifacts, signal }: CheckReviewsOptions = {},
): Promise<SignoffReport> => {
  const mission = await openMission(context.engine, handle.slug, signal);
  const files = await filesIn(context, mission, artifacts);
  return signoffReport({ mission, observed: files?.observed ?? [], artifacts, say });
};

export const overrideVerdict = async (
  context: LibraryContext,
  handle: MissionHandle,
  workPackageId: string,
  { reason, of, artifacts, ...options }: OverrideOptions,
): Promise<MissionReceipt> => {
  const mission = await openMission(context.engine, handle.slug, options.signal);
  const files = await filesIn(context, mission, artifacts);
  const { request } = overrideRequest({ mission, workPackageId, reason, of, files, artifacts, say });
  return handle.execute(request, options);
};

export const shipMission = async (
  context: LibraryContext,
  handle: MissionHandle,
  { cwd = "", env = {}, target, fetch = false, artifacts, ...options }: ShipOptions = {},
): Promise<MissionReceipt> => {
  const { signal } = options;
  const mission = await openMission(context.engine, handle.slug, signal);
  const files = await filesIn(context, mission, artifacts);
  const { shipCheck } = await import("../signoff/ship-check.ts");
  const { check, request } = await shipCheck({
    place: { cwd: path.resolve(context.cwd, cwd), env, ...(signal === undefined ? {} : { signal }) },
    mission,
    target,
    fetch,
    observed: files?.observed ?? [],
    artifacts,
    now: context.engine.clock.now(),
    say,
  });
  if (request !== undefined) return handle.execute(request, options);
  throw new ShipBlocked(check, check.blockers[0] as ShipBlocker);
};

/** The preflight and the focused branch in a program's hands. The same answers as on the command line. */
import path from "node:path";
import type { CancelSignal } from "@mission-ledger/core";
import type { MissionHandle } from "@mission-ledger/core/mission";
import type { GitPlace } from "@mission-ledger/git";
import { ownNames } from "../command/names.ts";
import { openMission } from "../command/refs.ts";
import type { Environment } from "../command/spec.ts";
import type { FocusReport } from "../focus/focus.ts";
import type { CountedPackages } from "../preflight/owned-paths.ts";
import type { PreflightReport } from "../preflight/preflight.ts";
import type { LibraryContext } from "./library-context.ts";

interface InRepository {
  /** Any folder of the git repository. @defaultValue the ledger's `cwd` */
  readonly cwd?: string;
  /** From which what git needs is taken: `PATH`, `HOME`, git's own. @defaultValue empty */
  readonly env?: Environment;
  /** A local branch. @defaultValue the mission's own target */
  readonly target?: string;
  readonly signal?: CancelSignal;
}

export interface PreflightOptions extends InRepository {
  /** Asks the remote first. @defaultValue false: as of the last fetch */
  readonly fetch?: boolean;
}

export interface FocusOptions extends InRepository {
  /** Where the changes come from: a branch, a tag or a commit. @defaultValue the local target */
  readonly from?: string;
  /** @defaultValue `focus/<mission>-to-<target>` */
  readonly branch?: string;
  /** Which packages own what is taken. @defaultValue "closed": those that are approved or done */
  readonly packages?: CountedPackages;
  /** Makes the branch. @defaultValue false: only says what it would be */
  readonly apply?: boolean;
}

const { say } = ownNames("mled");

const placeOf = (context: LibraryContext, { cwd = "", env = {}, signal }: InRepository): GitPlace => ({
  cwd: path.resolve(context.cwd, cwd),
  env,
  ...(signal === undefined ? {} : { signal }),
});

export const preflightOf = async (
  context: LibraryContext,
  handle: MissionHandle,
  options: PreflightOptions = {},
): Promise<PreflightReport> => {
  const { target, fetch = false, signal } = options;
  const mission = await openMission(context.engine, handle.slug, signal);
  const { preflight } = await import("../preflight/preflight.ts");
  const now = context.engine.clock.now();
  return preflight({ place: placeOf(context, options), mission, target, fetch, now, say });
};

export const focusOf = async (
  context: LibraryContext,
  handle: MissionHandle,
  options: FocusOptions = {},
): Promise<FocusReport> => {
  const { target, from, branch, packages, apply = false, signal } = options;
  const mission = await openMission(context.engine, handle.slug, signal);
  const { focusMission } = await import("../focus/focus.ts");
  const now = context.engine.clock.now();
  const place = placeOf(context, options);
  return focusMission({ place, mission, target, from, branch, counted: packages, apply, now, say });
};

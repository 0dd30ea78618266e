/**
 * Whether a mission may be merged and shipped from here. First of all: whether the local target branch is where its upstream
 * is, whatever is planned, a merge or a push; what is built on a target that is not there carries more than it says, or less.
 */
import { type Contradiction, contradictions, type OpenMission } from "@mission-ledger/core/mission";
import { type Divergence, type GitPlace, readDivergence, readRemotes } from "@mission-ledger/git";
import type { Names } from "../command/names.ts";
import { CliError } from "../output/problem.ts";
import { type Circumstance, circumstancesOf } from "./circumstances.ts";
import { ownedPaths } from "./owned-paths.ts";
import { preferredRemote, remediationOf, type Step } from "./remediation.ts";
import { type LocalChanges, readSurroundings } from "./surroundings.ts";
import { standingOf, type TargetStanding } from "./target-state.ts";

export interface PreflightRequest {
  readonly place: GitPlace;
  readonly mission: OpenMission;
  /** @defaultValue the mission's own */
  readonly target?: string | undefined;
  /** Asks the remote first. @defaultValue false: as of the last fetch */
  readonly fetch?: boolean;
  /** Milliseconds since 1970: what the age of the last fetch is measured by. */
  readonly now: number;
  readonly say: Names["say"];
}

export interface PreflightReport extends TargetStanding {
  readonly mission: string;
  /** Nothing blocks: in sync, and no review contradicts a lane without somebody who answers for it. */
  readonly ok: boolean;
  readonly inSync: boolean;
  /** What the target has and its upstream has not; `null` where it cannot be told. */
  readonly localChanges: LocalChanges | null;
  /** In the order in which they are run; empty where the target is in sync. */
  readonly remediation: readonly Step[];
  /** What else matters to a merge here. None of it blocks. */
  readonly circumstances: readonly Circumstance[];
  readonly reviews: {
    readonly ok: boolean;
    /** Those that somebody answers for are among them. */
    readonly contradictions: readonly Contradiction[];
  };
}

export const targetInvariant = "the local target branch stands where its upstream stands";

/** Writes nothing but what a fetch brings, if one was asked for. Throws `INPUT_REQUIRED` where no target is known, and `GitFault`. */
export const preflight = async ({
  place,
  mission,
  target: named,
  fetch = false,
  now,
  say,
}: PreflightRequest): Promise<PreflightReport> => {
  const target = named ?? targetOf(mission, say);
  const standing = standingOf(await divergenceOf(place, target, fetch), now);
  const surroundings = await readSurroundings(place, standing, ownedPaths(mission));
  const inSync = standing.state === "in_sync";
  const found = contradictions(mission);
  const reviews = { ok: found.every(({ override }) => override !== null), contradictions: found };
  const question = { mission: mission.slug, standing, surroundings, isNamed: named !== undefined, say };
  return {
    mission: mission.slug,
    ok: inSync && reviews.ok,
    inSync,
    ...standing,
    localChanges: surroundings.local,
    remediation: remediationOf(question),
    circumstances: circumstancesOf(standing, surroundings),
    reviews,
  };
};

/** The branch that a mission is merged into. Throws `INPUT_REQUIRED` where nobody named one. */
export const targetOf = ({ slug, targetBranch }: OpenMission, say: Names["say"]): string => {
  if (targetBranch !== undefined) return targetBranch;
  throw new CliError("INPUT_REQUIRED", `${slug} has no target branch`, {
    hint: `Name it: ${say("mission.set", `${slug} --target main`)}, or this once with --target.`,
    details: {
      mission: slug,
      workPackageId: null,
      invariant: "a mission is merged into a branch that is named",
    },
  });
};

/** A branch for which no upstream is configured is looked for on the remote too, if a fetch was asked for. */
const divergenceOf = async (place: GitPlace, branch: string, fetch: boolean): Promise<Divergence> => {
  const divergence = await readDivergence(place, { branch, fetch });
  if (!fetch || divergence.upstream !== undefined) return divergence;
  const remote = preferredRemote(await readRemotes(place));
  if (remote === undefined) return divergence;
  const asked = await readDivergence(place, { branch, upstream: { remote, branch }, fetch });
  return { ...divergence, fetch: asked.fetch };
};

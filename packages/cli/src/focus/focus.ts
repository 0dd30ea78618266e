/**
 * A branch from the upstream's commit with exactly what a mission owns of the local work: planned, built and proven first, and
 * made only then. The user's work tree, index and branches are not touched.
 */
import type { OpenMission } from "@mission-ledger/core/mission";
import { type GitPlace, readDivergence, resolveCommit } from "@mission-ledger/git";
import { type BranchPlace, createBranch, readBranchPlace } from "@mission-ledger/git/write";
import type { Names } from "../command/names.ts";
import { CliError } from "../output/problem.ts";
import { type CountedPackages, ownedPaths } from "../preflight/owned-paths.ts";
import { targetInvariant, targetOf } from "../preflight/preflight.ts";
import { standingOf } from "../preflight/target-state.ts";
import { standingWords } from "../preflight/words.ts";
import { type BuiltBranch, buildFocus } from "./build.ts";
import { type FocusPlan, planFocus } from "./plan.ts";

export interface FocusRequest {
  readonly place: GitPlace;
  readonly mission: OpenMission;
  /** @defaultValue the mission's own */
  readonly target?: string | undefined;
  /** Where the changes come from: a branch, a tag or a commit. @defaultValue the local target */
  readonly from?: string | undefined;
  /** @defaultValue `focus/<mission>-to-<target>` */
  readonly branch?: string | undefined;
  /** Which packages own what is taken. @defaultValue "closed" */
  readonly counted?: CountedPackages | undefined;
  /** Makes the branch. @defaultValue false: only says what it would be */
  readonly apply?: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly say: Names["say"];
}

export interface FocusReport {
  readonly plan: FocusPlan;
  readonly target: string;
  readonly upstream: string;
  readonly from: string;
  readonly branch: string;
  /** `null` where there is nothing to build: conflicts, or nothing that is owned. */
  readonly built: BuiltBranch | null;
  /** How the name stood before, and stands now if it was applied. */
  readonly place: BranchPlace;
  /** `there`: the branch holds exactly this already. */
  readonly outcome: "planned" | "created" | "there" | "conflict" | "nothing" | "taken";
}

/** Throws `TARGET_NOT_IN_SYNC` where no upstream is known, `INPUT_REQUIRED` without a target, `FOCUS_UNVERIFIED`, `GitFault`. */
export const focusMission = async ({
  place,
  mission,
  target: named,
  from,
  branch: wanted,
  counted = "closed",
  apply = false,
  now,
  say,
}: FocusRequest): Promise<FocusReport> => {
  const target = named ?? targetOf(mission, say);
  const branch = wanted ?? `focus/${mission.slug}-to-${target}`;
  const standing = standingOf(await readDivergence(place, { branch: target }), now);
  const { upstreamCommit: base, upstream } = standing;
  if (base === null || upstream === null)
    throw new CliError("TARGET_NOT_IN_SYNC", `${mission.slug}: ${standingWords(standing)}`, {
      hint: `next: ${say("preflight", mission.slug)}`,
      details: {
        mission: mission.slug,
        workPackageId: null,
        invariant: targetInvariant,
        target,
        state: standing.state,
      },
    });
  const source = (await resolveCommit(place, from ?? `refs/heads/${target}`)).commit;
  const owned = ownedPaths(mission, { counted });
  const plan = await planFocus(place, { mission, base, source, owned });
  const report = { plan, target, upstream, from: from ?? target, branch };
  const before = await readBranchPlace(place, branch);
  if (plan.conflicts.length > 0) return { ...report, built: null, place: before, outcome: "conflict" };
  if (plan.taken.length === 0) return { ...report, built: null, place: before, outcome: "nothing" };
  const built = await buildFocus(place, plan, { keep: apply && before._tag === "Free" });
  const outcomeOf = (stands: BranchPlace): FocusReport["outcome"] =>
    stands._tag === "Taken" && stands.commit === built.head ? "there" : "taken";
  if (before._tag !== "Free") return { ...report, built, place: before, outcome: outcomeOf(before) };
  if (!apply) return { ...report, built, place: before, outcome: "planned" };
  const reason = `mled focus ${mission.slug}: from ${source} on ${base}`;
  const { isNew, stands } = await createBranch(place, { branch, commit: built.head, reason });
  const outcome = outcomeOf(stands);
  return { ...report, built, place: stands, outcome: isNew && outcome === "there" ? "created" : outcome };
};

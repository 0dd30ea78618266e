/** Everything that has to hold before a mission is shipped, looked at in one go and before anything is written. */
import {
  commitsToShip,
  findWorkPackage,
  type MissionRequest,
  matchesGlob,
  type ObservedReview,
  type OpenMission,
  openWorkPackages,
} from "@mission-ledger/core/mission";
import { type GitPlace, isGitFault, readDistance, resolveCommit } from "@mission-ledger/git";
import type { CommandContext } from "../command/spec.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { type PreflightReport, preflight, targetInvariant } from "../preflight/preflight.ts";
import { targetHolds } from "../preflight/target-holds.ts";
import { standingWords } from "../preflight/words.ts";
import { type SignoffReport, signoffReport } from "./report.ts";
import { type UnnamedWork, unnamedWork } from "./unnamed-work.ts";

export interface ShipQuestion {
  readonly place: GitPlace;
  readonly mission: OpenMission;
  /** @defaultValue the mission's own */
  readonly target?: string | undefined;
  /** Asks the remote first. @defaultValue false: as of the last fetch */
  readonly fetch?: boolean;
  readonly observed?: readonly ObservedReview[];
  readonly artifacts?: string | undefined;
  readonly now: number;
  readonly say: CommandContext["say"];
}

export interface ShipBlocker {
  readonly kind: "target" | "open" | "nothing_done" | "review" | "commit";
  readonly code: "TARGET_NOT_IN_SYNC" | "REVIEW_CONTRADICTED" | "GUARD_FAILED";
  readonly workPackageId: string | null;
  readonly invariant: string;
  readonly message: string;
  /** The next step, as it is typed; `null` where people have to work first. */
  readonly command: string | null;
}

export interface CommitOnTarget {
  readonly workPackageId: string;
  /** As it was recorded. */
  readonly ref: string;
  /** `null` where the repository here has no such commit. */
  readonly commit: string | null;
  readonly onTarget: boolean;
  /** By the commit itself, or by the same content in all that its package owns; `null` where it is not there. */
  readonly by: "commit" | "content" | null;
}

export interface ShipCheck {
  readonly mission: string;
  readonly target: string;
  readonly commit: string | null;
  /** Nothing blocks. */
  readonly ok: boolean;
  /** In the order in which they are dealt with: the target first. */
  readonly blockers: readonly ShipBlocker[];
  readonly preflight: PreflightReport;
  readonly review: SignoffReport;
  readonly commits: readonly CommitOnTarget[];
  /** Packages that name no commit. */
  readonly unnamed: readonly UnnamedWork[];
}

/** Writes nothing but what a fetch brings. Throws `INPUT_REQUIRED` where no target is known, and `GitFault`. */
export const shipCheck = async (
  question: ShipQuestion,
): Promise<{ readonly check: ShipCheck; readonly request: MissionRequest | undefined }> => {
  const { place, mission, observed = [] } = question;
  const report = await preflight(question);
  const review = signoffReport(question);
  const { target, localCommit } = report;
  const commits = localCommit === null ? [] : await commitsOn(place, mission, localCommit);
  const unnamed = localCommit === null ? [] : await unnamedOn(place, mission, target, localCommit);
  const blockers = blockersOf(question, report, review, { commits, unnamed });
  const check: ShipCheck = {
    mission: mission.slug,
    target,
    commit: localCommit,
    ok: blockers.length === 0,
    blockers,
    preflight: report,
    review,
    commits,
    unnamed,
  };
  if (localCommit === null || blockers.length > 0) return { check, request: undefined };
  const { shipped } = mission;
  const isShippedThere = shipped !== undefined && (await isOn(place, shipped.commit, localCommit));
  return {
    check,
    request: {
      type: "ShipMission",
      targetBranch: target,
      commit: localCommit,
      upstream:
        report.upstreamRef === null || report.upstreamCommit === null
          ? null
          : { ref: report.upstreamRef, commit: report.upstreamCommit },
      contains: [...new Set(commits.map(({ ref }) => ref)), ...(isShippedThere ? [shipped.commit] : [])],
      ...(observed.length === 0 ? {} : { observed }),
    },
  };
};

const commitsOn = (
  place: GitPlace,
  mission: OpenMission,
  target: string,
): Promise<readonly CommitOnTarget[]> =>
  Promise.all(
    commitsToShip(mission).map(async ({ workPackageId, ref }) => {
      const commit = await commitHere(place, ref);
      const by = commit === null ? null : await waysOn(place, { mission, workPackageId, commit, target });
      return { workPackageId, ref, commit, onTarget: by !== null, by };
    }),
  );

const unnamedOn = (
  place: GitPlace,
  mission: OpenMission,
  target: string,
  at: string,
): Promise<readonly UnnamedWork[]> =>
  unnamedWork({
    place,
    mission,
    target,
    holds: async (workPackageId, commit) =>
      (await waysOn(place, { mission, workPackageId, commit, target: at, isNothingHeld: true })) !== null,
  });

/** A focused branch and a squash bring the work under other ids. A package that owns no paths has to bring all that its commit changed. */
const waysOn = async (
  place: GitPlace,
  {
    mission,
    workPackageId,
    commit,
    target,
    isNothingHeld = false,
  }: Pick<ShipQuestion, "mission"> & {
    readonly workPackageId: string;
    readonly commit: string;
    readonly target: string;
    /** What to say of work that changed nothing of the package's. @defaultValue false: it did not arrive */
    readonly isNothingHeld?: boolean;
  },
): Promise<CommitOnTarget["by"]> => {
  const globs = findWorkPackage(mission, workPackageId)?.owns ?? [];
  const owned = {
    owns: (path: string) => globs.length === 0 || globs.some((glob) => matchesGlob(glob, path)),
  };
  try {
    const { _tag } = await targetHolds(place, { target, work: commit, owned });
    if (_tag === "NothingOwned" && isNothingHeld) return "content";
    return _tag === "Commit" ? "commit" : _tag === "Content" ? "content" : null;
  } catch (error) {
    if (isGitFault(error) && missing.has(error.code)) return null;
    throw error;
  }
};

/** Never a branch that happens to be called like a commit. */
const commitHere = async (place: GitPlace, ref: string): Promise<string | null> => {
  try {
    const { commit } = await resolveCommit(place, ref);
    return commit.startsWith(ref) ? commit : null;
  } catch (error) {
    if (!isGitFault(error) || !missing.has(error.code)) throw error;
    return null;
  }
};

const missing: ReadonlySet<string> = new Set(["GIT_REVISION_MISSING", "GIT_REVISION_AMBIGUOUS"]);

const isOn = async (place: GitPlace, commit: string, target: string): Promise<boolean> => {
  try {
    return (await readDistance(place, commit, target)).ahead === 0;
  } catch (error) {
    if (isGitFault(error) && missing.has(error.code)) return false;
    throw error;
  }
};

const blockersOf = (
  { mission, say }: ShipQuestion,
  report: PreflightReport,
  review: SignoffReport,
  { commits, unnamed }: Pick<ShipCheck, "commits" | "unnamed">,
): readonly ShipBlocker[] => {
  const { slug, workPackages } = mission;
  const refused = { code: "GUARD_FAILED", command: null } as const;
  const target: readonly ShipBlocker[] = report.inSync
    ? []
    : [
        {
          kind: "target",
          code: "TARGET_NOT_IN_SYNC",
          workPackageId: null,
          invariant: targetInvariant,
          message: `${slug}: ${standingWords(report)}`,
          command: report.remediation[0]?.command ?? null,
        },
      ];
  const open = openWorkPackages(mission).map(
    ({ id, lane }): ShipBlocker => ({
      ...refused,
      kind: "open",
      workPackageId: id,
      invariant: "what is shipped is closed: every work package is done or canceled",
      message: `${slug}/${id} is ${lane}`,
      command: lane === "approved" ? say("wp.move", `${shellQuote(`${slug}/${id}`)} done`) : null,
    }),
  );
  const isAnyDone = Object.values(workPackages).some(({ lane }) => lane === "done");
  const nothing: readonly ShipBlocker[] =
    isAnyDone || open.length > 0
      ? []
      : [
          {
            ...refused,
            kind: "nothing_done",
            workPackageId: null,
            invariant: "what is shipped was done",
            message: `${slug} has nothing that is done`,
          },
        ];
  const reviews = review.packages.flatMap(({ workPackageId, contradictions }) =>
    contradictions
      .filter(({ override }) => override === null)
      .map(
        ({ invariant, message, file, command }): ShipBlocker => ({
          kind: "review",
          code: "REVIEW_CONTRADICTED",
          workPackageId,
          invariant,
          message: file === null ? message : `${message}: ${file}`,
          command,
        }),
      ),
  );
  const absent = commits
    .filter(({ onTarget }) => !onTarget)
    .map(
      ({ workPackageId, ref, commit }): ShipBlocker => ({
        ...refused,
        kind: "commit",
        workPackageId,
        invariant: "what was done is on the target branch",
        message: `${slug}/${workPackageId}: its commit ${ref} is ${commit === null ? "not in this repository" : `not on ${report.target}`}`,
        command:
          commit === null ? "git fetch --all" : `git log --oneline ${shellQuote(report.target)}..${commit}`,
      }),
    );
  const left = unnamed
    .filter(({ onTarget }) => onTarget === false)
    .map(
      ({ workPackageId, branch, commit }): ShipBlocker => ({
        ...refused,
        kind: "commit",
        workPackageId,
        invariant: "what was done is on the target branch",
        message: `${slug}/${workPackageId} names no commit, and ${branch}, where it was worked on, changes files of it that are not so on ${report.target}`,
        command: `git log --oneline ${report.target}..${commit}`,
      }),
    );
  return [...target, ...open, ...nothing, ...reviews, ...absent, ...left];
};

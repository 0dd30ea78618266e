/** Which of the commits that done packages name are on the target, by themselves or by their content, and stayed there. */
import { commitsToShip, findWorkPackage, matchesGlob, type OpenMission } from "@mission-ledger/core/mission";
import { type GitPlace, isGitFault, resolveCommit } from "@mission-ledger/git";
import { targetHolds } from "../preflight/target-holds.ts";
import { isTakenBack } from "./taken-back.ts";
import { type UnnamedWork, unnamedWork } from "./unnamed-work.ts";

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

/** All commits that done packages name, in the order of the plan. `target` is a full id. Throws `GitFault`. */
export const commitsOn = (
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

/** Packages all of whose commits came to the target, and were taken back there. Throws `GitFault`. */
export const takenBackOn = async (
  place: GitPlace,
  mission: OpenMission,
  all: readonly CommitOnTarget[],
  target: string,
): Promise<readonly string[]> => {
  const found = await Promise.all(
    [...new Set(all.map(({ workPackageId }) => workPackageId))].map(async (id) => {
      const own = all.filter(({ workPackageId }) => workPackageId === id);
      const commits = own.flatMap(({ commit, by }) => (commit === null || by === null ? [] : [commit]));
      const areAllThere = commits.length === own.length;
      return areAllThere && (await isTakenBack(place, { commits, target, owns: ownedBy(mission, id) }))
        ? [id]
        : [];
    }),
  );
  return found.flat();
};

/** Whether a path is a package's; every path is of one that owns none. */
const ownedBy = (mission: OpenMission, workPackageId: string): ((path: string) => boolean) => {
  const globs = findWorkPackage(mission, workPackageId)?.owns ?? [];
  return (path) => globs.length === 0 || globs.some((glob) => matchesGlob(glob, path));
};

/** Done packages that name no commit, judged by the branch they were worked on. `at` is where the target stands. Throws `GitFault`. */
export const unnamedOn = (
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
  }: { readonly mission: OpenMission } & {
    readonly workPackageId: string;
    readonly commit: string;
    readonly target: string;
    /** What to say of work that changed nothing of the package's. @defaultValue false: it did not arrive */
    readonly isNothingHeld?: boolean;
  },
): Promise<CommitOnTarget["by"]> => {
  const owned = { owns: ownedBy(mission, workPackageId) };
  try {
    const { _tag } = await targetHolds(place, { target, work: commit, owned });
    if (_tag === "NothingOwned" && isNothingHeld) return "content";
    return _tag === "Commit" ? "commit" : _tag === "Content" ? "content" : null;
  } catch (error) {
    if (isNotHere(error)) return null;
    throw error;
  }
};

/** Never a branch that happens to be called like a commit. */
const commitHere = async (place: GitPlace, ref: string): Promise<string | null> => {
  try {
    const { commit } = await resolveCommit(place, ref);
    return commit.startsWith(ref) ? commit : null;
  } catch (error) {
    if (isNotHere(error)) return null;
    throw error;
  }
};

/** Whether an error says that the repository here has no such commit, or no single one. */
export const isNotHere = (error: unknown): boolean =>
  isGitFault(error) && (error.code === "GIT_REVISION_MISSING" || error.code === "GIT_REVISION_AMBIGUOUS");

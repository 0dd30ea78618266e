/** Packages that are done and name no commit: the branch they were worked on, as long as it is here, shows what did not arrive. */
import type { OpenMission } from "@mission-ledger/core/mission";
import { type GitPlace, isGitFault, resolveCommit } from "@mission-ledger/git";

export interface UnnamedWork {
  readonly workPackageId: string;
  /** `null` where none is on record, or it is not here any more, or it is the target itself. */
  readonly branch: string | null;
  readonly commit: string | null;
  /** Whether the target has what the branch changed in owned files; `null` where nothing shows that. */
  readonly onTarget: boolean | null;
}

export interface UnnamedWorkQuestion {
  readonly place: GitPlace;
  readonly mission: OpenMission;
  /** Its name. */
  readonly target: string;
  /** Whether the target holds what a commit changed for a package, under whichever ids. */
  readonly holds: (workPackageId: string, commit: string) => Promise<boolean>;
}

/** In the order of the plan. Throws `GitFault`. */
export const unnamedWork = ({
  place,
  mission,
  target,
  holds,
}: UnnamedWorkQuestion): Promise<readonly UnnamedWork[]> =>
  Promise.all(
    Object.values(mission.workPackages)
      .filter(({ lane, evidence }) => lane === "done" && !evidence.some(({ kind }) => kind === "commit"))
      .map(async ({ id, implementedIn }): Promise<UnnamedWork> => {
        const branch = implementedIn?.branch ?? null;
        const commit = branch === null || branch === target ? null : await tipOf(place, branch);
        return commit === null
          ? { workPackageId: id, branch: null, commit, onTarget: null }
          : { workPackageId: id, branch, commit, onTarget: await holds(id, commit) };
      }),
  );

const tipOf = async (place: GitPlace, branch: string): Promise<string | null> => {
  try {
    return (await resolveCommit(place, `refs/heads/${branch}`)).commit;
  } catch (error) {
    if (isGitFault(error) && notHere.has(error.code)) return null;
    throw error;
  }
};

const notHere: ReadonlySet<string> = new Set(["GIT_NAME_INVALID", "GIT_REVISION_MISSING"]);

/** Review files of an imported mission, looked at again: whoever looks hands in what a file says now. */
import type { MissionEvent } from "./events.ts";
import type { OpenMission, ReviewArtifact, WorkPackage } from "./state.ts";

/** The newest review file of a package as somebody found it. */
export interface ObservedReview extends Omit<ReviewArtifact, "superseded"> {
  readonly workPackageId: string;
}

/** The mission as it is with the files as they are now. Packages without such a file stay as they are on record. */
export const withObserved = (mission: OpenMission, observed: readonly ObservedReview[]): OpenMission => {
  const changed = observed.flatMap((one) => {
    const workPackage = Object.hasOwn(mission.workPackages, one.workPackageId)
      ? mission.workPackages[one.workPackageId]
      : undefined;
    if (workPackage === undefined || !isObservedAnew(workPackage, one)) return [];
    return [[workPackage.id, { ...workPackage, artifact: asArtifact(one) }] as const];
  });
  if (changed.length === 0) return mission;
  return { ...mission, workPackages: { ...mission.workPackages, ...Object.fromEntries(changed) } };
};

/**
 * Whether a file that was found takes the place of the one on record: another one, or other content. Not one of an earlier
 * cycle: taking the newest file away brings no older one back. One of no known cycle does unless it approves.
 */
export const isObservedAnew = (
  { artifact }: WorkPackage,
  { file, sha256, cycle, verdict }: ObservedReview,
): boolean => {
  if (artifact === undefined) return true;
  if (file === artifact.file && sha256 === artifact.sha256) return false;
  return cycle === null && verdict !== "approved" ? true : (cycle ?? 0) >= (artifact.cycle ?? 0);
};

/** It goes on record as what it is: a file beside the log, not a review of ours. */
export const historicReview = ({
  workPackageId,
  ...artifact
}: ObservedReview): Extract<MissionEvent, { type: "HistoricReviewRecorded" }> => ({
  type: "HistoricReviewRecorded",
  workPackageId,
  ...asArtifact(artifact),
});

/** These members and no others: whoever hands it in may have more. */
export const asArtifact = ({
  file,
  sha256,
  cycle,
  verdict,
  word,
  overridden,
}: Omit<ReviewArtifact, "superseded">): Omit<ReviewArtifact, "superseded"> => ({
  file,
  sha256,
  cycle,
  verdict,
  ...(word === undefined ? {} : { word }),
  ...(overridden === undefined ? {} : { overridden }),
});

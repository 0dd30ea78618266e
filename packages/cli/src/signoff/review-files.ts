/** The review files of a mission's folder as they are now: facts for the ledger, which decides what they mean. */
import path from "node:path";
import type { ObservedReview, OpenMission, Verdict } from "@mission-ledger/core/mission";
import { CliError } from "../output/problem.ts";
import { folderStanding, readMetaOf, readTaskFiles } from "../place/mission-folders.ts";

export interface ReviewFilesNow {
  readonly observed: readonly ObservedReview[];
  /** What is odd about the files: gaps, names without a number, what cannot be read. */
  readonly warnings: readonly string[];
}

/** Throws `NOT_FOUND` for a folder without reviews to look for, and `USAGE` for one that is of another mission. */
export const reviewFilesNow = async (
  mission: OpenMission,
  folder: string,
  cwd: string,
): Promise<ReviewFilesNow> => {
  const { newestReviews, observedReviews, fileOfReference, readMeta } = await import(
    "@mission-ledger/spec-kitty"
  );
  const at = path.resolve(cwd, folder);
  const details = { mission: mission.slug, path: at };
  if (!folderStanding(path.join(at, "tasks")))
    throw new CliError("NOT_FOUND", `${at} has no folder tasks, where reviews are`, {
      hint: "Name the mission's own folder, as it was imported: kitty-specs/<mission>.",
      details,
    });
  const meta = readMetaOf(at);
  const named = meta === undefined ? undefined : readMeta(meta).missionId;
  if (named !== undefined && mission.importedFrom !== null && named !== mission.missionId)
    throw new CliError("USAGE", `${at} is the folder of another mission: its meta.json names ${named}`, {
      hint: `${mission.slug} is ${mission.missionId}.`,
      details,
    });
  const verdictInLog = (file: string, workPackageId: string): Verdict | undefined => {
    const verdict = Object.hasOwn(mission.workPackages, workPackageId)
      ? mission.workPackages[workPackageId]?.verdict
      : undefined;
    return verdict != null && fileOfReference(verdict.subject) === file ? verdict.verdict : undefined;
  };
  const { newest, findings } = newestReviews({ ...readTaskFiles(at), verdictInLog });
  const observed = observedReviews(newest);
  return {
    observed: observed.filter(({ workPackageId }) => Object.hasOwn(mission.workPackages, workPackageId)),
    warnings: [
      ...findings.map(({ kind, message }) => `${kind}: ${message}`),
      ...observed
        .filter(({ workPackageId }) => !Object.hasOwn(mission.workPackages, workPackageId))
        .map(
          ({ file, workPackageId }) =>
            `review_file_without_package: ${JSON.stringify(file)} is about ${workPackageId}, which is not in the mission`,
        ),
      ...gone(mission, observed),
    ],
  };
};

/** A file that was on record and is not there any more stays what it said. */
const gone = (mission: OpenMission, observed: readonly ObservedReview[]): readonly string[] =>
  Object.values(mission.workPackages).flatMap(({ id, artifact }) => {
    if (artifact === undefined) return [];
    const now = observed.find(({ workPackageId }) => workPackageId === id);
    const isThere = now !== undefined && (now.cycle ?? 0) >= (artifact.cycle ?? 0);
    return isThere
      ? []
      : [`review_file_gone: ${JSON.stringify(artifact.file)} is not there any more; it counts as it was`];
  });

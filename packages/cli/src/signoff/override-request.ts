/** Which rejection of a package an override is about: the one that stands, or the one of the two that is meant. */
import {
  type Contradiction,
  contradictionsOf,
  findWorkPackage,
  type MissionRequest,
  type OpenMission,
  Refused,
  withObserved,
} from "@mission-ledger/core/mission";
import type { Names } from "../command/names.ts";
import { CliError } from "../output/problem.ts";
import { overrideCommand } from "./report.ts";
import type { ReviewFilesNow } from "./review-files.ts";

export interface OverrideQuestion {
  readonly mission: OpenMission;
  readonly workPackageId: string;
  readonly reason: string;
  /** Needed where its verdict and its review file both reject it. */
  readonly of?: "verdict" | "file" | undefined;
  /** @defaultValue review files as they are on record */
  readonly files?: ReviewFilesNow | undefined;
  /** The folder that the files are in, as it was typed. */
  readonly artifacts?: string | undefined;
  readonly say: Names["say"];
}

/** Throws `GUARD_FAILED` where no rejection stands, and `INPUT_REQUIRED` where two do and nobody says which. */
export const overrideRequest = ({
  mission,
  workPackageId,
  reason,
  of,
  files,
  artifacts,
  say,
}: OverrideQuestion): { readonly contradiction: Contradiction; readonly request: MissionRequest } => {
  const about = { mission: mission.slug, workPackageId };
  const observed = files?.observed ?? [];
  const now = withObserved(mission, observed);
  const workPackage = findWorkPackage(now, workPackageId);
  if (workPackage === undefined)
    throw new Refused({
      _tag: "WorkPackageNotFound",
      ...about,
      invariant: "commands are for work packages that exist",
    });
  const standing = contradictionsOf(now, workPackage).filter(
    ({ rejection }) => of === undefined || (rejection.source === "artifact") === (of === "file"),
  );
  const open = standing.filter(({ override }) => override === null);
  if (open.length > 1)
    throw new CliError("INPUT_REQUIRED", "two rejections stand; which one is overridden?", {
      hint: open.map((one) => overrideCommand(one, { artifacts, isSeveral: true, say })).join("\n      "),
      details: { ...about, rejections: open.map(({ kind, rejection }) => ({ kind, ...rejection })) },
    });
  // One that is answered for is asked for again: nothing to do.
  const contradiction = open[0] ?? standing[0];
  if (contradiction === undefined)
    throw new Refused({
      _tag: "NothingToOverride",
      ...about,
      invariant: "an override is about a rejection that stands now",
      lane: workPackage.lane,
    });
  const seen = observed.find((one) => one.workPackageId === workPackageId);
  const { workPackageId: _, ...file } = seen ?? { workPackageId };
  return {
    contradiction,
    request: {
      type: "OverrideVerdict",
      workPackageId,
      rejection: contradiction.rejection,
      reason,
      ...("file" in file ? { observed: file } : {}),
    },
  };
};

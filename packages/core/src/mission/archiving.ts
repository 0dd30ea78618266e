/** Archiving: a closed mission takes no more commands once a cold copy of its log was proven, until it is restored. */
import { accept, refuse } from "../kernel/decider.ts";
import type { MissionCommandOf } from "./commands.ts";
import type { MissionDecision } from "./decision.ts";
import type { MissionRefusal } from "./refusals.ts";
import type { OpenMission, WorkPackage } from "./state.ts";

/** Work packages that keep a mission from being closed: neither done nor canceled. */
export const openWorkPackages = ({ workPackages }: OpenMission): readonly WorkPackage[] =>
  Object.values(workPackages).filter(({ lane }) => lane !== "done" && lane !== "canceled");

export const decideArchived = (
  { file, sha256, head, records, events }: MissionCommandOf<"ArchiveMission">,
  mission: OpenMission,
): MissionDecision => {
  const { archived } = mission;
  if (archived !== undefined) return archived.sha256 === sha256 ? accept() : refuse(missionArchived(mission));
  const open = openWorkPackages(mission).map(({ id }) => id);
  if (open.length > 0)
    return refuse({
      _tag: "MissionNotClosed",
      mission: mission.slug,
      workPackageId: null,
      invariant: "what is archived is closed: every work package is done or canceled",
      open,
    });
  return accept({ type: "MissionArchived", file, sha256, head, records, events });
};

export const decideRestored = (mission: OpenMission): MissionDecision =>
  mission.archived === undefined
    ? accept()
    : accept({ type: "MissionRestored", sha256: mission.archived.sha256 });

export const missionArchived = ({ slug, archived }: OpenMission): MissionRefusal => ({
  _tag: "MissionArchived",
  mission: slug,
  workPackageId: null,
  invariant: "an archived mission stays as its cold copy has it",
  file: archived?.file ?? "",
  sha256: archived?.sha256 ?? "",
});

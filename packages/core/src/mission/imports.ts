/** Imports: another system's history taken in piece by piece, and open for ordinary commands once it is complete. */
import { accept, refuse } from "../kernel/decider.ts";
import type { MissionCommandOf } from "./commands.ts";
import type { MissionDecision } from "./decision.ts";
import type { Mission, OpenMission } from "./state.ts";

export const decideImportBegun = (
  command: MissionCommandOf<"BeginImport">,
  state: Mission,
): MissionDecision => {
  const { source, slug, title, missionId, dependencyMetAt, files } = command;
  if (state._tag === "Absent")
    return accept({ type: "ImportBegun", source, slug, title, missionId, dependencyMetAt, files });
  return refuse({
    _tag: "MissionExists",
    mission: state.slug,
    workPackageId: null,
    invariant: "an imported history is taken in once, and never into a mission of its own",
  });
};

export const decideContinuedImport = (
  { history }: MissionCommandOf<"ContinueImport">,
  mission: OpenMission,
): MissionDecision => (mission.importing ? accept(...history) : refuse(notImporting(mission)));

export const decideImportCompleted = (
  command: MissionCommandOf<"CompleteImport">,
  mission: OpenMission,
): MissionDecision => {
  if (!mission.importing) return refuse(notImporting(mission));
  const { rows, transitions, annotations, otherRows, findings } = command;
  return accept({ type: "ImportCompleted", rows, transitions, annotations, otherRows, findings });
};

const notImporting = ({ slug }: OpenMission) => ({
  _tag: "NotImporting" as const,
  mission: slug,
  workPackageId: null,
  invariant: "history is taken in only while an import is under way",
});

/** Answers "what stands in which lane?", and nothing else: the least that is asked about every mission of a team. */
import type { Draft } from "immer";
import type { Projection } from "../../kernel/projection.ts";
import type { MissionEvent } from "../events.ts";
import { isLane, type Lane } from "../lanes.ts";

/** By work package. */
export type LanesOfMission = Readonly<Record<string, Lane>>;

const enter = (
  view: LanesOfMission,
  { workPackageId, to }: { readonly workPackageId: string; readonly to: string },
): LanesOfMission => {
  if (Object.hasOwn(view, workPackageId) && isLane(to)) (view as Draft<LanesOfMission>)[workPackageId] = to;
  return view;
};

const target = { data: ["workPackageId", "to"], meta: [] } as const;

export const lanesOfMission: Projection<LanesOfMission, MissionEvent> = {
  name: "mission-lanes",
  version: 1,
  initial: {},
  when: {
    WorkPackageAdded: (view, { workPackageId }) => {
      (view as Draft<LanesOfMission>)[workPackageId] = "genesis";
      return view;
    },
    WorkPackageMoved: enter,
    WorkPackageForced: enter,
    HistoricTransitionRecorded: enter,
  },
  needs: {
    WorkPackageAdded: { data: ["workPackageId"], meta: [] },
    WorkPackageMoved: target,
    WorkPackageForced: target,
    HistoricTransitionRecorded: target,
  },
};

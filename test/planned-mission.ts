/** A mission for the rigs: plain work packages that wait for nothing. */
import type { Ledger, MissionRequest } from "@mission-ledger/core/mission";
import { persist } from "./workers/persist.mjs";

export const planMission = async (
  ledger: Ledger,
  slug: string,
  title: string,
  workPackages: readonly { readonly workPackageId: string; readonly title: string }[],
): Promise<void> => {
  const mission = ledger.mission(slug);
  const execute = (request: MissionRequest) =>
    persist((commandId) => mission.execute(request, commandId === undefined ? {} : { commandId }));
  await execute({ type: "CreateMission", slug, title, missionId: slug, dependencyMetAt: "approved" });
  await execute({
    type: "AddWorkPackages",
    workPackages: workPackages.map((planned) => ({
      ...planned,
      dependsOn: [],
      owns: [],
      subtasks: [],
      executionLane: null,
    })),
  });
};

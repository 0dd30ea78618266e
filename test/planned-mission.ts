/** A mission for the rigs: plain work packages that wait for nothing. */
import type { Ledger } from "@mission-ledger/core/mission";

export const planMission = async (
  ledger: Ledger,
  slug: string,
  title: string,
  workPackages: readonly { readonly workPackageId: string; readonly title: string }[],
): Promise<void> => {
  const mission = ledger.mission(slug);
  await mission.execute({ type: "CreateMission", slug, title, missionId: slug, dependencyMetAt: "approved" });
  await mission.execute({
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

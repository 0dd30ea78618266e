/** The plan: which work packages there are and what they wait for. */
import { accept, refuse } from "../kernel/decider.ts";
import { canonicalJson } from "../kernel/json.ts";
import type { MissionCommandOf } from "./commands.ts";
import type { MissionDecision } from "./decision.ts";
import type { MissionEvent, PlannedWorkPackage } from "./events.ts";
import type { MissionRefusal } from "./refusals.ts";
import { findWorkPackage, type OpenMission, type WorkPackage } from "./state.ts";

type Dependencies = ReadonlyMap<string, readonly string[]>;

export const decideAdded = (
  { workPackages }: MissionCommandOf<"AddWorkPackages">,
  mission: OpenMission,
): MissionDecision => {
  const added: PlannedWorkPackage[] = [];
  for (const planned of workPackages) {
    const present = findWorkPackage(mission, planned.workPackageId);
    if (present === undefined && !added.some(({ workPackageId }) => workPackageId === planned.workPackageId))
      added.push(planned);
    else if (present === undefined || canonicalJson(planOf(present)) !== canonicalJson(planOf(planned)))
      return refuse({
        _tag: "WorkPackageExists",
        mission: mission.slug,
        workPackageId: planned.workPackageId,
        invariant: "an id names one work package of a mission for ever",
      });
  }
  const dependencies = new Map([
    ...dependenciesOf(mission),
    ...added.map(({ workPackageId, dependsOn }) => [workPackageId, dependsOn] as const),
  ]);
  for (const { workPackageId } of added) {
    const refusal = findDependencyProblem(mission.slug, workPackageId, dependencies);
    if (refusal !== undefined) return refuse(refusal);
  }
  return accept(
    ...added.flatMap((planned): readonly MissionEvent[] => [
      { type: "WorkPackageAdded", ...wholePlan(planned) },
      { type: "WorkPackageMoved", workPackageId: planned.workPackageId, from: "genesis", to: "planned" },
    ]),
  );
};

export const decideRevised = (
  { title, dependsOn, owns, subtasks, executionLane }: MissionCommandOf<"ReviseWorkPackage">,
  mission: OpenMission,
  workPackage: WorkPackage,
): MissionDecision => {
  const changes = {
    ...(title === undefined ? {} : { title }),
    ...(dependsOn === undefined ? {} : { dependsOn }),
    ...(owns === undefined ? {} : { owns }),
    ...(subtasks === undefined ? {} : { subtasks }),
    ...(executionLane === undefined ? {} : { executionLane }),
  };
  const before = planOf(workPackage);
  if (canonicalJson({ ...before, ...changes }) === canonicalJson(before)) return accept();
  // A plan that came in broken, as from an import, is mended one dependency at a time.
  const waitsForMore = dependsOn?.some((id) => !workPackage.dependsOn.includes(id)) === true;
  const refusal = waitsForMore ? findPlanProblem(mission, workPackage.id, dependsOn) : undefined;
  return refusal === undefined
    ? accept({ type: "WorkPackageRevised", workPackageId: workPackage.id, ...changes })
    : refuse(refusal);
};

/** Only what a plan says, whether it comes from a command or from state. */
export const planOf = ({
  title,
  dependsOn,
  owns,
  subtasks,
  executionLane,
}: Omit<PlannedWorkPackage, "workPackageId">): Omit<PlannedWorkPackage, "workPackageId"> => ({
  title,
  dependsOn,
  owns,
  subtasks: subtasks.map((subtask) => ({ id: subtask.id, title: subtask.title })),
  executionLane,
});

const wholePlan = (planned: PlannedWorkPackage): PlannedWorkPackage => ({
  workPackageId: planned.workPackageId,
  ...planOf(planned),
});

const dependenciesOf = ({ workPackages }: OpenMission): Dependencies =>
  new Map(Object.values(workPackages).map(({ id, dependsOn }) => [id, dependsOn]));

/** What would be wrong with the plan if the package waited for these. */
export const findPlanProblem = (
  mission: OpenMission,
  workPackageId: string,
  dependsOn: readonly string[],
): MissionRefusal | undefined =>
  findDependencyProblem(
    mission.slug,
    workPackageId,
    new Map(dependenciesOf(mission)).set(workPackageId, dependsOn),
  );

const findDependencyProblem = (
  mission: string,
  workPackageId: string,
  dependencies: Dependencies,
): MissionRefusal | undefined => {
  const dependency = dependencies.get(workPackageId)?.find((id) => !dependencies.has(id));
  if (dependency !== undefined)
    return {
      _tag: "UnknownDependency",
      mission,
      workPackageId,
      invariant: "a work package depends on work packages of its mission",
      dependency,
    };
  const cycle = findCycle(workPackageId, dependencies);
  if (cycle === undefined) return undefined;
  return {
    _tag: "DependencyCycle",
    mission,
    workPackageId,
    invariant: "no work package waits for itself",
    cycle,
  };
};

/** A way from `start` along its dependencies back to `start`. Visits each package once. */
const findCycle = (start: string, dependencies: Dependencies): readonly string[] | undefined => {
  const visited = new Set<string>();
  const trail: { readonly path: readonly string[] }[] = [{ path: [start] }];
  for (let step = trail.pop(); step !== undefined; step = trail.pop()) {
    for (const next of dependencies.get(step.path.at(-1) as string) ?? []) {
      if (next === start) return [...step.path, start];
      if (visited.has(next)) continue;
      visited.add(next);
      trail.push({ path: [...step.path, next] });
    }
  }
  return undefined;
};

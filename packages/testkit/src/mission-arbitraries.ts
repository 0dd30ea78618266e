/**
 * Sequences of mission commands as a team of agents would send them: mostly the next right step of some package, with
 * everything else in between (wrong actors, skipped steps, force, stale fences, repeats, undos, clocks that jump).
 */
import { fold } from "@mission-ledger/core";
import {
  type DoneCommand,
  findWorkPackage,
  type Mission,
  type MissionCommand,
  type MissionEvent,
  mission,
  type OpenMission,
  type PlannedWorkPackage,
  shownLanes,
  type WorkPackage,
} from "@mission-ledger/core/mission";
import fc from "fast-check";
import { type Draw, detours, nextStep, type Situation } from "./team-steps.ts";

export interface MissionCommandsOptions {
  /** Agents that implement and review. At least two, or nothing is ever approved. @defaultValue three */
  readonly actors?: readonly string[];
  /** @defaultValue 1 to 4 */
  readonly workPackages?: { readonly min: number; readonly max: number };
  /** Commands after the mission was created and planned. @defaultValue 40 */
  readonly maxSteps?: number;
  /** Share of commands that are the next right step of their package, 0 to 1. @defaultValue 0.7 */
  readonly diligence?: number;
}

const draws = (maxSteps: number): fc.Arbitrary<readonly Draw[]> =>
  fc.array(
    fc.record({
      pick: fc.nat({ max: 11 }),
      who: fc.nat({ max: 11 }),
      luck: fc.integer({ min: 0, max: 99 }),
      detour: fc.nat({ max: detours.length - 1 }),
      minutes: fc.oneof(
        { weight: 20, arbitrary: fc.integer({ min: 0, max: 30 }) },
        { weight: 3, arbitrary: fc.integer({ min: 240, max: 600 }) },
        { weight: 1, arbitrary: fc.constantFrom(-525_600, 525_600) },
      ),
      lane: fc.constantFrom(...shownLanes),
      flag: fc.boolean(),
    }),
    { minLength: Math.min(8, maxSteps), maxLength: maxSteps, size: "max" },
  );

const plans = ({
  min,
  max,
}: {
  readonly min: number;
  readonly max: number;
}): fc.Arbitrary<readonly PlannedWorkPackage[]> =>
  fc
    .array(
      fc.record({
        dependencies: fc.array(fc.nat({ max: 3 }), { maxLength: 2 }),
        subtasks: fc.nat({ max: 2 }),
        executionLane: fc.constantFrom(null, null, "lane-a", "lane-b"),
      }),
      { minLength: min, maxLength: max, size: "max" },
    )
    .map((seeds) =>
      seeds.map(({ dependencies, subtasks, executionLane }, index) => ({
        workPackageId: idOf(index),
        title: `Package ${index + 1}`,
        dependsOn: [...new Set(dependencies)].filter((dependency) => dependency < index).map(idOf),
        owns: [`src/${index}/**`],
        subtasks: Array.from({ length: subtasks }, (_, at) => ({
          id: `T${at + 1}`,
          title: `Step ${at + 1}`,
        })),
        executionLane,
      })),
    );

/** Command sequences for one mission, beginning with its creation and its plan. */
export const missionCommands = ({
  actors = ["ana", "ben", "cy"],
  workPackages = { min: 1, max: 4 },
  maxSteps = 40,
  diligence = 0.7,
}: MissionCommandsOptions = {}): fc.Arbitrary<readonly MissionCommand[]> =>
  fc
    .tuple(plans(workPackages), draws(maxSteps), fc.constantFrom("approved" as const, "done" as const))
    .map(([plan, steps, dependencyMetAt]) => {
      const commands: MissionCommand[] = [];
      let now = Date.UTC(2026, 0, 1);
      let state: Mission = mission.initial;
      let last: DoneCommand | undefined;
      const send = (command: MissionCommand): void => {
        commands.push(command);
        const decided = mission.decide(command, state);
        if (decided._tag === "Left" || decided.right.length === 0) return;
        const before = state;
        state = fold(mission, state, decided.right);
        last = doneOf(command, decided.right, before, state, `e${commands.length}`);
      };
      const begun = { at: timeOf(now), actor: actors[0] ?? "ana" };
      const about = {
        slug: "sample",
        title: "Sample",
        missionId: "01J0000000000000000000SAMPL",
        dependencyMetAt,
      };
      send({ type: "CreateMission", ...begun, ...about });
      send({ type: "AddWorkPackages", ...begun, workPackages: plan });
      for (const draw of steps) {
        now += draw.minutes * 60_000;
        // The decider answered our own creation, so the mission is open; were it not, nothing could be said about packages.
        if (state._tag !== "Open") break;
        const asked = { at: timeOf(now), actor: actors[draw.who % actors.length] ?? "ana" };
        const workPackage = pickPackage(state, draw, diligence);
        const situation: Situation = { asked, open: state, workPackage, draw, actors, commands, last };
        const detour = detours[draw.detour] as (situation: Situation) => MissionCommand;
        send(draw.luck < diligence * 100 ? nextStep(situation) : detour(situation));
      }
      return commands;
    });

/** The events that such commands make: one mission's stream, for laws of projections. */
export const missionEvents = (options?: MissionCommandsOptions): fc.Arbitrary<readonly MissionEvent[]> =>
  missionCommands(options).map((commands) => {
    let state: Mission = mission.initial;
    return commands.flatMap((command) => {
      const decided = mission.decide(command, state);
      if (decided._tag === "Left") return [];
      state = fold(mission, state, decided.right);
      return decided.right;
    });
  });

/** What an undo would find of a command in a log that ends with it. */
const doneOf = (
  { actor }: MissionCommand,
  events: readonly MissionEvent[],
  before: Mission,
  after: Mission,
  eventId: string,
): DoneCommand => {
  const ids = new Set(events.flatMap((event) => ("workPackageId" in event ? [event.workPackageId] : [])));
  const workPackageId = ids.size === 1 ? ([...ids][0] ?? null) : null;
  const packageIn = (state: Mission): WorkPackage | null =>
    state._tag === "Absent" || workPackageId === null
      ? null
      : (findWorkPackage(state, workPackageId) ?? null);
  const changed = events.some(({ type }) => type === "MissionSettingsChanged");
  const settingsIn = ({ title, dependencyMetAt, targetBranch }: OpenMission) => ({
    title,
    dependencyMetAt,
    ...(targetBranch === undefined ? {} : { targetBranch }),
  });
  return {
    eventId,
    commandId: `c-${eventId}`,
    actor,
    events,
    workPackageId,
    before: packageIn(before),
    after: packageIn(after),
    settings:
      changed && before._tag === "Open" && after._tag === "Open"
        ? { before: settingsIn(before), after: settingsIn(after) }
        : null,
    isUndone: false,
    since: null,
  };
};

const idOf = (index: number): string => `WP${String(index + 1).padStart(2, "0")}`;

const timeOf = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** Any package now and then; mostly one that is not finished and waits for nobody. */
const pickPackage = (
  { workPackages, dependencyMetAt }: OpenMission,
  { pick, luck }: Draw,
  diligence: number,
): WorkPackage => {
  const all = Object.values(workPackages);
  const met = (id: string): boolean => {
    const lane = workPackages[id]?.lane;
    return lane === "done" || (dependencyMetAt === "approved" && lane === "approved");
  };
  const workable = all.filter(
    ({ lane, dependsOn }) => lane !== "done" && lane !== "canceled" && dependsOn.every(met),
  );
  const choice = luck < diligence * 100 && workable.length > 0 ? workable : all;
  return choice[pick % choice.length] as WorkPackage;
};

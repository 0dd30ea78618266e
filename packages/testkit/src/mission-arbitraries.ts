/**
 * Sequences of mission commands as a team of agents would send them: mostly the next right step of some package, with
 * everything else in between (wrong actors, skipped steps, force, stale fences, repeats, undos, clocks that jump).
 */
import { fold } from "@mission-ledger/core";
import {
  type DoneCommand,
  findWorkPackage,
  type Lane,
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

/** One draw: which package, who, what, when. What it means depends on the state it meets. */
interface Draw {
  readonly pick: number;
  readonly who: number;
  readonly luck: number;
  readonly detour: number;
  readonly minutes: number;
  readonly lane: Lane;
  readonly flag: boolean;
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

interface Situation {
  readonly asked: { readonly at: string; readonly actor: string };
  readonly open: OpenMission;
  readonly workPackage: WorkPackage;
  readonly draw: Draw;
  readonly actors: readonly string[];
  readonly commands: readonly MissionCommand[];
  /** The last command that wrote anything. */
  readonly last: DoneCommand | undefined;
}

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

const leaseMs = 4 * 3_600_000;

/** What a diligent team does next with the package. */
const nextStep = ({ asked, workPackage, draw, actors }: Situation): MissionCommand => {
  const {
    id: workPackageId,
    lane,
    claim,
    subtasks,
    evidence,
    implementers,
    fence,
    blockedFrom,
  } = workPackage;
  const about = { ...asked, workPackageId };
  const byHolder = {
    ...about,
    actor: claim?.holder ?? asked.actor,
    ...(draw.flag && claim !== null ? { fence } : {}),
  };
  switch (lane) {
    case "genesis":
      return { type: "MoveWorkPackage", ...about, to: "planned" };
    case "planned":
      return { type: "ClaimWorkPackage", ...about, kind: "implement", leaseMs };
    case "claimed":
      return { type: "MoveWorkPackage", ...byHolder, to: "in_progress" };
    case "in_progress": {
      const open = subtasks.find(({ done }) => !done);
      if (claim === null) return { type: "ClaimWorkPackage", ...about, kind: "implement", leaseMs };
      if (open !== undefined) return { type: "MarkSubtask", ...byHolder, subtaskId: open.id, done: true };
      if (evidence.length > 0) return { type: "MoveWorkPackage", ...byHolder, to: "for_review" };
      const found = [{ kind: "test", ref: "pnpm test" } as const];
      return draw.flag
        ? { type: "RecordEvidence", ...byHolder, evidence: found }
        : { type: "MoveWorkPackage", ...byHolder, to: "for_review", evidence: found };
    }
    case "for_review": {
      const reviewer = actors.find((actor) => !implementers.includes(actor)) ?? "reviewer";
      return { type: "ClaimWorkPackage", ...about, actor: reviewer, kind: "review", leaseMs };
    }
    case "in_review": {
      if (claim === null)
        return { type: "ClaimWorkPackage", ...about, actor: "reviewer", kind: "review", leaseMs };
      if (draw.luck % 4 === 0)
        return { type: "SubmitReview", ...byHolder, verdict: "changes_requested", notes: "Not yet" };
      return {
        type: "SubmitReview",
        ...byHolder,
        verdict: "approved",
        ...(draw.flag ? { to: "done" as const } : {}),
      };
    }
    case "approved":
      return { type: "MoveWorkPackage", ...about, to: "done" };
    case "blocked":
      return { type: "MoveWorkPackage", ...about, to: draw.flag ? (blockedFrom ?? "planned") : "planned" };
    case "done":
    case "canceled":
      return { type: "AddNote", ...about, text: "Finished" };
  }
};

const reason = "A sample reason";

const undoLast = ({ asked, workPackage, draw, last }: Situation): MissionCommand =>
  last === undefined
    ? { type: "AddNote", ...asked, workPackageId: workPackage.id, text: "Nothing to undo" }
    : { type: "Undo", ...asked, actor: draw.flag ? last.actor : asked.actor, done: last, reason };

/** Everything else that can be asked: right, wrong, or right at another time. */
const detours: readonly ((situation: Situation) => MissionCommand)[] = [
  ({ asked, workPackage, draw }) => ({
    type: "MoveWorkPackage",
    ...asked,
    workPackageId: workPackage.id,
    to: draw.lane,
    ...(draw.flag ? { reason } : {}),
    ...(draw.minutes % 2 === 0 ? { link: "https://example.org/1" } : {}),
  }),
  ({ asked, workPackage, draw }) => ({
    type: "MoveWorkPackage",
    ...asked,
    workPackageId: workPackage.id,
    actor: workPackage.claim?.holder ?? asked.actor,
    to: draw.flag ? "blocked" : "planned",
    reason,
  }),
  ({ asked, workPackage, draw }) => ({
    type: "ForceWorkPackage",
    ...asked,
    workPackageId: workPackage.id,
    to: draw.lane,
    reason,
  }),
  ({ asked, workPackage, draw }) => ({
    type: "ClaimWorkPackage",
    ...asked,
    workPackageId: workPackage.id,
    kind: draw.flag ? "implement" : "review",
    leaseMs,
  }),
  ({ asked, workPackage, draw }) => ({
    type: "ReleaseClaim",
    ...asked,
    workPackageId: workPackage.id,
    actor: draw.flag ? (workPackage.claim?.holder ?? asked.actor) : asked.actor,
    ...(draw.minutes % 2 === 0 ? { reason } : {}),
  }),
  ({ asked, workPackage }) => ({ type: "RecoverClaim", ...asked, workPackageId: workPackage.id, reason }),
  ({ asked, workPackage }) => ({
    type: "RenewClaim",
    ...asked,
    workPackageId: workPackage.id,
    actor: workPackage.claim?.holder ?? asked.actor,
    leaseMs: 2 * leaseMs,
  }),
  // A holder of old who does not know that the claim has gone on.
  ({ asked, workPackage, draw }) => ({
    type: "MoveWorkPackage",
    ...asked,
    workPackageId: workPackage.id,
    to: draw.lane,
    fence: Math.max(1, workPackage.fence - 1),
  }),
  ({ asked, workPackage, draw }) => ({
    type: "SubmitReview",
    ...asked,
    workPackageId: workPackage.id,
    verdict: draw.flag ? "approved" : "changes_requested",
    ...(draw.minutes % 3 === 0 ? { subject: "0".repeat(64) } : {}),
  }),
  ({ asked, workPackage, draw }) => ({
    type: "MarkSubtask",
    ...asked,
    workPackageId: workPackage.id,
    subtaskId: workPackage.subtasks[0]?.id ?? "T9",
    done: draw.flag,
  }),
  ({ asked, workPackage }) => ({ type: "AddNote", ...asked, workPackageId: workPackage.id, text: "A note" }),
  ({ asked, open, workPackage, draw }) => ({
    type: "ReviseWorkPackage",
    ...asked,
    workPackageId: workPackage.id,
    ...(draw.flag
      ? { title: `${workPackage.title} again`.slice(0, 60) }
      : { dependsOn: Object.keys(open.workPackages).slice(0, draw.who % 3) }),
  }),
  ({ asked, draw }) => ({
    type: "ChangeMissionSettings",
    ...asked,
    dependencyMetAt: draw.flag ? "approved" : "done",
  }),
  ({ asked, open, draw }) => ({
    type: "AddWorkPackages",
    ...asked,
    workPackages: [
      {
        workPackageId: draw.flag ? "WP09" : "WP01",
        title: "Package 9",
        dependsOn: Object.keys(open.workPackages).slice(0, 1),
        owns: [],
        subtasks: [],
        executionLane: null,
      },
    ],
  }),
  ({ asked, draw }) => ({
    type: "ClaimWorkPackage",
    ...asked,
    workPackageId: draw.flag ? "WP99" : "constructor",
    kind: "implement",
    leaseMs,
  }),
  ({ asked, workPackage }) => ({
    type: "MoveWorkPackage",
    ...asked,
    actor: "",
    workPackageId: workPackage.id,
    to: "done",
  }),
  undoLast,
  undoLast,
  // What was just asked, by the same actor at the same time.
  ({ commands }) => commands.at(-1) as MissionCommand,
];

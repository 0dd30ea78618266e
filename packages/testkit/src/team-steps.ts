/** What a team asks next about a package: the next right step, or anything else. */
import type {
  DoneCommand,
  Lane,
  MissionCommand,
  OpenMission,
  WorkPackage,
} from "@mission-ledger/core/mission";

/** One draw: which package, who, what, when. What it means depends on the state it meets. */
export interface Draw {
  readonly pick: number;
  readonly who: number;
  readonly luck: number;
  readonly detour: number;
  readonly minutes: number;
  readonly lane: Lane;
  readonly flag: boolean;
}

export interface Situation {
  readonly asked: { readonly at: string; readonly actor: string };
  readonly open: OpenMission;
  readonly workPackage: WorkPackage;
  readonly draw: Draw;
  readonly actors: readonly string[];
  readonly commands: readonly MissionCommand[];
  /** The last command that wrote anything. */
  readonly last: DoneCommand | undefined;
}

const leaseMs = 4 * 3_600_000;

/** What a diligent team does next with the package. */
export const nextStep = ({ asked, workPackage, draw, actors }: Situation): MissionCommand => {
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
export const detours: readonly ((situation: Situation) => MissionCommand)[] = [
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

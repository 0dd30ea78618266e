/** The guards of the lane table: each computes from the log whether it holds, and says what is missing. */
import { digestOf } from "../kernel/digest.ts";
import type { Verdict } from "./events.ts";
import type { Exit, Guard, Lane } from "./lanes.ts";
import type { MissionRefusal } from "./refusals.ts";
import { activeInExecutionLane, type OpenMission, unmetDependencies, type WorkPackage } from "./state.ts";

/** A wish to leave a lane, with everything a guard may look at. */
export interface Wish {
  readonly mission: OpenMission;
  readonly workPackage: WorkPackage;
  readonly to: Lane;
  readonly actor: string;
  readonly fence?: number | undefined;
  readonly reason?: string | undefined;
  readonly link?: string | undefined;
  readonly verdict?: Verdict | undefined;
}

/** What a command comes to for a package as the log has it. */
export const wishOf = (
  { actor, fence, reason, link, verdict }: Omit<Wish, "mission" | "workPackage" | "to">,
  mission: OpenMission,
  workPackage: WorkPackage,
  to: Lane = workPackage.lane,
): Wish => ({ mission, workPackage, to, actor, fence, reason, link, verdict });

/** The first guard of an exit that does not hold, as a refusal. */
export const firstUnmet = ({ guards }: Exit, wish: Wish): MissionRefusal | undefined => {
  for (const guard of guards) {
    const refusal = checks[guard](wish);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
};

/** Every guard of an exit that does not hold. */
export const allUnmet = ({ guards }: Exit, wish: Wish): readonly Guard[] =>
  guards.filter((guard) => checks[guard](wish) !== undefined);

type Check = (wish: Wish) => MissionRefusal | undefined;

/** What is handed over for review: the plan and the evidence for it. */
export const reviewSubject = ({ id, title, owns, subtasks, evidence }: WorkPackage): string =>
  digestOf({ id, title, owns, subtasks, evidence });

const about = ({ mission, workPackage }: Pick<Wish, "mission" | "workPackage">, invariant: string) => ({
  mission: mission.slug,
  workPackageId: workPackage.id,
  invariant,
});

const unmet =
  (guard: Guard, invariant: string, missing: (wish: Wish) => readonly string[] | undefined): Check =>
  (wish) => {
    const found = missing(wish);
    if (found === undefined) return undefined;
    return {
      _tag: "GuardFailed",
      ...about(wish, invariant),
      from: wish.workPackage.lane,
      to: wish.to,
      guard,
      missing: found,
    };
  };

const oneHolder = "a work package is held by one actor at a time";
const holdersWrite = "only the holder of a claim, with its newest fence, may go on with the work";

/** Whether the actor may write as the holder. Exported for commands that walk no exit. */
export const checkHolder: Check = (wish) => {
  const { claim, fence: newest } = wish.workPackage;
  if (wish.fence !== undefined && (claim === null || wish.fence !== newest))
    return {
      _tag: "StaleFence",
      ...about(wish, holdersWrite),
      fence: wish.fence,
      newest,
      holder: claim?.holder ?? null,
    };
  if (claim === null) return { _tag: "NotHeld", ...about(wish, holdersWrite) };
  if (claim.holder !== wish.actor)
    return {
      _tag: "NotHolder",
      ...about(wish, holdersWrite),
      holder: claim.holder,
      expiresAt: claim.expiresAt,
    };
  return undefined;
};

export const checkHolderIfHeld: Check = (wish) =>
  wish.workPackage.claim === null && wish.fence === undefined ? undefined : checkHolder(wish);

export const checkUnclaimed: Check = (wish) => {
  const { claim } = wish.workPackage;
  if (claim === null) return undefined;
  const { holder, kind, fence, expiresAt } = claim;
  return { _tag: "ClaimHeld", ...about(wish, oneHolder), holder, kind, fence, expiresAt };
};

export const checkNotSelf: Check = (wish) =>
  wish.workPackage.implementers.includes(wish.actor)
    ? {
        _tag: "SelfReview",
        ...about(wish, "nobody reviews what they implemented"),
        implementers: wish.workPackage.implementers,
      }
    : undefined;

export const checkExecutionLaneFree: Check = unmet(
  "execution_lane_free",
  "one work package at a time is worked on in an execution lane",
  ({ mission, workPackage }) => {
    if (workPackage.executionLane === null) return undefined;
    const active = activeInExecutionLane(mission, workPackage.executionLane);
    return active === undefined || active.id === workPackage.id
      ? undefined
      : [`${workPackage.executionLane} is busy with ${active.id}`];
  },
);

export const checkImplementer: Check = unmet(
  "implementer",
  "only an implementer takes work back from review",
  ({ workPackage, actor }) =>
    workPackage.implementers.includes(actor) ? undefined : [`${actor} did not implement it`],
);

const blank = (value: string | undefined): boolean => value === undefined || value.trim() === "";

const checks: Readonly<Record<Guard, Check>> = {
  dependencies_met: unmet(
    "dependencies_met",
    "work starts when its dependencies are met",
    ({ mission, workPackage }) => {
      const open = unmetDependencies(mission, workPackage);
      return open.length === 0 ? undefined : open;
    },
  ),
  unclaimed: checkUnclaimed,
  execution_lane_free: checkExecutionLaneFree,
  holder: checkHolder,
  holder_if_held: checkHolderIfHeld,
  subtasks_done: unmet(
    "subtasks_done",
    "work is handed over when every subtask is done",
    ({ workPackage }) => {
      const open = workPackage.subtasks.filter(({ done }) => !done).map(({ id }) => id);
      return open.length === 0 ? undefined : open;
    },
  ),
  evidence_recorded: unmet(
    "evidence_recorded",
    "work is handed over with evidence of it",
    ({ workPackage }) => (workPackage.evidence.length > 0 ? undefined : ["for example a commit id"]),
  ),
  not_self: checkNotSelf,
  implementer: checkImplementer,
  verdict_approved: unmet("verdict_approved", "only an approving verdict approves", ({ verdict }) =>
    verdict === "approved" ? undefined : [],
  ),
  verdict_changes_requested: unmet(
    "verdict_changes_requested",
    "only a verdict that requests changes sends work back from review",
    ({ verdict }) => (verdict === "changes_requested" ? undefined : []),
  ),
  approval_on_record: unmet(
    "approval_on_record",
    "done follows an approval of what was reviewed",
    ({ workPackage }) =>
      workPackage.approvedBy === "verdict" || workPackage.approvedBy === "history" ? undefined : [],
  ),
  came_from: unmet(
    "came_from",
    "unblocking leads back to where it was blocked, or to the plan",
    ({ workPackage, to }) =>
      workPackage.blockedFrom === to
        ? undefined
        : [`it was blocked in ${workPackage.blockedFrom ?? "no known lane"}`],
  ),
  reason: unmet("reason", "this move is explained", ({ reason }) => (blank(reason) ? [] : undefined)),
  link: unmet("link", "a reopening names what made it necessary", ({ link }) =>
    blank(link) ? [] : undefined,
  ),
};

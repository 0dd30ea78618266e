/** Undo: a command of one's own is taken back by events that say so, unless something stands in the way. */
import { accept, refuse } from "../kernel/decider.ts";
import { canonicalJson } from "../kernel/json.ts";
import { releaseOf } from "./claims.ts";
import type { MissionCommandOf, MissionSettings } from "./commands.ts";
import type { MissionDecision } from "./decision.ts";
import type { MissionEvent } from "./events.ts";
import { checkExecutionLaneFree, checkHolderIfHeld, checkImplementer, type Wish } from "./guards.ts";
import { laneAfterRelease } from "./lanes.ts";
import { findPlanProblem, planOf } from "./planning.ts";
import type { MissionRefusal } from "./refusals.ts";
import { findWorkPackage, isMet, type OpenMission, type WorkPackage } from "./state.ts";
import { insteadOfUndo } from "./undo-instead.ts";
import { alwaysThere, type Why, whatCannotBe } from "./undo-kinds.ts";

type Undo = MissionCommandOf<"Undo">;

export const decideUndo = (command: Undo, mission: OpenMission): MissionDecision => {
  const { done, actor } = command;
  if (done.isUndone) return accept();
  const why =
    whatCannotBe(done.events) ??
    (done.actor === actor ? undefined : notYours(done.actor)) ??
    (done.since === null ? undefined : changedSince(done.since, command, mission));
  if (why !== undefined) return refuse(cannotUndo(command, mission, why));
  const id = done.workPackageId;
  if (id === null) return undoneSettings(command, mission);
  const now = findWorkPackage(mission, id);
  const { before, after } = done;
  if (now === undefined || before === null || after === null)
    return refuse(cannotUndo(command, mission, alwaysThere));
  return undonePackage(command, mission, now, before, after);
};

const notYours = (who: string): Why => ({
  obstacle: "not_yours",
  invariant: "everybody undoes what they did themselves",
  next: `Ask ${who}, or do what is needed by a move, a revision or a force of your own.`,
});

const builtOn = "nothing is undone under what was built on it";

/** Nobody is sent to an event that is never undone, or that only somebody else undoes, without another way. */
const changedSince = (
  inTheWay: NonNullable<Why["inTheWay"]>,
  { actor, done }: Undo,
  mission: OpenMission,
): Why => {
  const { stays, actor: who } = inTheWay;
  if (stays === undefined && who === actor)
    return {
      obstacle: "changed_since",
      invariant: builtOn,
      next: "Undo that event first, or change what you want by a command of its own.",
      inTheWay,
    };
  const instead = insteadOfUndo(done, mission, actor);
  const byItself =
    instead?._tag === "Nothing"
      ? "It stands as it did before; there is nothing to take back."
      : "Change what you want by a command of its own.";
  return {
    obstacle: "changed_since",
    invariant: stays === undefined ? builtOn : `${builtOn}, and that is never undone: ${stays}`,
    next: stays === undefined ? `Ask ${who} to undo that event first. Else: ${byItself}` : byItself,
    inTheWay,
    instead,
  };
};

/** What no event of its own says: nothing can be named to be undone first. */
const changedBeside = ({ actor, done }: Undo, mission: OpenMission): Why => ({
  obstacle: "changed_since",
  invariant: builtOn,
  next: "Change what you want by a command of its own.",
  instead: insteadOfUndo(done, mission, actor),
});

const undoneSettings = (command: Undo, mission: OpenMission): MissionDecision => {
  const { eventId, commandId, settings } = command.done;
  if (settings === null) return refuse(cannotUndo(command, mission, alwaysThere));
  const { before, after } = settings;
  const is = ({ title, dependencyMetAt, targetBranch }: MissionSettings): boolean =>
    mission.title === title &&
    mission.dependencyMetAt === dependencyMetAt &&
    mission.targetBranch === targetBranch;
  if (is(before)) return accept();
  if (!is(after)) return refuse(cannotUndo(command, mission, changedBeside(command, mission)));
  const isTargetSame = before.targetBranch === after.targetBranch;
  const targetBack = isTargetSame ? {} : { targetBranch: before.targetBranch ?? null };
  return accept<MissionEvent>(
    {
      type: "MissionSettingsChanged",
      title: before.title,
      dependencyMetAt: before.dependencyMetAt,
      ...targetBack,
    },
    { type: "MissionSettingsReverted", undoes: eventId, undoneCommand: commandId, reason: command.reason },
  );
};

const undonePackage = (
  command: Undo,
  mission: OpenMission,
  now: WorkPackage,
  before: WorkPackage,
  after: WorkPackage,
): MissionDecision => {
  const { events } = command.done;
  const { id: workPackageId, lane: from } = now;
  const to = before.lane;
  const endedClaim = before.claim !== null && after.claim === null;
  if (endedClaim && (to === from || laneAfterRelease[to] === from))
    return refuse(cannotUndo(command, mission, claimsEnd));
  const lease = runningLease(command, before, after);
  if (lease !== undefined) return refuse(cannotUndo(command, mission, lease));
  const heldAsBefore = now.claim === null || now.claim.fence === before.claim?.fence;
  if (heldAsBefore && isSame(now, before)) return accept();
  // Events that changed it since are named above; this is for what no event of its own says.
  if (!isSame(now, after)) return refuse(cannotUndo(command, mission, changedBeside(command, mission)));
  const wish: Wish = { ...command, mission, workPackage: now, to };
  // A plan is revised by whoever sees that it must be, held or not; so is the revision taken back.
  const isPlan = events.every(({ type }) => type === "WorkPackageRevised" || type === "WorkPackageReverted");
  const notHolder = isPlan && command.fence === undefined ? undefined : checkHolderIfHeld(wish);
  if (notHolder !== undefined) return refuse(notHolder);
  const unmet = from === to ? undefined : laneProblem(command, mission, wish, before);
  if (unmet !== undefined) return refuse(unmet);
  const plan = changedPlan(now, before);
  const problem =
    plan?.dependsOn === undefined ? undefined : findPlanProblem(mission, workPackageId, plan.dependsOn);
  if (problem !== undefined) return refuse(problem);
  const { reason } = command;
  return accept<MissionEvent>(
    // A claim that came with the command goes with it; one that ended with it has ended.
    ...(before.claim?.fence === now.claim?.fence ? [] : releaseOf(now, reason)),
    ...(from === to ? [] : [{ type: "WorkPackageMoved", workPackageId, from, to, reason } as const]),
    ...(plan === undefined ? [] : [{ type: "WorkPackageRevised", workPackageId, ...plan } as const]),
    reverted(command, now, before),
  );
};

const claimsEnd: Why = {
  obstacle: "claim",
  invariant: "a claim that has ended is not given back, since its fence is over",
  next: "Claim the work package again.",
};

/**
 * A cancel takes a package out of anybody's hands because it leads nowhere. Taken back at once, it would leave the package to
 * whoever claims it next, with neither a lease that is over nor a force that is counted.
 */
const runningLease = (
  { actor, at, done: { events } }: Undo,
  { claim }: WorkPackage,
  after: WorkPackage,
): Why | undefined => {
  if (claim === null || after.claim !== null || claim.holder === actor) return undefined;
  if (events.some(({ type }) => type === "WorkPackageForced")) return undefined;
  if (Date.parse(at) >= Date.parse(claim.expiresAt)) return undefined;
  return {
    obstacle: "lease",
    invariant: "nobody's claim is passed over before its lease is over",
    next: `Undo it after ${claim.expiresAt}, when the lease of ${claim.holder} would have ended, or force the package, with a reason.`,
  };
};

/** Undo follows the rules of review, ownership and execution lanes; it is a correction and no way round them. */
const laneProblem = (
  command: Undo,
  mission: OpenMission,
  wish: Wish,
  before: WorkPackage,
): MissionRefusal | undefined => {
  const { workPackage: now, to } = wish;
  const { lane: from } = now;
  const isApproval = (lane: string | null): boolean => lane === "approved" || lane === "done";
  if (isApproval(to) || (to === "blocked" && isApproval(before.blockedFrom)))
    return cannotUndo(command, mission, {
      obstacle: "approval",
      invariant: "only a review, or a force that everybody sees, leads to approved and done",
      next: "Have it reviewed again.",
    });
  const { dependencyMetAt } = mission;
  const begun =
    isMet(now, dependencyMetAt) && !isMet(before, dependencyMetAt)
      ? Object.values(mission.workPackages).find(
          ({ dependsOn, lane }) =>
            dependsOn.includes(now.id) && lane !== "genesis" && lane !== "planned" && lane !== "canceled",
        )
      : undefined;
  if (begun !== undefined)
    return cannotUndo(command, mission, {
      obstacle: "built_upon",
      invariant: "work starts when its dependencies are met",
      next: `Reopen it by a move, with a reason; ${begun.id}, which depends on it, is ${begun.lane}.`,
    });
  if (to !== "claimed" && to !== "in_progress") return undefined;
  const takesBack = from === "for_review" ? checkImplementer(wish) : undefined;
  return takesBack ?? checkExecutionLaneFree(wish);
};

const cannotUndo = (
  { done }: Undo,
  { slug }: OpenMission,
  { obstacle, invariant, next, inTheWay = null, instead = null }: Why,
): MissionRefusal => ({
  _tag: "CannotUndo",
  mission: slug,
  workPackageId: done.workPackageId,
  invariant,
  obstacle,
  eventId: done.eventId,
  inTheWay: inTheWay === null ? null : named(inTheWay),
  next,
  ...(instead === null ? {} : { instead }),
});

const named = ({ eventId, revision, type, actor }: NonNullable<Why["inTheWay"]>) => ({
  eventId,
  revision,
  type,
  actor,
});

/** What an undo brings back. Not the claim, the fence, who implemented it, and what is counted: those remember what happened. */
const revertible = ({
  title,
  lane,
  dependsOn,
  owns,
  executionLane,
  subtasks,
  blockedFrom,
  evidence,
  subject,
  verdict = null,
  approvedBy,
  artifact,
}: WorkPackage) => ({
  title,
  lane,
  dependsOn,
  owns,
  executionLane,
  subtasks,
  blockedFrom,
  evidence,
  subject,
  verdict,
  approvedBy,
  ...(artifact === undefined ? {} : { artifact }),
});

const isSame = (one: WorkPackage, other: WorkPackage): boolean =>
  canonicalJson(revertible(one)) === canonicalJson(revertible(other));

/** Members of `wanted` that differ from those of `present`. */
const changed = <Fields extends object>(present: Fields, wanted: Fields): Partial<Fields> => {
  const members = Object.entries(wanted) as [keyof Fields, unknown][];
  return Object.fromEntries(
    members.filter(([key, value]) => canonicalJson(value) !== canonicalJson(present[key])),
  ) as Partial<Fields>;
};

const changedPlan = (now: WorkPackage, before: WorkPackage) => {
  const plan = changed(planOf(now), planOf(before));
  return Object.keys(plan).length === 0 ? undefined : plan;
};

const reverted = (command: Undo, now: WorkPackage, before: WorkPackage): MissionEvent => {
  const { eventId, commandId, events } = command.done;
  const { blockedFrom, evidence, subject, verdict = null, approvedBy } = before;
  const presently = { ...now, verdict: now.verdict ?? null };
  const requested = events.find((event) => event.type === "ReviewRequested");
  const judged = events.find((event) => event.type === "ReviewSubmitted");
  const isDone = (one: WorkPackage): readonly string[] =>
    one.subtasks.filter(({ done }) => done).map(({ id }) => id);
  const marks = canonicalJson(isDone(now)) === canonicalJson(isDone(before)) ? undefined : isDone(before);
  return {
    type: "WorkPackageReverted",
    workPackageId: now.id,
    undoes: eventId,
    undoneCommand: commandId,
    reason: command.reason,
    ...changed(
      {
        blockedFrom: presently.blockedFrom,
        evidence: presently.evidence,
        subject: presently.subject,
        verdict: presently.verdict,
        approvedBy: presently.approvedBy,
      },
      { blockedFrom, evidence, subject, verdict, approvedBy },
    ),
    ...(marks === undefined ? {} : { subtasksDone: marks }),
    ...(now.artifact?.superseded === true && before.artifact?.superseded !== true
      ? { reviewFileStands: true }
      : {}),
    ...(judged !== undefined
      ? { withdraws: { what: "verdict", cycle: judged.cycle } }
      : requested !== undefined
        ? { withdraws: { what: "request", cycle: requested.cycle } }
        : {}),
  };
};

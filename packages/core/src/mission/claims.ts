/** Claims: who holds a package, for how long, and how it comes free again. */
import { accept, refuse } from "../kernel/decider.ts";
import { timestamp } from "../kernel/ports.ts";
import type { ClaimObservation, MissionCommandOf } from "./commands.ts";
import type { MissionDecision } from "./decision.ts";
import type { ClaimKind, HoldingProgram, MissionEvent, Workplace } from "./events.ts";
import {
  checkExecutionLaneFree,
  checkHolder,
  checkNotSelf,
  checkUnclaimed,
  firstUnmet,
  reviewSubject,
  wishOf,
} from "./guards.ts";
import { findExit, type Lane, laneAfterRelease } from "./lanes.ts";
import type { OpenMission, WorkPackage } from "./state.ts";

/** Where a claim leads from each lane; from lanes of work that nobody holds, it takes the work up where it stands. */
const claimable: Readonly<Record<ClaimKind, Readonly<Partial<Record<Lane, Lane>>>>> = {
  implement: { planned: "claimed", claimed: "claimed", in_progress: "in_progress" },
  review: { for_review: "in_review", in_review: "in_review" },
};

export const decideClaim = (
  command: MissionCommandOf<"ClaimWorkPackage">,
  mission: OpenMission,
  workPackage: WorkPackage,
): MissionDecision => {
  const { kind, actor, at, leaseMs, workplace } = command;
  const { id: workPackageId, lane } = workPackage;
  const to = claimable[kind][lane];
  const wish = wishOf({ actor }, mission, workPackage, to);
  const held = checkUnclaimed(wish);
  if (held !== undefined) return refuse(held);
  if (to === undefined)
    return refuse({
      _tag: "NotClaimable",
      mission: mission.slug,
      workPackageId,
      invariant: "work is claimed from the plan and reviews are claimed from review",
      lane,
      kind,
    });
  const subject = workPackage.subject ?? reviewSubject(workPackage);
  if (kind === "review" && command.subject !== undefined && command.subject !== subject)
    return refuse({
      _tag: "SubjectChanged",
      mission: mission.slug,
      workPackageId,
      invariant: "a review is taken up of what the reviewer was sent to look at",
      reviewed: command.subject,
      subject,
    });
  const exit = findExit(lane, to);
  const unmet =
    exit !== undefined
      ? firstUnmet(exit, wish)
      : kind === "review"
        ? checkNotSelf(wish)
        : checkExecutionLaneFree(wish);
  if (unmet !== undefined) return refuse(unmet);
  const claimed = grant(workPackage, kind, actor, leaseMs, at, workplace);
  return to === lane
    ? accept(claimed)
    : accept(claimed, { type: "WorkPackageMoved", workPackageId, from: lane, to });
};

/** A claim with the next fence. */
export const grant = (
  workPackage: WorkPackage,
  kind: ClaimKind,
  holder: string,
  leaseMs: number,
  at: string,
  workplace?: Workplace,
): MissionEvent => ({
  type: "WorkPackageClaimed",
  workPackageId: workPackage.id,
  kind,
  holder,
  fence: workPackage.fence + 1,
  leaseMs,
  expiresAt: leaseEnd(at, leaseMs),
  ...(workplace === undefined ? {} : { workplace }),
});

const leaseEnd = (at: string, leaseMs: number): string => timestamp(Date.parse(at) + leaseMs);

export const decideRenewal = (
  command: MissionCommandOf<"RenewClaim">,
  mission: OpenMission,
  workPackage: WorkPackage,
): MissionDecision => {
  const { leaseMs, at, workplace } = command;
  const wish = wishOf(command, mission, workPackage);
  const notHolder = checkHolder(wish);
  if (notHolder !== undefined) return refuse(notHolder);
  if (workplace?.program !== undefined && !mayTakeUp(workPackage, workplace.program, command)) {
    const held = checkUnclaimed(wish);
    if (held !== undefined) return refuse(held);
  }
  const { id: workPackageId, fence } = workPackage;
  return accept({
    type: "ClaimRenewed",
    workPackageId,
    fence,
    leaseMs,
    expiresAt: leaseEnd(at, leaseMs),
    ...(workplace === undefined ? {} : { workplace }),
  });
};

/** One program at a time works under a claim: two of the same actor are as much in each other's way as any two. */
const mayTakeUp = (
  { claim }: WorkPackage,
  taker: HoldingProgram,
  { observed, passedOnBy }: Pick<MissionCommandOf<"RenewClaim">, "observed" | "passedOnBy">,
): boolean => {
  const program = claim?.workplace?.program;
  if (program === undefined) return true;
  if (isSameProgram(program, taker)) return true;
  if (passedOnBy !== undefined && isSameProgram(program, passedOnBy)) return true;
  return observed?.signal === "process_gone" && isAbout(observed, claim?.workplace);
};

const isSameProgram = (one: HoldingProgram, other: HoldingProgram): boolean =>
  one.pid === other.pid && one.started === other.started;

export const decideRelease = (
  command: MissionCommandOf<"ReleaseClaim">,
  mission: OpenMission,
  workPackage: WorkPackage,
): MissionDecision => {
  const { lane, id: workPackageId } = workPackage;
  const { reason } = command;
  const to = laneAfterRelease[lane];
  const wish = wishOf(command, mission, workPackage, to);
  const exit = to === undefined ? undefined : findExit(lane, to);
  const unmet = exit === undefined ? checkHolder(wish) : firstUnmet(exit, wish);
  if (unmet !== undefined) return refuse(unmet);
  const released = releaseOf(workPackage, reason);
  return to === undefined
    ? accept(...released)
    : accept(...released, {
        type: "WorkPackageMoved",
        workPackageId,
        from: lane,
        to,
        ...(reason === undefined ? {} : { reason }),
      });
};

/** The end of the present claim, if there is one. */
export const releaseOf = (
  { id: workPackageId, claim }: WorkPackage,
  reason?: string,
): readonly MissionEvent[] => {
  if (claim === null) return [];
  const { holder, fence } = claim;
  return [
    { type: "ClaimReleased", workPackageId, holder, fence, ...(reason === undefined ? {} : { reason }) },
  ];
};

/**
 * Expiry never takes a claim away by itself: somebody says so, and the log has to agree. Before the lease is over it agrees only
 * to the death of the very process, or the end of the very worktree, that the claim names. Work that nobody holds, as an undo or
 * an import leaves it, goes back without more ado.
 */
export const decideRecovery = (
  command: MissionCommandOf<"RecoverClaim">,
  mission: OpenMission,
  workPackage: WorkPackage,
): MissionDecision => {
  const { claim, lane, id: workPackageId } = workPackage;
  const { at, reason, observed } = command;
  const about = { mission: mission.slug, workPackageId };
  const to = laneAfterRelease[lane];
  if (claim === null) {
    if (to === undefined)
      return refuse({
        _tag: "NotHeld",
        ...about,
        invariant: "only a work package that is held, or under way, is recovered",
      });
    return accept({ type: "WorkPackageMoved", workPackageId, from: lane, to, reason });
  }
  const { holder, fence, expiresAt, workplace } = claim;
  const isOver = Date.parse(at) >= Date.parse(expiresAt);
  if (observed === undefined && !isOver)
    return refuse({
      _tag: "ClaimAlive",
      ...about,
      invariant: "a claim is not recovered before its lease is over",
      holder,
      expiresAt,
    });
  const fits = observed !== undefined && isAbout(observed, workplace);
  const isEnough = observed?.signal !== "no_commit" || isOver;
  if (observed !== undefined && !(fits && isEnough))
    return refuse({
      _tag: "ObservationUnfit",
      ...about,
      invariant: "what shows a claim dead is about the place that it names",
      holder,
      expiresAt,
      signal: observed.signal,
    });
  const signal = observed?.signal ?? "lease_expired";
  const recovered: MissionEvent = { type: "ClaimRecovered", workPackageId, holder, fence, signal, reason };
  if (to === undefined) return accept(recovered);
  return accept<MissionEvent>(recovered, { type: "WorkPackageMoved", workPackageId, from: lane, to, reason });
};

const isAbout = (observed: ClaimObservation, workplace: Workplace | undefined): boolean => {
  if (workplace === undefined) return false;
  const { host, program, worktree, branch, head } = workplace;
  switch (observed.signal) {
    case "process_gone":
      return host === observed.host && program !== undefined && isSameProgram(program, observed.program);
    case "worktree_gone":
      return host === observed.host && worktree?.id === observed.worktree;
    case "no_commit":
      return branch === observed.branch && head === observed.head;
  }
};

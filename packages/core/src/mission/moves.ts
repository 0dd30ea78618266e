/** Moves between lanes: by the table, or by force for everybody to see. */
import { accept, refuse } from "../kernel/decider.ts";
import { grant, releaseOf } from "./claims.ts";
import type { MissionCommandOf } from "./commands.ts";
import type { MissionDecision } from "./decision.ts";
import type { ClaimKind, MissionEvent } from "./events.ts";
import { allUnmet, checkHolder, checkHolderIfHeld, firstUnmet, reviewSubject, wishOf } from "./guards.ts";
import { findExit, type Guard, type Lane, lanes } from "./lanes.ts";
import type { OpenMission, WorkPackage } from "./state.ts";

/** Lease of a claim that comes with a forced move. @defaultValue 4 hours, as for a claim made by hand */
const forcedLeaseMs = 4 * 3_600_000;

/** Which kind of claim belongs to a lane. */
const claimOfLane: Readonly<Partial<Record<Lane, ClaimKind>>> = {
  claimed: "implement",
  in_progress: "implement",
  in_review: "review",
};

export const decideMove = (
  command: MissionCommandOf<"MoveWorkPackage">,
  mission: OpenMission,
  asFound: WorkPackage,
): MissionDecision => {
  const { to, reason, link, evidence = [] } = command;
  const { lane: from, id: workPackageId } = asFound;
  // Evidence that comes with a move counts for its guards, since it is recorded in the same breath.
  const workPackage: WorkPackage = { ...asFound, evidence: [...asFound.evidence, ...evidence] };
  const wish = wishOf(command, mission, workPackage, to);
  if (from === to) {
    const notHolder = checkHolderIfHeld(wish);
    return notHolder === undefined ? accept() : refuse(notHolder);
  }
  // Whoever writes under a claim that is over is told so first: where the package stands by now is no longer their affair.
  const stale = command.fence === undefined ? undefined : checkHolder(wish);
  if (stale !== undefined) return refuse(stale);
  const exit = findExit(from, to);
  const about = { mission: mission.slug, workPackageId, from, to };
  if (exit === undefined)
    return refuse({
      _tag: "MoveNotAllowed",
      ...about,
      invariant: "work packages move along the edges of the lane table",
      allowed: lanes[from].exits.map((other) => other.to),
    });
  if (!exit.via.includes("move"))
    return refuse({
      _tag: "WrongCommand",
      ...about,
      invariant: "claims are granted by claiming and verdicts are given by reviewing",
      use: exit.via.includes("claim") ? "claim" : "review",
    });
  const notHolder = evidence.length > 0 ? checkHolder(wish) : undefined;
  const unmet = notHolder ?? firstUnmet(exit, wish);
  if (unmet !== undefined) return refuse(unmet);
  const recorded: readonly MissionEvent[] =
    evidence.length > 0 ? [{ type: "EvidenceRecorded", workPackageId, evidence }] : [];
  return accept(...recorded, ...handOver(workPackage, to), ...endOfClaim(workPackage, to), {
    type: "WorkPackageMoved",
    workPackageId,
    from,
    to,
    ...(reason === undefined ? {} : { reason }),
    ...(link === undefined ? {} : { link }),
  });
};

/** Coming into review names what is to be reviewed. */
const handOver = (workPackage: WorkPackage, to: Lane): readonly MissionEvent[] =>
  to !== "for_review" || workPackage.lane === "in_review"
    ? []
    : [
        {
          type: "ReviewRequested",
          workPackageId: workPackage.id,
          cycle: workPackage.reviewCycle + 1,
          subject: reviewSubject(workPackage),
        },
      ];

/** A claim ends with the move unless it is the kind that belongs to the lane moved to. */
const endOfClaim = (workPackage: WorkPackage, to: Lane): readonly MissionEvent[] =>
  workPackage.claim?.kind === claimOfLane[to] ? [] : releaseOf(workPackage);

export const decideForce = (
  command: MissionCommandOf<"ForceWorkPackage">,
  mission: OpenMission,
  workPackage: WorkPackage,
): MissionDecision => {
  const { to, actor, at, reason, leaseMs = forcedLeaseMs } = command;
  const { lane: from, id: workPackageId } = workPackage;
  if (!lanes[to]?.shown)
    return refuse({
      _tag: "InvalidInput",
      mission: mission.slug,
      workPackageId,
      invariant: "a work package stands in a lane that is shown",
      field: "to",
      problem: "is no lane that a work package can be put in",
    });
  if (from === to) return accept();
  const wish = wishOf({ actor, reason }, mission, workPackage, to);
  const exit = findExit(from, to);
  const overrides: readonly (Guard | "no_exit")[] = exit === undefined ? ["no_exit"] : allUnmet(exit, wish);
  const forced: MissionEvent = { type: "WorkPackageForced", workPackageId, from, to, reason, overrides };
  const kind = claimOfLane[to];
  const granted = kind === undefined ? [] : [grant(workPackage, kind, actor, leaseMs, at)];
  return accept(...handOver(workPackage, to), ...releaseOf(workPackage, reason), ...granted, forced);
};

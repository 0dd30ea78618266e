/** The round that a worker of the kill rig walks: each step finds the lane the one before left. */
const round = [
  (workPackageId) => ({ type: "ClaimWorkPackage", workPackageId, kind: "implement", leaseMs: 3_600_000 }),
  (workPackageId) => ({ type: "MoveWorkPackage", workPackageId, to: "in_progress" }),
  (workPackageId, step) => ({
    type: "MoveWorkPackage",
    workPackageId,
    to: "for_review",
    evidence: [{ kind: "note", ref: `step ${step}` }],
  }),
  (workPackageId) => ({ type: "MoveWorkPackage", workPackageId, to: "in_progress" }),
  (workPackageId) => ({ type: "MoveWorkPackage", workPackageId, to: "blocked", reason: "waiting" }),
  (workPackageId) => ({ type: "MoveWorkPackage", workPackageId, to: "planned" }),
];

/** How many events each step of the round writes. */
const eventsOfRound = [2, 1, 4, 1, 1, 1];

export const requestOf = (workPackageId, step) => round[step % round.length](workPackageId, step);
export const eventsOf = (step) => eventsOfRound[step % round.length];
export const laneAfter = (step) =>
  ["claimed", "in_progress", "for_review", "in_progress", "blocked", "planned"][step % round.length];

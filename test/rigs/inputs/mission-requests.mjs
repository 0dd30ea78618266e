/** Requests to a mission of three packages as agents make them: often the next step, often not. */

export const planned = ["WP01", "WP02", "WP03"].map((workPackageId, index) => ({
  workPackageId,
  title: `Package ${index + 1}`,
  dependsOn: index === 1 ? ["WP01"] : [],
  owns: [`src/${index}/**`],
  subtasks: index === 2 ? [{ id: "T1", title: "Step" }] : [],
  executionLane: null,
}));

export const actors = ["ana", "ben", "cy"];

const lanes = [
  "planned",
  "claimed",
  "in_progress",
  "for_review",
  "in_review",
  "approved",
  "done",
  "blocked",
  "canceled",
];
const evidence = [{ kind: "commit", ref: "9c1f2ab" }];

/** `{ actor, request }`; the state of a model tells what the next right step is. */
export const nextRequest = (chance, state) => {
  const id = chance.pick(planned).workPackageId;
  const workPackage = state.workPackages?.[id];
  const holder = workPackage?.claim?.holder;
  const actor = holder !== undefined && chance.chance(75) ? holder : chance.pick(actors);
  const leaseMs = chance.pick([1_000, 60_000, 3_600_000, 30 * 24 * 3_600_000]);
  const about = { workPackageId: id };
  const detours = [
    { type: "ClaimWorkPackage", ...about, kind: "implement", leaseMs },
    { type: "ClaimWorkPackage", ...about, kind: "review", leaseMs },
    { type: "RenewClaim", ...about, leaseMs },
    { type: "ReleaseClaim", ...about, reason: "changed plans" },
    { type: "RecoverClaim", ...about, reason: "no answer" },
    { type: "MoveWorkPackage", ...about, to: chance.pick(lanes), reason: "because" },
    { type: "ForceWorkPackage", ...about, to: chance.pick(lanes), reason: "must", leaseMs },
    { type: "AddNote", ...about, text: `note ${chance.below(1_000)}` },
    { type: "RecordEvidence", ...about, evidence },
  ];
  if (workPackage === undefined || chance.chance(40)) return { actor, request: chance.pick(detours) };
  switch (workPackage.lane) {
    case "planned":
      return { actor, request: detours[0] };
    case "claimed":
      return { actor, request: { type: "MoveWorkPackage", ...about, to: "in_progress" } };
    case "in_progress":
      return id === "WP03" && chance.chance(50)
        ? { actor, request: { type: "MarkSubtask", ...about, subtaskId: "T1", done: true } }
        : { actor, request: { type: "MoveWorkPackage", ...about, to: "for_review", evidence } };
    case "for_review":
      return { actor: chance.pick(actors), request: detours[1] };
    case "in_review":
      return {
        actor,
        request: {
          type: "SubmitReview",
          ...about,
          verdict: chance.chance(60) ? "approved" : "changes_requested",
          notes: "seen",
        },
      };
    case "approved":
      return { actor, request: { type: "MoveWorkPackage", ...about, to: "done" } };
    default:
      return { actor, request: detours[chance.below(detours.length)] };
  }
};

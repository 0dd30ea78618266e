/** Shipping: a mission whose work is closed, agrees with its reviews and is on its target branch. */
import { accept, refuse } from "../kernel/decider.ts";
import { openWorkPackages } from "./archiving.ts";
import type { MissionCommandOf } from "./commands.ts";
import { contradictions } from "./consistency.ts";
import type { MissionDecision } from "./decision.ts";
import type { MissionEvent } from "./events.ts";
import { historicReview, isObservedAnew, withObserved } from "./review-files.ts";
import { findWorkPackage, type OpenMission } from "./state.ts";

/** A commit that a done package names as evidence of its work. */
export interface ShippedCommit {
  readonly workPackageId: string;
  /** As it was recorded: an id, or the beginning of one. */
  readonly ref: string;
}

/** What has to be on the target branch, each package in the order of the plan. */
export const commitsToShip = ({ workPackages }: OpenMission): readonly ShippedCommit[] =>
  Object.values(workPackages)
    .filter(({ lane }) => lane === "done")
    .flatMap(({ id, evidence }) =>
      evidence.flatMap(({ kind, ref }) => (kind === "commit" ? [{ workPackageId: id, ref }] : [])),
    );

/**
 * What git and the files say is observed by whoever asks: the commit, what it contains, how the target stands to its upstream.
 * Whether that is enough is asked here, of the log as it is when this is written.
 */
export const decideShipped = (
  { targetBranch, commit, upstream, contains = [], observed = [] }: MissionCommandOf<"ShipMission">,
  recorded: OpenMission,
): MissionDecision => {
  const mission = withObserved(recorded, observed);
  const { slug, shipped, workPackages } = mission;
  const open = openWorkPackages(mission).map(({ id }) => id);
  if (open.length > 0)
    return refuse({
      _tag: "MissionNotClosed",
      mission: slug,
      workPackageId: null,
      invariant: "what is shipped is closed: every work package is done or canceled",
      open,
    });
  if (!Object.values(workPackages).some(({ lane }) => lane === "done"))
    return refuse({
      _tag: "NothingToShip",
      mission: slug,
      workPackageId: null,
      invariant: "what is shipped was done",
    });
  const rejected = contradictions(mission).find(({ override }) => override === null);
  if (rejected !== undefined)
    return refuse({
      _tag: "ReviewContradicted",
      mission: slug,
      workPackageId: rejected.workPackageId,
      invariant: rejected.invariant,
      kind: rejected.kind,
      lane: rejected.lane,
      rejection: rejected.rejection,
    });
  const absent = commitsToShip(mission).find(({ ref }) => !contains.includes(ref));
  if (absent !== undefined)
    return refuse({
      _tag: "CommitNotShipped",
      mission: slug,
      workPackageId: absent.workPackageId,
      invariant: "what was done is on the target branch",
      ref: absent.ref,
      targetBranch,
    });
  // Others go on from there; a branch that was rewritten does not hold it any more.
  const isThere = shipped?.commit === commit || contains.includes(shipped?.commit ?? "");
  if (isThere && shipped?.targetBranch === targetBranch && shipped.changed !== true) return accept();
  const anew = observed.filter((one) => {
    const workPackage = findWorkPackage(recorded, one.workPackageId);
    return workPackage !== undefined && isObservedAnew(workPackage, one);
  });
  return accept<MissionEvent>(...anew.map(historicReview), {
    type: "MissionShipped",
    targetBranch,
    commit,
    upstream,
  });
};

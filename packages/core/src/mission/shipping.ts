/** Shipping: a mission whose work is closed and agrees with its reviews is on its target branch. */
import { accept, refuse } from "../kernel/decider.ts";
import { openWorkPackages } from "./archiving.ts";
import type { MissionCommandOf } from "./commands.ts";
import { contradictions } from "./consistency.ts";
import type { MissionDecision } from "./decision.ts";
import type { OpenMission } from "./state.ts";

/** The commit, and how the target stands to its upstream, are observed by whoever asks; what the log knows is asked here. */
export const decideShipped = (
  { targetBranch, commit, upstream }: MissionCommandOf<"ShipMission">,
  mission: OpenMission,
): MissionDecision => {
  const { slug, shipped } = mission;
  const open = openWorkPackages(mission).map(({ id }) => id);
  if (open.length > 0)
    return refuse({
      _tag: "MissionNotClosed",
      mission: slug,
      workPackageId: null,
      invariant: "what is shipped is closed: every work package is done or canceled",
      open,
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
    });
  if (shipped?.commit === commit && shipped.targetBranch === targetBranch) return accept();
  return accept({ type: "MissionShipped", targetBranch, commit, upstream });
};

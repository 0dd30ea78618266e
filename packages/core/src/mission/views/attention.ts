/** Answers "what needs somebody to look at it, and which command frees it?". */
import type { Mission, OpenMission, WorkPackage } from "../state.ts";
import type { Reviews } from "./reviews.ts";

export type AttentionKind =
  | "lease_expired"
  | "unheld_work"
  | "blocked"
  | "changes_requested_repeatedly"
  | "forced"
  | "approved_without_review"
  | "verdict_contradicts_lane"
  | "import_incomplete"
  | "waits_for_canceled";

export interface AttentionItem {
  readonly kind: AttentionKind;
  readonly mission: string;
  /** `null` when it is about the mission as a whole. */
  readonly workPackageId: string | null;
  readonly message: string;
  /** The words after `mled` that free it; `null` when a person has to think first. */
  readonly command: string | null;
}

/** Requests for changes from this many on are worth a look. Source: the attention list of user-experience decisions. */
const manyRejections = 2;

/**
 * What needs attention in a mission at `now` (RFC 3339). Judged from the state that commands are decided on and from the
 * reviews; expiry is the only thing that depends on the clock.
 */
export const attentionItems = (view: Mission, reviews: Reviews, now: string): readonly AttentionItem[] => {
  if (view._tag === "Absent") return [];
  const items = Object.values(view.workPackages).flatMap((workPackage) => [
    ...about(view, workPackage, reviews, now),
  ]);
  return view.importing ? [importIncomplete(view), ...items] : items;
};

const importIncomplete = ({ slug, importedFrom }: OpenMission): AttentionItem => ({
  kind: "import_incomplete",
  mission: slug,
  workPackageId: null,
  message: `the import of ${slug} was interrupted`,
  command: `import ${importedFrom} <the same folder>`,
});

function* about(
  mission: OpenMission,
  workPackage: WorkPackage,
  reviews: Reviews,
  now: string,
): Generator<AttentionItem> {
  const { id: workPackageId, lane, claim, dependsOn, forceCount, approvedBy, verdict } = workPackage;
  const ref = `${mission.slug}/${workPackageId}`;
  const item = (kind: AttentionKind, message: string, command: string | null): AttentionItem => ({
    kind,
    mission: mission.slug,
    workPackageId,
    message: `${ref} ${message}`,
    command,
  });
  if (claim !== null && Date.parse(now) >= Date.parse(claim.expiresAt))
    yield item(
      "lease_expired",
      `is held by ${claim.holder}, whose lease ended ${claim.expiresAt}`,
      `wp recover ${ref} --reason "lease over"`,
    );
  if (claim === null && (lane === "claimed" || lane === "in_progress"))
    yield item("unheld_work", `is ${lane} and held by nobody`, `wp claim ${ref}`);
  if (claim === null && lane === "in_review")
    yield item("unheld_work", "is in review and held by nobody", `review start ${ref}`);
  if (lane === "blocked")
    yield item(
      "blocked",
      `is blocked; it was ${workPackage.blockedFrom ?? "planned"}`,
      `wp move ${ref} ${workPackage.blockedFrom ?? "planned"}`,
    );
  const rejections = Object.hasOwn(reviews, workPackageId)
    ? (reviews[workPackageId]?.cycles ?? []).filter((cycle) => cycle.verdict === "changes_requested").length
    : 0;
  if (rejections >= manyRejections && lane !== "done" && lane !== "canceled")
    yield item("changes_requested_repeatedly", `was sent back ${rejections} times`, `log ${ref}`);
  if (forceCount > 0)
    yield item("forced", `was forced ${forceCount} ${forceCount === 1 ? "time" : "times"}`, `log ${ref}`);
  if ((lane === "approved" || lane === "done") && approvedBy === "force")
    yield item("approved_without_review", `is ${lane} by force, without an approving review`, `log ${ref}`);
  if ((lane === "approved" || lane === "done") && verdict?.verdict === "changes_requested")
    yield item(
      "verdict_contradicts_lane",
      `is ${lane}, but its newest verdict requests changes`,
      `log ${ref}`,
    );
  const canceled = dependsOn.filter((id) => mission.workPackages[id]?.lane === "canceled");
  if (lane === "planned" && canceled.length > 0)
    yield item("waits_for_canceled", `waits for ${canceled.join(", ")}, which is canceled`, null);
}

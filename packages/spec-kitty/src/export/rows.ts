/** A ledger's own events as rows of a status log, in the exact form in which Spec Kitty writes them. */
import type { RecordedEvent } from "@mission-ledger/core";
import type { MissionEvent } from "@mission-ledger/core/mission";
import type { PyObject, PyValue } from "../json/value.ts";
import { rowJson } from "../json/write.ts";
import { rowId } from "./row-clock.ts";

export interface RowMission {
  readonly slug: string;
  /** `undefined` when the log's rows name none either. */
  readonly missionId: string | undefined;
}

export interface Review {
  readonly reviewer: string;
  readonly verdict: string;
  readonly reference: string;
}

/** Where a verdict given in a ledger can be looked up. */
export const reviewOf = (
  slug: string,
  event: Pick<
    Extract<MissionEvent, { type: "ReviewSubmitted" }>,
    "cycle" | "reviewer" | "verdict" | "workPackageId"
  >,
): Review => ({
  reviewer: event.reviewer,
  verdict: event.verdict,
  reference: `mission-ledger://${slug}/${event.workPackageId}/cycle-${event.cycle}`,
});

export interface RowContext {
  readonly mission: RowMission;
  /** Asked once for each row. */
  nextAt(): string;
  /** The verdict given by the command that the event belongs to. */
  readonly review: Review | undefined;
  /** The newest verdict on the work package. */
  readonly lastReview: Review | undefined;
  readonly notes: string | undefined;
}

/** The row for an event; `undefined` for events of which Spec Kitty has no notion. */
export const rowOf = (
  recorded: RecordedEvent,
  event: MissionEvent,
  context: RowContext,
): string | undefined => {
  switch (event.type) {
    case "WorkPackageMoved":
    case "WorkPackageForced":
      return transitionRow(recorded, event, context);
    case "WorkPackageClaimed":
      return annotationRow(recorded, event.workPackageId, context, [["agent", event.holder]]);
    case "ClaimReleased":
    case "ClaimRecovered":
      return annotationRow(recorded, event.workPackageId, context, [["release_runtime_claim", true]]);
    case "SubtaskMarked":
      return annotationRow(recorded, event.workPackageId, context, [
        ["subtasks", new Map([[event.subtaskId, event.done ? "done" : "planned"]])],
      ]);
    case "NoteAdded":
      return annotationRow(recorded, event.workPackageId, context, [["note", event.text]]);
    default:
      return undefined;
  }
};

const annotationRow = (
  { id, revision, actor }: RecordedEvent,
  wpId: string,
  { nextAt }: RowContext,
  delta: readonly (readonly [string, PyValue])[],
): string => {
  const at = nextAt();
  return line([
    ["actor", actor],
    ["at", at],
    ["delta", new Map(delta)],
    ["event_id", rowId(at, revision, id)],
    ["kind", "annotation"],
    ["wp_id", wpId],
  ]);
};

const transitionRow = (
  { id, revision, actor }: RecordedEvent,
  event: Extract<MissionEvent, { type: "WorkPackageMoved" | "WorkPackageForced" }>,
  { mission, nextAt, review, lastReview, notes }: RowContext,
): string => {
  const at = nextAt();
  const { from, to, reason = notes ?? null } = event;
  const link = event.type === "WorkPackageMoved" ? event.link : undefined;
  const sentBack = review !== undefined && review.verdict !== "approved" ? review.reference : undefined;
  const approval = to === "done" && lastReview?.verdict === "approved" ? lastReview : undefined;
  return line([
    ["actor", actor],
    ["at", at],
    ["event_id", rowId(at, revision, id)],
    ["evidence", approval === undefined ? null : new Map([["review", reviewObject(approval)]])],
    ["execution_mode", "worktree"],
    ["force", event.type === "WorkPackageForced"],
    ["from_lane", from],
    ...(mission.missionId === undefined ? [] : [["mission_id", mission.missionId] as const]),
    ["mission_slug", mission.slug],
    ["policy_metadata", null],
    ["reason", reason],
    ["review_ref", link ?? sentBack ?? null],
    ...(review === undefined ? [] : [["review_result", reviewObject(review)] as const]),
    ["to_lane", to],
    ["wp_id", event.workPackageId],
  ]);
};

const reviewObject = ({ reviewer, verdict, reference }: Review): PyObject =>
  new Map([
    ["reviewer", reviewer],
    ["verdict", verdict],
    ["reference", reference],
  ]);

const line = (members: readonly (readonly [string, PyValue])[]): string => `${rowJson(new Map(members))}\n`;

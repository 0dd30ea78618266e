/** A lane transition as a row holds it, through all six eras of its shape. */
import { isPyObject, isTruthy, type PyObject, type PyValue, stringAt } from "../json/value.ts";
import { actorName } from "./actor.ts";
import { isSpecKittyLane } from "./lanes.ts";

/** `reviewer`, `verdict` and `reference`, and `feedback_path` where the row has one. */
export type ReviewResult = PyObject;

export interface Transition {
  readonly eventId: string;
  /** Empty in rows that name no mission. */
  readonly missionSlug: string;
  readonly missionId: string | undefined;
  readonly wpId: string;
  readonly from: string;
  readonly to: string;
  readonly at: string;
  readonly actor: string;
  readonly forced: boolean;
  readonly reason: PyValue;
  readonly reviewRef: PyValue;
  /** The `review` of the evidence, if it is whole. */
  readonly approval: ReviewResult | undefined;
  readonly reviewResult: ReviewResult | undefined;
  readonly policyMetadata: PyObject | undefined;
}

const required: readonly string[] = [
  "event_id",
  "wp_id",
  "from_lane",
  "to_lane",
  "at",
  "actor",
  "force",
  "execution_mode",
];

/** The transition, or a sentence that says why the row is none. Optional parts that are not sound are left out and named. */
export const decodeTransition = (
  row: PyObject,
): { readonly transition: Transition; readonly problems: readonly string[] } | string => {
  const missing = required.filter((key) => !row.has(key));
  if (missing.length > 0) return `lacks ${missing.join(", ")}`;
  const eventId = stringAt(row, "event_id");
  const wpId = stringAt(row, "wp_id");
  const from = stringAt(row, "from_lane");
  const to = stringAt(row, "to_lane");
  const at = stringAt(row, "at");
  const forced = row.get("force");
  if (eventId === undefined) return "has an event_id that is no string";
  if (wpId === undefined) return "has a wp_id that is no string";
  if (at === undefined) return "has an at that is no string";
  if (from === undefined || !isSpecKittyLane(from)) return "has a from_lane that is no lane";
  if (to === undefined || !isSpecKittyLane(to)) return "has a to_lane that is no lane";
  if (typeof forced !== "boolean") return "has a force that is neither true nor false";

  const problems: string[] = [];
  const actor = actorName(row.get("actor") as PyValue);
  if (actor === undefined) problems.push("its actor is an object other than role, profile, tool, model");
  const policyMetadata = row.get("policy_metadata") ?? null;
  if (policyMetadata !== null && !isPyObject(policyMetadata))
    problems.push("its policy_metadata is no object");
  const reviewResult = decodeReview(row.get("review_result"), true);
  if (reviewResult === "unsound") problems.push("its review_result lacks reviewer, verdict or reference");
  const evidence = row.get("evidence");
  const approval = isPyObject(evidence) ? decodeReview(evidence.get("review"), false) : undefined;
  if (isTruthy(evidence) && (approval === undefined || approval === "unsound"))
    problems.push("its evidence has no review with reviewer, verdict and reference");

  const slug = row.get("mission_slug");
  const transition: Transition = {
    eventId,
    missionSlug: (isTruthy(slug) ? stringAt(row, "mission_slug") : stringAt(row, "feature_slug")) ?? "",
    missionId: stringAt(row, "mission_id"),
    wpId,
    from,
    to,
    at,
    actor: actor ?? "",
    forced,
    reason: row.get("reason") ?? null,
    reviewRef: row.get("review_ref") ?? null,
    approval: approval === "unsound" ? undefined : approval,
    reviewResult: reviewResult === "unsound" ? undefined : reviewResult,
    policyMetadata: isPyObject(policyMetadata) ? policyMetadata : undefined,
  };
  return { transition, problems };
};

const decodeReview = (
  value: PyValue | undefined,
  withFeedback: boolean,
): ReviewResult | "unsound" | undefined => {
  if (!isTruthy(value)) return undefined;
  if (!isPyObject(value)) return "unsound";
  const review = new Map<string, PyValue>();
  for (const key of ["reviewer", "verdict", "reference"]) {
    const member = value.get(key);
    if (member === undefined) return "unsound";
    review.set(key, member);
  }
  const feedbackPath = value.get("feedback_path") ?? null;
  if (withFeedback && feedbackPath !== null) review.set("feedback_path", feedbackPath);
  return review;
};

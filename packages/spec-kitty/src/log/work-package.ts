/** One work package in the reducer: what a transition and an annotation do to it. */

import { isPyArray, isPyObject, isTruthy, type PyObject, type PyValue } from "../json/value.ts";
import { compactJson } from "../json/write.ts";
import type { RuntimeChange } from "./annotation.ts";
import type { ReviewResult, Transition } from "./transition.ts";

export interface ReducedWorkPackage {
  /** `uninitialized` when it has annotations only. */
  readonly lane: string;
  readonly actor: string;
  readonly lastTransitionAt: string | null;
  readonly lastEventId: string | null;
  readonly forceCount: number;
  /** Absent: never judged. `null`: left review without a verdict. Set: the newest verdict, which sticks. */
  readonly reviewResult?: ReviewResult | null;
  /** Runtime slots by their name in `status.json`. */
  readonly slots: PyObject;
}

export const stateWithoutTransitions = (actor: string): ReducedWorkPackage => ({
  lane: "uninitialized",
  actor,
  lastTransitionAt: null,
  lastEventId: null,
  forceCount: 0,
  slots: new Map(),
});

/** Whether a transition writes the verdict slot at all. */
export const writesVerdict = ({ reviewResult, from }: Transition): boolean =>
  reviewResult !== undefined || from === "in_review";

/** The lane becomes `to`, whatever `from` says and whether the edge is legal or not. */
export const applyTransition = (
  before: ReducedWorkPackage | undefined,
  transition: Transition,
): ReducedWorkPackage => {
  const kept = before?.reviewResult === undefined ? {} : { reviewResult: before.reviewResult };
  return {
    lane: transition.to,
    actor: transition.actor,
    lastTransitionAt: transition.at,
    lastEventId: transition.eventId,
    forceCount: (before?.forceCount ?? 0) + (transition.forced ? 1 : 0),
    ...(writesVerdict(transition) ? { reviewResult: transition.reviewResult ?? null } : kept),
    slots: claimedSlots(before?.slots ?? new Map(), transition),
  };
};

/** Only the claim of planned work writes runtime slots; a blank agent is no agent. */
const claimedSlots = (slots: PyObject, { from, to, policyMetadata }: Transition): PyObject => {
  if (from !== "planned" || to !== "claimed" || policyMetadata === undefined) return slots;
  const claimed = new Map(slots);
  for (const key of ["shell_pid", "shell_pid_created_at"]) {
    const value = policyMetadata.get(key) ?? null;
    if (value !== null) claimed.set(key, value);
  }
  const agent = policyMetadata.get("agent");
  if (agent !== undefined && isTruthy(agent)) claimed.set("agent", agent);
  return claimed;
};

export const applyAnnotation = (before: ReducedWorkPackage, change: RuntimeChange): ReducedWorkPackage => {
  const slots = new Map(before.slots);
  if (change.releasesClaim)
    for (const key of ["agent", "shell_pid", "shell_pid_created_at"]) slots.set(key, null);
  for (const [key, value] of change.replaced) slots.set(key, value);
  if (change.subtasks !== undefined) {
    const present = slots.get("subtasks");
    slots.set("subtasks", new Map([...(isPyObject(present) ? present : []), ...change.subtasks]));
  }
  if (change.note !== undefined) slots.set("notes", [...listOf(slots.get("notes")), change.note]);
  if (change.trackerRefsReplaced !== undefined)
    slots.set("tracker_refs", union([], change.trackerRefsReplaced));
  else if (change.trackerRefs !== undefined)
    slots.set("tracker_refs", union(listOf(slots.get("tracker_refs")), change.trackerRefs));
  if (change.review !== undefined) slots.set("review", change.review);
  return { ...before, slots };
};

const listOf = (value: PyValue | undefined): readonly PyValue[] => (isPyArray(value) ? value : []);

/** Both lists in order, each value once. */
const union = (first: readonly PyValue[], second: readonly PyValue[]): readonly PyValue[] => {
  const values = new Map(first.map((value) => [compactJson(value), value]));
  for (const value of second) if (!values.has(compactJson(value))) values.set(compactJson(value), value);
  return [...values.values()];
};

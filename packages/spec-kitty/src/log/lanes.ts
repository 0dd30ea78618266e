/** Spec Kitty's status lanes and its transition graph. They are its own; ours are in core's lane table. */

/** `uninitialized` is the answer for a work package without transitions; force can put it into a log all the same. */
export const specKittyLanes: readonly string[] = [
  "genesis",
  "uninitialized",
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

const laneSet: ReadonlySet<string> = new Set(specKittyLanes);

/** Exact names only; Spec Kitty's reader takes no alias either. */
export const isSpecKittyLane = (text: string): boolean => laneSet.has(text);

/** The lanes a snapshot counts. */
export const countedLanes: readonly string[] = specKittyLanes.filter(
  (lane) => lane !== "genesis" && lane !== "uninitialized",
);

/** What an unforced transition has to bring, as far as a row alone can show it. */
export type RowGuard =
  | "none"
  | "actor"
  | "approval_evidence"
  | "reason"
  | "review_ref"
  | "review_result"
  | "approved_result";

/**
 * The 29 edges, each with its guard. Guards that a row does not record (finished subtasks, a workspace) are `none`.
 *
 * Source: Spec Kitty's status machine at commit e6e3b735 (2026-08-22).
 */
const edges: ReadonlyMap<string, RowGuard> = new Map<string, RowGuard>([
  ["genesis planned", "none"],
  ["genesis canceled", "none"],
  ["planned claimed", "actor"],
  ["planned blocked", "none"],
  ["planned canceled", "none"],
  ["claimed in_progress", "none"],
  ["claimed blocked", "none"],
  ["claimed canceled", "none"],
  ["in_progress for_review", "none"],
  ["in_progress approved", "approval_evidence"],
  ["in_progress planned", "reason"],
  ["in_progress blocked", "none"],
  ["in_progress canceled", "none"],
  ["for_review in_review", "actor"],
  ["for_review blocked", "none"],
  ["for_review canceled", "none"],
  ["in_review approved", "approved_result"],
  ["in_review done", "approved_result"],
  ["in_review in_progress", "review_result"],
  ["in_review planned", "review_result"],
  ["in_review blocked", "review_result"],
  ["in_review canceled", "review_result"],
  ["approved done", "approval_evidence"],
  ["approved in_progress", "review_ref"],
  ["approved planned", "review_ref"],
  ["approved blocked", "none"],
  ["approved canceled", "none"],
  ["blocked in_progress", "none"],
  ["blocked canceled", "none"],
]);

/** The guard of an edge; `undefined` when there is no such edge. */
export const edgeGuard = (from: string, to: string): RowGuard | undefined => edges.get(`${from} ${to}`);

export const edgeCount: number = edges.size;

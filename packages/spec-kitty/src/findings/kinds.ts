/** Everything an import can have to say about what it found. Findings report; none of them stops an import. */
import { clip } from "../text.ts";

/** Kinds are stable: they are stored with an import as counts. Each with a sentence for people. */
export const findingKinds = {
  byte_order_mark: "The log begins with a byte order mark, at which Spec Kitty's reader stops.",
  chain_break: "A transition starts from another lane than the one its work package was in.",
  conflicting_event_id: "A later row repeats an event id with other content; the first row counts.",
  dependency_cycle: "A dependency was left out because the work package would wait for itself.",
  duplicate_event_id: "A later row is the same as an earlier one; it counts once.",
  file_left_out: "A file could not be kept beside the log.",
  foreign_mission_id: "Rows name another mission id than the mission's own.",
  foreign_mission_slug: "Rows name another mission slug than the mission's own.",
  frontmatter_unreadable: "The head of a work package file could not be read.",
  guard_unsatisfied: "An unforced transition lacks what its edge asks for.",
  illegal_edge: "An unforced transition is not in Spec Kitty's graph.",
  lane_without_counterpart:
    "A transition leads to a lane that a ledger does not have; the lane before it stays.",
  malformed_field: "An optional part of a row is not sound and was left out.",
  malformed_row: "A row is not JSON or lacks a required field; it is kept as text only.",
  missing_final_newline: "The log does not end with a newline.",
  multiple_mission_slugs: "The rows of the log name more than one mission slug.",
  plan_trimmed: "Part of a work package's plan is too long or not well formed and was left out.",
  review_cycle_gap: "The numbers of a work package's review files have a gap.",
  review_file_misnamed: "The name of a review file has no number of a cycle.",
  review_file_unreadable: "A review file cannot be read, or is about another work package.",
  review_file_without_package: "A review file lies in the folder of no work package.",
  review_file_without_verdict: "A review file gives no verdict, and the log gives none for it.",
  rollback_won: "A transition of the same instant as a rollback does not count.",
  rows_out_of_order: "The rows of the log are not sorted by time and id.",
  status_drift: "The committed status.json is not what the log reduces to.",
  torn_tail: "The last row is cut off.",
  transitions_out_of_order: "The transitions of the log are not sorted by time and id.",
  unknown_delta_key: "An annotation sets something that nobody knows; it is kept as text only.",
  unknown_dependency: "A work package depends on one that is not in the mission.",
  unknown_row_kind: "A row is of a kind that nobody knows; it is kept as text only.",
  unreadable_file: "A file beside the log could not be read.",
  unusable_work_package_id: "A work package's id cannot be used in a ledger; its rows are kept as text only.",
} as const;

export type FindingKind = keyof typeof findingKinds;

export interface Finding {
  readonly kind: FindingKind;
  /** Line of the log, counted from 1; `null` when the finding is not about a row. */
  readonly line: number | null;
  readonly eventId: string | null;
  readonly wpId: string | null;
  readonly message: string;
}

/** How many of each kind, kinds sorted. */
export const countFindings = (findings: readonly Finding[]): Readonly<Record<string, number>> => {
  const counts = new Map<string, number>();
  for (const { kind } of findings) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
};

/** A text from a log as it may stand in a message: quoted, escaped and short. */
export const quoted = (text: string): string => JSON.stringify(clip(text, 80));

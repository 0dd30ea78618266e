/** What is odd about a log: row by row, then transition by transition in the reducer's order. */
import { compareCodePoints, isTruthy, type PyObject, stringAt } from "../json/value.ts";
import { unknownDeltaKeys } from "../log/annotation.ts";
import { edgeGuard, type RowGuard } from "../log/lanes.ts";
import { byTimeThenId, type ReducedTransition, type Reduction } from "../log/reduce.ts";
import type { Row, StatusLog } from "../log/rows.ts";
import type { ReviewResult, Transition } from "../log/transition.ts";
import { type Finding, type FindingKind, quoted } from "./kinds.ts";

/** Who the mission is; what is not given is not compared. */
export interface MissionIdentity {
  readonly slug?: string;
  readonly missionId?: string;
}

/** Every finding about the log itself. Forced transitions are no finding; the reduction counts them. */
export const findings = (
  log: StatusLog,
  reduction: Reduction,
  identity: MissionIdentity = {},
): readonly Finding[] => [
  ...aboutFile(log),
  ...log.rows.flatMap((row) => aboutRow(row, log)),
  ...aboutOrder(log.rows),
  ...aboutIdentity(log.rows, identity),
  ...reduction.duplicates.map(({ row, first }) => {
    const same = row.text.trim() === first.text.trim();
    return about(
      row,
      same ? "duplicate_event_id" : "conflicting_event_id",
      `${quoted(row.transition.eventId)} stands in line ${first.line} already`,
    );
  }),
  ...reduction.transitions.flatMap(aboutTransition),
];

const about = (row: Row, kind: FindingKind, message: string): Finding => {
  if (row.kind === "transition")
    return { kind, line: row.line, eventId: row.transition.eventId, wpId: row.transition.wpId, message };
  if (row.kind === "annotation")
    return { kind, line: row.line, eventId: row.annotation.eventId, wpId: row.annotation.wpId, message };
  return {
    kind,
    line: row.line,
    eventId: "object" in row ? (stringAt(row.object, "event_id") ?? null) : null,
    wpId: null,
    message,
  };
};

const aboutLog = (kind: FindingKind, line: number | null, message: string): Finding => ({
  kind,
  line,
  eventId: null,
  wpId: null,
  message,
});

const aboutFile = ({ rows, byteOrderMark, endsWithNewline }: StatusLog): readonly Finding[] => {
  const last = rows.at(-1);
  return [
    ...(byteOrderMark ? [aboutLog("byte_order_mark", 1, "the log begins with a byte order mark")] : []),
    ...(last === undefined || endsWithNewline || last.kind === "malformed"
      ? []
      : [aboutLog("missing_final_newline", last.line, "the log does not end with a newline")]),
  ];
};

const aboutRow = (row: Row, { rows, endsWithNewline }: StatusLog): readonly Finding[] => {
  switch (row.kind) {
    case "malformed": {
      const torn = !endsWithNewline && row === rows.at(-1);
      return [about(row, torn ? "torn_tail" : "malformed_row", `the row ${row.problem}`)];
    }
    case "unknown":
      return [about(row, "unknown_row_kind", "the row is of a kind that nobody knows")];
    case "transition":
      return row.problems.map((problem) => about(row, "malformed_field", problem));
    case "annotation":
      return [
        ...row.problems.map((problem) => about(row, "malformed_field", problem)),
        ...unknownDeltaKeys(row.annotation.delta).map((key) =>
          about(row, "unknown_delta_key", `the delta sets ${quoted(key)}`),
        ),
      ];
    default:
      return [];
  }
};

const aboutOrder = (rows: readonly Row[]): readonly Finding[] => {
  const stamped = rows.flatMap((row) =>
    "object" in row ? [{ line: row.line, ...stampOf(row.object) }] : [],
  );
  const transitions = rows.flatMap((row) =>
    row.kind === "transition" ? [{ line: row.line, ...row.transition }] : [],
  );
  return [
    ...outOfOrder("rows_out_of_order", "row", stamped),
    ...outOfOrder("transitions_out_of_order", "transition", transitions),
  ];
};

const stampOf = (object: PyObject): { readonly at: string; readonly eventId: string } => ({
  at: stringAt(object, "at") || stringAt(object, "timestamp") || "",
  eventId: stringAt(object, "event_id") ?? "",
});

const outOfOrder = (
  kind: FindingKind,
  what: string,
  rows: readonly { readonly line: number; readonly at: string; readonly eventId: string }[],
): readonly Finding[] => {
  const late = rows.filter((row, index) => index > 0 && byTimeThenId(rows[index - 1] as typeof row, row) > 0);
  const [first] = late;
  if (first === undefined) return [];
  return [aboutLog(kind, first.line, `${late.length} of ${rows.length} ${what}s stand behind a later one`)];
};

const aboutIdentity = (rows: readonly Row[], { slug, missionId }: MissionIdentity): readonly Finding[] => {
  const transitions = rows.flatMap((row) => (row.kind === "transition" ? [row] : []));
  const slugs = groupLines(transitions.map(({ line, transition }) => [transition.missionSlug, line]));
  const ids = groupLines(transitions.map(({ line, transition }) => [transition.missionId ?? "", line]));
  const several = [...slugs.keys()].length > 1;
  return [
    ...(several
      ? [
          aboutLog(
            "multiple_mission_slugs",
            null,
            `the rows name ${[...slugs.keys()].map(quoted).slice(0, 8).join(", ")}`,
          ),
        ]
      : []),
    ...(slug === undefined ? [] : foreign("foreign_mission_slug", slugs, slug)),
    ...(missionId === undefined ? [] : foreign("foreign_mission_id", ids, missionId)),
  ];
};

/** Every name with the lines that carry it, blank names left out. */
const groupLines = (
  named: readonly (readonly [string, number])[],
): ReadonlyMap<string, readonly number[]> => {
  const groups = new Map<string, number[]>();
  for (const [name, line] of named) {
    if (name === "") continue;
    const lines = groups.get(name);
    if (lines === undefined) groups.set(name, [line]);
    else lines.push(line);
  }
  return new Map([...groups].sort(([a], [b]) => compareCodePoints(a, b)));
};

const foreign = (
  kind: FindingKind,
  groups: ReadonlyMap<string, readonly number[]>,
  own: string,
): readonly Finding[] =>
  [...groups]
    .filter(([name]) => name !== own)
    .map(([name, lines]) => aboutLog(kind, lines[0] ?? null, `${lines.length} rows name ${quoted(name)}`));

const aboutTransition = ({ row, laneBefore, applied }: ReducedTransition): readonly Finding[] => {
  const { transition } = row;
  const { from, to, forced } = transition;
  const guard = edgeGuard(from, to);
  const found: Finding[] = [];
  if (!forced && guard === undefined)
    found.push(about(row, "illegal_edge", `${from} does not lead to ${to} without force`));
  if (!forced && guard !== undefined && !isSatisfied(guard, transition))
    found.push(about(row, "guard_unsatisfied", `${from} to ${to} lacks ${guardWords[guard]}`));
  if (laneBefore !== undefined && laneBefore !== from)
    found.push(
      about(row, "chain_break", `the work package was ${laneBefore}, the row says ${from} to ${to}`),
    );
  if (!applied)
    found.push(about(row, "rollback_won", `${from} to ${to} falls into the instant of a rollback`));
  if (to === "uninitialized")
    found.push(about(row, "lane_without_counterpart", "the row leads to uninitialized"));
  return found;
};

const guardWords: Readonly<Record<RowGuard, string>> = {
  none: "nothing",
  actor: "an actor",
  approval_evidence: "evidence of an approval",
  reason: "a reason",
  review_ref: "a review_ref",
  review_result: "a review result",
  approved_result: "a review result that approves",
};

const isSatisfied = (
  guard: RowGuard,
  { actor, approval, reason, reviewRef, reviewResult }: Transition,
): boolean => {
  switch (guard) {
    case "none":
      return true;
    case "actor":
      return actor.trim() !== "";
    case "approval_evidence":
      return isWhole(approval) && approval?.get("verdict") === "approved";
    case "reason":
      return isTruthy(reason);
    case "review_ref":
      return isTruthy(reviewRef);
    case "review_result":
      return isWhole(reviewResult);
    case "approved_result":
      return isWhole(reviewResult) && reviewResult?.get("verdict") === "approved";
  }
};

const isWhole = (review: ReviewResult | undefined): boolean =>
  review !== undefined &&
  ["reviewer", "verdict", "reference"].every((key) => {
    const value = review.get(key);
    return typeof value === "string" && value.trim() !== "";
  });

import { describe, expect, test } from "vitest";
import { utf8Bytes } from "../bytes.ts";
import { reduceStatusLog } from "../log/reduce.ts";
import { parseStatusLog } from "../log/rows.ts";
import { annotationRow, idOf, logOf, rowText, transitionRow } from "../testing/rows.ts";
import { findings, type MissionIdentity } from "./findings.ts";
import { countFindings, findingKinds, quoted } from "./kinds.ts";

const found = (log: string | Uint8Array, identity?: MissionIdentity) => {
  const parsed = parseStatusLog(log);
  return findings(parsed, reduceStatusLog(parsed.rows), identity).map(({ kind, line, eventId, wpId }) => [
    kind,
    line,
    eventId,
    wpId,
  ]);
};
const planned = transitionRow(1, "WP01", "genesis", "planned");

describe("findings", () => {
  test("a sound log has none, and force is none", () => {
    expect(
      found(logOf(planned, transitionRow(2, "WP01", "planned", "done", { force: true, reason: "now" }))),
    ).toEqual([]);
  });

  test("an unforced edge outside the graph and a broken chain are named by event", () => {
    expect(found(logOf(planned, transitionRow(2, "WP01", "claimed", "planned")))).toEqual([
      ["illegal_edge", 2, idOf(2), "WP01"],
      ["chain_break", 2, idOf(2), "WP01"],
    ]);
  });

  test.each([
    ["planned", "claimed", { actor: " " }],
    ["in_progress", "approved", {}],
    ["in_progress", "planned", {}],
    [
      "in_review",
      "approved",
      { review_result: { reviewer: "heron", verdict: "changes_requested", reference: "r" } },
    ],
    ["in_review", "planned", {}],
    ["in_review", "blocked", { review_result: { reviewer: "heron", verdict: "x", reference: " " } }],
    [
      "approved",
      "done",
      { evidence: { review: { reviewer: "heron", verdict: "rejected", reference: "r" } } },
    ],
    ["approved", "planned", { review_ref: "" }],
  ])("%s to %s with %j lacks what the edge asks for", (from, to, changes) => {
    expect(found(logOf(transitionRow(1, "WP01", from, to, changes)))).toEqual([
      ["guard_unsatisfied", 1, idOf(1), "WP01"],
    ]);
  });

  test("a repeated id is a duplicate when the row is the same, and a conflict when it is not", () => {
    expect(found(logOf(planned, planned)).map(([kind]) => kind)).toEqual(["duplicate_event_id"]);
    expect(
      found(logOf(planned, transitionRow(1, "WP01", "genesis", "canceled"))).map(([kind]) => kind),
    ).toEqual(["conflicting_event_id"]);
  });

  test("rows and transitions out of order are each found once", () => {
    const rows = [
      transitionRow(5, "WP01", "planned", "claimed"),
      annotationRow(3, "WP01", {}),
      transitionRow(4, "WP01", "genesis", "planned"),
    ];
    expect(found(logOf(...rows))).toEqual([
      ["rows_out_of_order", 2, null, null],
      ["transitions_out_of_order", 3, null, null],
    ]);
  });

  test("rows that cannot be used are named by line", () => {
    const log = logOf(
      "{",
      rowText({ kind: "telepathy", event_id: "e1" }),
      annotationRow(1, "WP01", { review_result: {}, subtasks: { T001: "?" } }),
    );
    expect(found(log)).toEqual([
      ["malformed_row", 1, null, null],
      ["unknown_row_kind", 2, "e1", null],
      ["malformed_field", 3, idOf(1), "WP01"],
      ["unknown_delta_key", 3, idOf(1), "WP01"],
    ]);
  });

  test("a torn last row is torn, a whole one without newline is not", () => {
    expect(found(`${planned}\n${planned.slice(0, 50)}`)).toEqual([["torn_tail", 2, null, null]]);
    expect(found(planned)).toEqual([["missing_final_newline", 1, null, null]]);
    expect(found(utf8Bytes(`\ufeff${planned}\n`))).toEqual([["byte_order_mark", 1, null, null]]);
  });

  test("names of other missions are found once for each name", () => {
    const other = (number: number) =>
      transitionRow(number, `WP0${number}`, "genesis", "planned", {
        mission_slug: "raft",
        mission_id: "other",
      });
    expect(
      found(logOf(planned, other(2), other(3)), {
        slug: "build-a-raft",
        missionId: "01J0000000000000000MISS1ON",
      }),
    ).toEqual([
      ["multiple_mission_slugs", null, null, null],
      ["foreign_mission_slug", 2, null, null],
      ["foreign_mission_id", 2, null, null],
    ]);
  });

  test("a rollback that wins and a lane without counterpart are found", () => {
    const back = transitionRow(1, "WP01", "in_review", "in_progress", { force: true });
    const forward = transitionRow(2, "WP01", "in_progress", "for_review", {
      at: JSON.parse(back).at as string,
    });
    expect(found(logOf(back, forward)).map(([kind]) => kind)).toContain("rollback_won");
    expect(
      found(logOf(transitionRow(1, "WP01", "planned", "uninitialized", { force: true }))).map(
        ([kind]) => kind,
      ),
    ).toEqual(["lane_without_counterpart"]);
  });
});

test("kinds are snake case and each has a sentence", () => {
  for (const [kind, sentence] of Object.entries(findingKinds)) {
    expect(kind).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(sentence).toMatch(/^[A-Z].*\.$/);
  }
});

test("findings are counted by kind, sorted", () => {
  const finding = (kind: keyof typeof findingKinds) => ({
    kind,
    line: null,
    eventId: null,
    wpId: null,
    message: "",
  });
  expect(
    Object.entries(countFindings([finding("torn_tail"), finding("chain_break"), finding("torn_tail")])),
  ).toEqual([
    ["chain_break", 1],
    ["torn_tail", 2],
  ]);
});

test("texts of a log are quoted, escaped and short in messages", () => {
  expect(quoted(`\u001b[31m${"x".repeat(500)}`).length).toBeLessThan(100);
  expect(quoted("\u001b")).toBe('"\\u001b"');
});

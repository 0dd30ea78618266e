import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyMeta } from "../files/meta.ts";
import { snapshotText, stateObject } from "../files/snapshot.ts";
import { compactJson } from "../json/write.ts";
import { annotationRow, idOf, logOf, rowText, timeOf, transitionRow } from "../testing/rows.ts";
import { edgeCount, edgeGuard } from "./lanes.ts";
import { type Reduction, reduceStatusLog, verdictOf } from "./reduce.ts";
import { parseStatusLog } from "./rows.ts";
import type { ReducedWorkPackage } from "./work-package.ts";

const reduce = (...rows: readonly string[]): Reduction =>
  reduceStatusLog(parseStatusLog(logOf(...rows)).rows);
const wp01 = (...rows: readonly string[]): ReducedWorkPackage =>
  reduce(...rows).workPackages.get("WP01") as ReducedWorkPackage;
const stateOf = (...rows: readonly string[]) => JSON.parse(compactJson(stateObject(wp01(...rows))));

test("Spec Kitty's graph has 29 edges", () => {
  expect(edgeCount).toBe(29);
  expect(edgeGuard("claimed", "planned")).toBeUndefined();
});

describe("lanes", () => {
  test("the last transition sets the lane, whatever it says it comes from", () => {
    expect(
      wp01(transitionRow(1, "WP01", "planned", "claimed"), transitionRow(2, "WP01", "genesis", "done")).lane,
    ).toBe("done");
  });

  test("rows are sorted by the texts of time and id, not by the instants they name", () => {
    const late = transitionRow(1, "WP01", "planned", "claimed", { at: "2026-03-01T10:00:48Z" });
    const later = transitionRow(2, "WP01", "claimed", "in_progress", {
      at: "2026-03-01T10:00:48.900000+00:00",
    });
    expect(wp01(late, later).lane).toBe("claimed");
  });

  test("ids are compared by code point", () => {
    const emoji = transitionRow(1, "WP01", "planned", "claimed", { event_id: "😀" });
    const other = transitionRow(1, "WP01", "planned", "done", { event_id: "\uffee" });
    expect(wp01(emoji, other).lane).toBe("claimed");
  });

  test("of rows with one id the first counts, even when the later says something else", () => {
    const reduction = reduce(
      transitionRow(1, "WP01", "planned", "claimed"),
      transitionRow(1, "WP01", "planned", "done", { at: timeOf(9) }),
    );
    expect(reduction).toMatchObject({
      eventCount: 1,
      materializedAt: timeOf(1),
      duplicates: [{ row: { line: 2 }, first: { line: 1 } }],
    });
    expect(reduction.workPackages.get("WP01")?.lane).toBe("claimed");
  });

  test("a rollback wins over a forward move of the same instant, and only of the same", () => {
    const back = transitionRow(1, "WP01", "in_review", "in_progress", { force: true });
    const forward = transitionRow(2, "WP01", "in_review", "approved", { at: timeOf(1), force: true });
    expect(wp01(back, forward)).toMatchObject({ lane: "in_progress", forceCount: 1, lastEventId: idOf(1) });
    expect(reduce(back, forward).transitions.map(({ applied }) => applied)).toEqual([true, false]);
    expect(wp01(back, transitionRow(2, "WP01", "in_review", "approved")).lane).toBe("approved");
    const oldBack = transitionRow(1, "WP01", "for_review", "in_progress", { review_ref: "ref" });
    expect(wp01(oldBack, forward).lane).toBe("in_progress");
    expect(wp01(transitionRow(1, "WP01", "for_review", "in_progress"), forward).lane).toBe("approved");
  });

  test("the order of the rows in the file changes nothing while ids differ", () => {
    const rows = [
      transitionRow(1, "WP01", "genesis", "planned"),
      transitionRow(2, "WP01", "planned", "claimed", { policy_metadata: { agent: "otter", shell_pid: 7 } }),
      transitionRow(3, "WP02", "genesis", "planned"),
      transitionRow(4, "WP01", "in_review", "planned", { force: true }),
      annotationRow(5, "WP01", { note: "first" }),
      annotationRow(6, "WP01", { note: "second", subtasks: { T001: "done" } }),
    ];
    const expected = snapshotText(reduce(...rows), emptyMeta);
    fc.assert(
      fc.property(fc.shuffledSubarray(rows, { minLength: rows.length }), (shuffled) => {
        expect(snapshotText(reduce(...shuffled), emptyMeta)).toBe(expected);
      }),
    );
  });

  test("a work package with annotations only is uninitialized and counts in no lane", () => {
    const reduction = reduce(annotationRow(1, "WP01", { note: "hello" }));
    expect(reduction.workPackages.get("WP01")).toMatchObject({
      lane: "uninitialized",
      forceCount: 0,
      lastEventId: null,
      lastTransitionAt: null,
    });
    expect([...reduction.summary.values()].every((count) => count === 0)).toBe(true);
    expect(reduction.summary.size).toBe(9);
  });
});

describe("the verdict slot", () => {
  const reviewResult = {
    reviewer: "heron",
    verdict: "changes_requested",
    reference: "ref",
    feedback_path: "x.md",
  };
  const intoReview = transitionRow(1, "WP01", "for_review", "in_review");

  test("is absent, null when review is left without a verdict, and set when a row brings one", () => {
    expect(verdictOf(wp01(intoReview))).toBe("absent");
    expect(verdictOf(wp01(intoReview, transitionRow(2, "WP01", "in_review", "approved")))).toBe("null");
    expect(
      verdictOf(
        wp01(intoReview, transitionRow(2, "WP01", "in_review", "planned", { review_result: reviewResult })),
      ),
    ).toBe("changes_requested");
  });

  test("sticks through later moves", () => {
    const rejected = transitionRow(2, "WP01", "in_review", "planned", { review_result: reviewResult });
    expect(
      verdictOf(wp01(intoReview, rejected, transitionRow(3, "WP01", "planned", "done", { force: true }))),
    ).toBe("changes_requested");
  });
});

describe("runtime slots", () => {
  test("the claim of planned work writes them, a blank agent does not", () => {
    const claimed = (agent: string) =>
      transitionRow(1, "WP01", "planned", "claimed", {
        policy_metadata: { agent, shell_pid: 12, shell_pid_created_at: "then" },
      });
    expect(stateOf(claimed("otter"))).toMatchObject({
      agent: "otter",
      shell_pid: 12,
      shell_pid_created_at: "then",
    });
    expect(stateOf(claimed(""))).not.toHaveProperty("agent");
  });

  test("annotations fold after all transitions: replace, merge, append, unite, clear", () => {
    expect(
      stateOf(
        transitionRow(9, "WP01", "planned", "claimed", { policy_metadata: { agent: "otter", shell_pid: 1 } }),
        annotationRow(1, "WP01", {
          subtasks: { T001: "planned", T002: "done" },
          note: "one",
          tracker_refs: ["a", "b"],
          agent: "",
        }),
        annotationRow(2, "WP01", {
          subtasks: { T001: "done" },
          note: "two",
          tracker_refs: ["b", "c"],
          model: "m",
        }),
        annotationRow(3, "WP01", { release_runtime_claim: true, assignee: "heron", shell_pid: 5 }),
      ),
    ).toMatchObject({
      agent: null,
      shell_pid: 5,
      shell_pid_created_at: null,
      assignee: "heron",
      model: "m",
      notes: ["one", "two"],
      subtasks: { T001: "done", T002: "done" },
      tracker_refs: ["a", "b", "c"],
    });
  });

  test("tracker_refs_replace replaces, and four blank texts clear a review override", () => {
    const filled = { at: "t", actor: "heron", wp_id: "WP01", reason: "because" };
    const blank = { at: "", actor: "", wp_id: "", reason: "" };
    expect(stateOf(annotationRow(1, "WP01", { tracker_refs: ["a"], review: filled }))).toMatchObject({
      tracker_refs: ["a"],
      review: filled,
    });
    expect(
      stateOf(
        annotationRow(1, "WP01", { tracker_refs: ["a"], review: filled }),
        annotationRow(2, "WP01", { tracker_refs_replace: ["b", "b"], tracker_refs: ["c"], review: blank }),
      ),
    ).toMatchObject({ tracker_refs: ["b"], review: null });
  });

  test("hostile ids and keys stay plain members", () => {
    const reduction = reduce(
      transitionRow(1, "__proto__", "planned", "claimed"),
      annotationRow(2, "WP01", { subtasks: { constructor: "done" } }),
    );
    expect([...reduction.workPackages.keys()]).toEqual(["__proto__", "WP01"]);
    expect(snapshotText(reduction, emptyMeta)).toContain('"__proto__": {');
    expect(Reflect.get({}, "lane")).toBeUndefined();
  });
});

describe("the snapshot", () => {
  test("of an empty log names nothing and counts nothing", () => {
    expect(JSON.parse(snapshotText(reduce(), emptyMeta))).toMatchObject({
      mission_slug: "",
      event_count: 0,
      last_event_id: null,
      work_packages: {},
      materialized_at: "",
    });
  });

  test("takes the number from meta.json, else from the slug", () => {
    const reduction = reduce(
      transitionRow(1, "WP01", "genesis", "planned", { mission_slug: "007-build-a-raft" }),
    );
    expect(snapshotText(reduction, emptyMeta)).toContain('"mission_number": "7"');
    expect(snapshotText(reduction, { missionNumber: "12", missionType: "research" })).toContain(
      '"mission_number": "12"',
    );
  });

  test("a slug that is no safe path segment is left out", () => {
    for (const slug of ["../evil", "a/b", ".x", "a..b", ""])
      expect(reduce(transitionRow(1, "WP01", "genesis", "planned", { mission_slug: slug })).missionSlug).toBe(
        "",
      );
  });

  test("a retrospective is worked out from its events alone", () => {
    const event = (number: number, name: string, payload: Record<string, string> = {}) =>
      rowText({ event_name: `retrospective.${name}`, at: timeOf(number), event_id: idOf(number), payload });
    expect(reduce(rowText({ type: "RetrospectiveCaptured" })).retrospective).toBeUndefined();
    expect(
      reduce(
        event(1, "requested", { mode: "full" }),
        event(2, "proposal.generated"),
        event(3, "proposal.applied"),
        event(4, "proposal.applied"),
      ).retrospective,
    ).toEqual({
      status: "pending",
      mode: "full",
      recordPath: null,
      proposals: { total: 1, applied: 2, rejected: 0, pending: 0 },
    });
    expect(
      reduce(event(2, "failed"), event(1, "completed", { record_path: "r.md" })).retrospective,
    ).toMatchObject({ status: "failed", recordPath: null });
  });
});

import { describe, expect, test } from "vitest";
import { fold } from "../kernel/decider.ts";
import type { MissionCommandOf } from "./commands.ts";
import { mission } from "./decider.ts";
import type { MissionEvent } from "./events.ts";
import { limits } from "./input.ts";
import type { Lane } from "./lanes.ts";
import type { OpenMission } from "./state.ts";

const commit = "c".repeat(40);
const sha256 = "a".repeat(64);
const added = (workPackageId: string): MissionEvent => ({
  type: "WorkPackageAdded",
  workPackageId,
  title: workPackageId,
  dependsOn: [],
  owns: [],
  subtasks: [],
  executionLane: null,
});
const moved = (workPackageId: string, from: Lane, to: Lane): MissionEvent => ({
  type: "WorkPackageMoved",
  workPackageId,
  from,
  to,
});
const evidence = (workPackageId: string, ref: string): MissionEvent => ({
  type: "EvidenceRecorded",
  workPackageId,
  evidence: [
    { kind: "commit", ref },
    { kind: "test", ref: "pnpm test" },
  ],
});
const done: readonly MissionEvent[] = [
  { type: "MissionCreated", slug: "m", title: "M", missionId: "1", dependencyMetAt: "approved" },
  added("WP01"),
  added("WP02"),
  moved("WP01", "genesis", "planned"),
  evidence("WP01", "abcdef1"),
  moved("WP01", "approved", "done"),
  moved("WP02", "planned", "canceled"),
];
const state = (...more: readonly MissionEvent[]): OpenMission =>
  fold(mission, mission.initial, [...done, ...more]) as OpenMission;
const ship = (open: OpenMission, changes: Partial<MissionCommandOf<"ShipMission">> = {}) => {
  const decision = mission.decide(
    {
      type: "ShipMission",
      at: "2026-01-01T00:00:00.000Z",
      actor: "ops",
      targetBranch: "main",
      commit,
      upstream: null,
      contains: ["abcdef1"],
      ...changes,
    },
    open,
  );
  return decision._tag === "Left" ? decision.left : decision.right;
};
const shipped: MissionEvent = { type: "MissionShipped", targetBranch: "main", commit, upstream: null };

describe("shipping", () => {
  test("records which commit of which branch holds the mission", () => {
    expect(ship(state())).toEqual([shipped]);
  });

  test.each<Lane>(["planned", "claimed", "in_progress", "for_review", "in_review", "approved", "blocked"])(
    "is refused while a package is %s",
    (lane) => {
      expect(ship(state(moved("WP02", "canceled", lane)))).toMatchObject({
        _tag: "MissionNotClosed",
        open: ["WP02"],
      });
    },
  );

  test("is refused where nothing was done", () => {
    expect(ship(state(moved("WP01", "done", "canceled")))).toMatchObject({ _tag: "NothingToShip" });
  });

  test("is refused while a review contradicts a package, and names it, its lane and what rejects", () => {
    const rejects: MissionEvent = {
      type: "ReviewSubmitted",
      workPackageId: "WP01",
      cycle: 2,
      subject: "s",
      reviewer: "bob",
      verdict: "changes_requested",
      selfReview: false,
    };
    expect(ship(state(rejects))).toMatchObject({
      _tag: "ReviewContradicted",
      mission: "m",
      workPackageId: "WP01",
      kind: "verdict_rejects",
      lane: "done",
      rejection: { source: "verdict", cycle: 2 },
    });
    const answered: MissionEvent = {
      type: "VerdictOverridden",
      workPackageId: "WP01",
      rejection: { source: "verdict", cycle: 2 },
      by: "ops",
      reason: "r",
    };
    expect(ship(state(rejects, answered))).toEqual([shipped]);
  });

  test("is refused while a commit that a done package names was not seen on the target", () => {
    expect(ship(state(), { contains: [] })).toMatchObject({
      _tag: "CommitNotShipped",
      workPackageId: "WP01",
      ref: "abcdef1",
    });
    // Recorded since whoever asks has looked.
    expect(ship(state(evidence("WP01", "1234567")))).toMatchObject({
      _tag: "CommitNotShipped",
      ref: "1234567",
    });
    // What was canceled is nowhere to be.
    expect(ship(state(evidence("WP02", "1234567")))).toEqual([shipped]);
  });

  test("asked twice happens once", () => {
    expect(ship(state(shipped))).toEqual([]);
    // The branch has gone on.
    expect(ship(state(shipped), { commit: "d".repeat(40), contains: ["abcdef1", commit] })).toEqual([]);
  });

  test("happens again on a branch that was rewritten, on another branch, or after a package was reopened or added", () => {
    expect(ship(state(shipped), { commit: "d".repeat(40) })).toHaveLength(1);
    expect(ship(state(shipped), { targetBranch: "next" })).toHaveLength(1);
    const reopened = [moved("WP01", "done", "in_progress"), moved("WP01", "in_progress", "done")];
    expect(ship(state(shipped, ...reopened))).toEqual([shipped]);
    expect(ship(state(shipped, ...reopened, shipped))).toEqual([]);
    expect(ship(state(shipped, added("WP03"), moved("WP03", "planned", "canceled")))).toEqual([shipped]);
  });

  test("goes by the review files as they are now, and puts those that changed on record", () => {
    const observed = {
      workPackageId: "WP01",
      file: "tasks/WP01-a/review-cycle-1.md",
      sha256,
      cycle: 1,
      verdict: "changes_requested",
    } as const;
    expect(ship(state(), { observed: [observed] })).toMatchObject({ kind: "artifact_rejects" });
    const mended = { ...observed, sha256: "b".repeat(64), cycle: 2, verdict: "approved" } as const;
    const events = ship(state({ type: "HistoricReviewRecorded", ...observed }), { observed: [mended] });
    expect(events).toEqual([{ type: "HistoricReviewRecorded", ...mended }, shipped]);
    expect(ship(state({ type: "HistoricReviewRecorded", ...mended }), { observed: [mended] })).toEqual([
      shipped,
    ]);
  });

  test("takes no more files than fit into one commit", () => {
    const one = { workPackageId: "WP01", file: "f", sha256, cycle: 1, verdict: "approved" } as const;
    const observed = Array.from({ length: limits.reviewFiles + 1 }, () => one);
    expect(ship(state(), { observed })).toMatchObject({ _tag: "InvalidInput", field: "observed" });
  });
});

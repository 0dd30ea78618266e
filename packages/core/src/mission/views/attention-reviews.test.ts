import { describe, expect, test } from "vitest";
import { fold } from "../../kernel/decider.ts";
import { mission } from "../decider.ts";
import type { MissionEvent } from "../events.ts";
import { attentionItems } from "./attention.ts";

const workPackageId = "WP01";
const forced: MissionEvent = {
  type: "WorkPackageForced",
  workPackageId,
  from: "planned",
  to: "done",
  reason: "r",
  overrides: ["no_exit"],
};
const reviewFile: MissionEvent = {
  type: "HistoricReviewRecorded",
  workPackageId,
  file: "tasks/WP01-a/review-cycle-1.md",
  sha256: "a".repeat(64),
  cycle: 1,
  verdict: "unreadable",
};
const rejected = (reviewer: string, verdict: "approved" | "changes_requested"): MissionEvent => ({
  type: "ReviewSubmitted",
  workPackageId,
  cycle: 1,
  subject: "s",
  reviewer,
  verdict,
  selfReview: false,
});
const found = (...events: readonly MissionEvent[]) =>
  attentionItems(
    fold(mission, mission.initial, [
      { type: "MissionCreated", slug: "m", title: "M", missionId: "1", dependencyMetAt: "approved" },
      {
        type: "WorkPackageAdded",
        workPackageId,
        title: "T",
        dependsOn: [],
        owns: [],
        subtasks: [],
        executionLane: null,
      },
      ...events,
    ]),
    {},
    "2026-01-01T00:00:00.000Z",
  )
    .filter(({ kind }) => kind !== "forced")
    .map(({ kind, command }) => [kind, command]);

describe("attention to reviews", () => {
  test("names what was never reviewed, what its verdict rejects and what its file does not approve", () => {
    expect(found(forced)).toEqual([["approved_without_review", 'override m/WP01 --reason "…"']]);
    expect(found(rejected("bob", "changes_requested"), forced)).toEqual([
      ["verdict_contradicts_lane", 'override m/WP01 --reason "…"'],
    ]);
    expect(found(rejected("bob", "changes_requested"), reviewFile, forced)).toEqual([
      ["verdict_contradicts_lane", 'override m/WP01 --of verdict --reason "…"'],
      ["review_file_contradicts_lane", 'override m/WP01 --of file --reason "…"'],
    ]);
  });

  test("is over once somebody answers, but for an answer by who implemented it", () => {
    const answered = (by: string): MissionEvent => ({
      type: "VerdictOverridden",
      workPackageId,
      rejection: { source: "verdict", cycle: 0 },
      by,
      reason: "r",
    });
    const claimed: MissionEvent = {
      type: "WorkPackageClaimed",
      workPackageId,
      kind: "implement",
      holder: "ada",
      fence: 1,
      leaseMs: 1_000,
      expiresAt: "2027-01-01T00:00:00.000Z",
    };
    const released: MissionEvent = { type: "ClaimReleased", workPackageId, holder: "ada", fence: 1 };
    expect(found(claimed, released, forced, answered("ops"))).toEqual([]);
    expect(found(claimed, released, forced, answered("ada"))).toEqual([["hollow_review", "log m/WP01"]]);
  });
});

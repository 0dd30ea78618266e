import { describe, expect, test } from "vitest";
import { fold } from "../kernel/decider.ts";
import type { MissionCommand } from "./commands.ts";
import { contradictionsOf, reviewConsistency } from "./consistency.ts";
import { mission } from "./decider.ts";
import type { ArtifactVerdict, MissionEvent, Verdict } from "./events.ts";
import type { Lane } from "./lanes.ts";
import { type ObservedReview, withObserved } from "./review-files.ts";
import { findWorkPackage, type OpenMission, type WorkPackage } from "./state.ts";

const id = "WP01";
const asked = { at: "2026-01-01T00:00:00.000Z", actor: "ops" };
const sha = (digit: string): string => digit.repeat(64);
const file = "tasks/WP01-a/review-cycle-1.md";

const planned: readonly MissionEvent[] = [
  { type: "MissionCreated", slug: "m", title: "M", missionId: "1", dependencyMetAt: "approved" },
  {
    type: "WorkPackageAdded",
    workPackageId: id,
    title: "T",
    dependsOn: [],
    owns: [],
    subtasks: [],
    executionLane: null,
  },
  { type: "WorkPackageMoved", workPackageId: id, from: "genesis", to: "planned" },
];
const imported = (
  transitions: readonly { to: Lane; forced?: boolean; verdict?: string | null; by?: string }[],
  more: readonly MissionEvent[] = [],
): OpenMission =>
  open([
    {
      type: "ImportBegun",
      source: "elsewhere",
      slug: "m",
      title: "M",
      missionId: "1",
      dependencyMetAt: "approved",
      files: [],
    },
    planned[1] as MissionEvent,
    ...transitions.map(
      ({ to, forced = false, verdict, by = "otter" }): MissionEvent => ({
        type: "HistoricTransitionRecorded",
        workPackageId: id,
        from: "planned",
        to,
        at: "2025-01-01T00:00:00Z",
        by,
        forced,
        sourceEventId: "e",
        ...(verdict === undefined
          ? {}
          : {
              verdict: verdict === null ? null : { verdict, reviewer: "beaver", reference: "elsewhere://1" },
            }),
      }),
    ),
    ...more,
    { type: "ImportCompleted", rows: 0, transitions: 0, annotations: 0, otherRows: 0, findings: {} },
  ]);
const reviewFile = (verdict: ArtifactVerdict, cycle = 1, content = "a"): MissionEvent => ({
  type: "HistoricReviewRecorded",
  workPackageId: id,
  file: `tasks/WP01-a/review-cycle-${cycle}.md`,
  sha256: sha(content),
  cycle,
  verdict,
});
const open = (events: readonly MissionEvent[]): OpenMission => {
  const state = fold(mission, mission.initial, events);
  if (state._tag === "Absent") throw new Error("absent");
  return state;
};
const packageOf = (state: OpenMission): WorkPackage => {
  const found = findWorkPackage(state, id);
  if (found === undefined) throw new Error("no package");
  return found;
};
const forced = (from: Lane, to: Lane): MissionEvent => ({
  type: "WorkPackageForced",
  workPackageId: id,
  from,
  to,
  reason: "r",
  overrides: ["no_exit"],
});
const judged = (verdict: Verdict, cycle = 1, reviewer = "bob", subject = "s"): MissionEvent => ({
  type: "ReviewSubmitted",
  workPackageId: id,
  cycle,
  subject,
  reviewer,
  verdict,
  selfReview: false,
});
const claimed = (holder: string, fence: number): MissionEvent => ({
  type: "WorkPackageClaimed",
  workPackageId: id,
  kind: "implement",
  holder,
  fence,
  leaseMs: 60_000,
  expiresAt: "2026-01-01T01:00:00.000Z",
});
const kinds = (state: OpenMission): readonly string[] =>
  contradictionsOf(state, packageOf(state)).map(({ kind, override }) =>
    override === null ? kind : "answered",
  );
const verdictOf = (state: OpenMission): string | undefined => reviewConsistency(state)[0]?.verdict;
const decided = (state: OpenMission, command: Partial<MissionCommand> & { type: MissionCommand["type"] }) => {
  const decision = mission.decide(
    { ...asked, workPackageId: id, reason: "r", ...command } as MissionCommand,
    state,
  );
  return decision._tag === "Left" ? decision.left._tag : decision.right;
};
const after = (state: OpenMission, events: readonly MissionEvent[] | string): OpenMission => {
  if (typeof events === "string") throw new Error(events);
  return fold(mission, state, events) as OpenMission;
};
const overridden = (state: OpenMission): OpenMission => {
  const [first] = contradictionsOf(state, packageOf(state)).filter(({ override }) => override === null);
  if (first === undefined) throw new Error("nothing stands");
  return after(state, decided(state, { type: "OverrideVerdict", rejection: first.rejection }));
};

describe("a package that is approved or done", () => {
  test("by a verdict agrees with it", () => {
    const state = open([
      ...planned,
      judged("approved"),
      { type: "WorkPackageMoved", workPackageId: id, from: "in_review", to: "approved" },
    ]);
    expect(reviewConsistency(state)).toEqual([
      {
        workPackageId: id,
        lane: "approved",
        verdict: "consistent",
        restsOn: "review",
        hollow: null,
        contradictions: [],
      },
    ]);
  });

  test("by force although its newest verdict requests changes contradicts it", () => {
    expect(kinds(open([...planned, judged("changes_requested"), forced("planned", "done")]))).toEqual([
      "verdict_rejects",
    ]);
  });

  test("by force without any review was never reviewed", () => {
    expect(kinds(open([...planned, forced("planned", "approved")]))).toEqual(["no_review"]);
  });

  test("is not covered by an approval of work that was taken up again since", () => {
    const again = open([
      ...planned,
      judged("approved"),
      { type: "WorkPackageMoved", workPackageId: id, from: "in_review", to: "approved" },
      forced("approved", "in_progress"),
      claimed("ada", 2),
      forced("in_progress", "approved"),
    ]);
    expect(kinds(again)).toEqual(["no_review"]);
  });

  test.each<[ArtifactVerdict, readonly string[]]>([
    ["approved", []],
    ["changes_requested", ["artifact_rejects"]],
    ["missing", ["artifact_without_verdict"]],
    ["unreadable", ["artifact_unreadable"]],
  ])("with a newest review file that is %s: %j", (verdict, expected) => {
    expect(kinds(imported([{ to: "done" }], [reviewFile(verdict)]))).toEqual(expected);
    // How it came there makes no difference: the file says it all.
    expect(kinds(imported([{ to: "done", forced: true }], [reviewFile(verdict)]))).toEqual(expected);
  });

  test("with an approving verdict in the log is contradicted by a newest file that rejects", () => {
    const state = imported([{ to: "approved", verdict: "approved" }], [reviewFile("changes_requested")]);
    expect(kinds(state)).toEqual(["artifact_rejects"]);
  });

  test("names both where the verdict and the file reject", () => {
    const state = imported([{ to: "done", verdict: "changes_requested" }], [reviewFile("changes_requested")]);
    expect(kinds(state)).toEqual(["verdict_rejects", "artifact_rejects"]);
  });

  test("of imported history, unforced and without verdict or file, rests on its source and is told so", () => {
    expect(reviewConsistency(imported([{ to: "done" }]))).toMatchObject([
      { verdict: "consistent", restsOn: "source" },
    ]);
  });

  test("of imported history that was forced there, without verdict or file, was not reviewed", () => {
    expect(kinds(imported([{ to: "done", forced: true }]))).toEqual(["no_review"]);
    expect(kinds(imported([{ to: "done", forced: true, verdict: "approved" }]))).toEqual([]);
    expect(
      kinds(
        imported([
          { to: "approved", verdict: "approved" },
          { to: "in_progress" },
          { to: "done", forced: true },
        ]),
      ),
    ).toEqual(["no_review"]);
  });

  test("is covered by an imported approval only until somebody works on it here", () => {
    const state = imported([{ to: "done" }], [reviewFile("approved")]);
    const reworked = after(state, [
      forced("done", "in_progress"),
      claimed("ada", 1),
      forced("in_progress", "done"),
    ]);
    expect(kinds(reworked)).toEqual(["no_review"]);
  });

  test("an approval by who implemented it is hollow: told, and no contradiction", () => {
    const state = open([
      ...planned,
      claimed("ada", 1),
      judged("approved", 1, "ada"),
      { type: "WorkPackageMoved", workPackageId: id, from: "in_review", to: "approved" },
    ]);
    expect(reviewConsistency(state)).toMatchObject([
      { verdict: "consistent", hollow: { what: "review", by: "ada" } },
    ]);
  });

  test("an override by who implemented it is hollow as well", () => {
    const state = open([...planned, claimed("ops", 1), forced("claimed", "done")]);
    expect(reviewConsistency(overridden(state))).toMatchObject([
      { verdict: "overridden", hollow: { what: "override", by: "ops" } },
    ]);
  });
});

describe("in any other lane", () => {
  test.each<Lane>(["planned", "in_progress", "for_review", "in_review", "blocked", "canceled"])(
    "%s, nothing is contradicted",
    (lane) => {
      expect(kinds(open([...planned, judged("changes_requested"), forced("planned", lane)]))).toEqual([]);
    },
  );
});

describe("an override", () => {
  const rejected = open([...planned, judged("changes_requested", 3), forced("planned", "done")]);

  test("answers for the rejection that it names", () => {
    expect(verdictOf(rejected)).toBe("verdict_rejects");
    expect(reviewConsistency(overridden(rejected))).toMatchObject([
      {
        verdict: "overridden",
        restsOn: "override",
        contradictions: [
          { override: { by: "ops", reason: "r", rejection: { source: "verdict", cycle: 3 } } },
        ],
      },
    ]);
  });

  test("is refused for a rejection that does not stand", () => {
    const other = { source: "verdict", cycle: 2 } as const;
    expect(decided(rejected, { type: "OverrideVerdict", rejection: other })).toBe("NothingToOverride");
    const fine = imported([{ to: "done" }], [reviewFile("approved")]);
    expect(
      decided(fine, { type: "OverrideVerdict", rejection: { source: "artifact", file, sha256: sha("a") } }),
    ).toBe("NothingToOverride");
    const elsewhere = open([...planned, judged("changes_requested", 3)]);
    expect(decided(elsewhere, { type: "OverrideVerdict", rejection: { ...other, cycle: 3 } })).toBe(
      "NothingToOverride",
    );
  });

  test("needs a reason", () => {
    const rejection = { source: "verdict", cycle: 3 } as const;
    expect(decided(rejected, { type: "OverrideVerdict", rejection, reason: " " })).toBe("InvalidInput");
  });

  test("asked twice happens once", () => {
    const rejection = { source: "verdict", cycle: 3 } as const;
    expect(decided(overridden(rejected), { type: "OverrideVerdict", rejection })).toEqual([]);
  });

  test("of one does not answer for the other", () => {
    const both = imported([{ to: "done", verdict: "changes_requested" }], [reviewFile("changes_requested")]);
    const one = overridden(both);
    expect(kinds(one)).toEqual(["answered", "artifact_rejects"]);
    expect(kinds(overridden(one))).toEqual(["answered", "answered"]);
  });

  test("is gone when the package is taken up again and comes back without a review", () => {
    const again = after(overridden(rejected), [forced("done", "in_progress"), forced("in_progress", "done")]);
    expect(kinds(again)).toEqual(["verdict_rejects"]);
  });

  test("stays while the package is only blocked", () => {
    const back = after(overridden(rejected), [forced("done", "blocked"), forced("blocked", "done")]);
    expect(kinds(back)).toEqual(["answered"]);
  });
});

describe("a review in this ledger", () => {
  const state = imported([{ to: "done" }], [reviewFile("changes_requested")]);

  test("is newer than any file that came with the import", () => {
    const approved = after(state, [
      judged("approved"),
      forced("done", "in_review"),
      forced("in_review", "done"),
    ]);
    expect(kinds(approved)).not.toContain("artifact_rejects");
  });

  test("that is undone leaves the file as the newest review again", () => {
    const undone = after(state, [
      judged("approved"),
      {
        type: "WorkPackageReverted",
        workPackageId: id,
        undoes: "e",
        undoneCommand: "c",
        reason: "r",
        verdict: null,
        reviewFileStands: true,
      },
    ]);
    expect(packageOf(undone).artifact).toEqual(packageOf(state).artifact);
    expect(kinds(undone)).toEqual(["artifact_rejects"]);
  });
});

describe("a review file that is looked at again", () => {
  const seen = (verdict: ArtifactVerdict, cycle: number, content: string): ObservedReview => ({
    workPackageId: id,
    file: `tasks/WP01-a/review-cycle-${cycle}.md`,
    sha256: sha(content),
    cycle,
    verdict,
  });
  const now = (state: OpenMission, ...files: readonly ObservedReview[]): readonly string[] =>
    kinds(withObserved(state, files));
  const approved = imported([{ to: "done" }], [reviewFile("approved", 2)]);
  const rejects = imported([{ to: "done" }], [reviewFile("changes_requested", 2)]);

  test("counts when it changed after the import, whichever way", () => {
    expect(now(approved, seen("changes_requested", 2, "b"))).toEqual(["artifact_rejects"]);
    expect(now(approved, seen("unreadable", 3, "b"))).toEqual(["artifact_unreadable"]);
    expect(now(rejects, seen("approved", 3, "b"))).toEqual([]);
    expect(now(imported([{ to: "done" }]), seen("missing", 1, "b"))).toEqual(["artifact_without_verdict"]);
  });

  test("of an earlier cycle does not take the place of one that is gone", () => {
    expect(now(rejects, seen("approved", 1, "b"))).toEqual(["artifact_rejects"]);
    expect(now(rejects)).toEqual(["artifact_rejects"]);
  });

  test("and is as it was imported stays answered for, or superseded", () => {
    expect(now(overridden(rejects), seen("changes_requested", 2, "a"))).toEqual(["answered"]);
    const reviewed = after(rejects, [judged("approved"), forced("done", "approved")]);
    expect(now(reviewed, seen("changes_requested", 2, "a"))).toEqual([]);
    expect(now(reviewed, seen("changes_requested", 2, "b"))).toEqual(["artifact_rejects"]);
  });

  test("and changed is answered for by name and content, and goes on record with that", () => {
    const changed = seen("changes_requested", 3, "b");
    expect(now(overridden(rejects), changed)).toEqual(["artifact_rejects"]);
    const events = decided(rejects, {
      type: "OverrideVerdict",
      rejection: { source: "artifact", file: changed.file, sha256: changed.sha256 },
      observed: changed,
    });
    expect(events).toMatchObject([
      { type: "HistoricReviewRecorded", cycle: 3 },
      { type: "VerdictOverridden" },
    ]);
    const answered = after(rejects, events);
    expect(now(answered, changed)).toEqual(["answered"]);
    expect(kinds(answered)).toEqual(["answered"]);
  });

  test("is not answered for by an override of what is on record", () => {
    const changed = seen("changes_requested", 3, "b");
    expect(
      decided(rejects, {
        type: "OverrideVerdict",
        rejection: { source: "artifact", file: changed.file, sha256: changed.sha256 },
      }),
    ).toBe("NothingToOverride");
  });
});

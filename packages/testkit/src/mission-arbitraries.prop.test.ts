import { fold } from "@mission-ledger/core";
import {
  board,
  claims,
  lanesOfMission,
  type Mission,
  type MissionCommand,
  type MissionEvent,
  mission,
  missionCodec,
  missionStream,
  ready,
  reviews,
  shownLanes,
} from "@mission-ledger/core/mission";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deciderLaws } from "./laws/decider-laws.ts";
import { projectionLaws } from "./laws/projection-laws.ts";
import { missionCommands, missionEvents } from "./mission-arbitraries.ts";

const run = (commands: readonly MissionCommand[]) => {
  let state: Mission = mission.initial;
  const events: MissionEvent[] = [];
  const refusals: string[] = [];
  const lanes = new Set<string>();
  for (const command of commands) {
    const decided = mission.decide(command, state);
    if (decided._tag === "Left") refusals.push(decided.left._tag);
    else {
      state = fold(mission, state, decided.right);
      events.push(...decided.right);
    }
    if (state._tag === "Open") for (const { lane } of Object.values(state.workPackages)) lanes.add(lane);
  }
  return { state, events, refusals, lanes };
};

describe("the mission commands", () => {
  const runs = fc
    .sample(missionCommands(), { numRuns: 300, seed: 7 })
    .map((commands) => ({ commands, ...run(commands) }));

  test("make real work happen", () => {
    const asked = runs.reduce((sum, { commands }) => sum + commands.length, 0);
    const refused = runs.reduce((sum, { refusals }) => sum + refusals.length, 0);
    expect(refused / asked).toBeLessThan(0.4);
    const finished = runs.filter(({ lanes }) => lanes.has("done"));
    expect(finished.length / runs.length).toBeGreaterThan(0.5);
  });

  test("come into every lane and make every kind of event of everyday work", () => {
    const lanes = new Set(runs.flatMap((one) => [...one.lanes]));
    expect([...lanes].sort()).toEqual([...shownLanes].sort());
    const types = new Set(runs.flatMap(({ events }) => events.map(({ type }) => type)));
    expect([...types].sort()).toEqual([
      "ClaimRecovered",
      "ClaimReleased",
      "ClaimRenewed",
      "EvidenceRecorded",
      "MissionCreated",
      "MissionSettingsChanged",
      "MissionSettingsReverted",
      "NoteAdded",
      "ReviewRequested",
      "ReviewSubmitted",
      "SubtaskMarked",
      "WorkPackageAdded",
      "WorkPackageClaimed",
      "WorkPackageForced",
      "WorkPackageMoved",
      "WorkPackageReverted",
      "WorkPackageRevised",
    ]);
  });

  test("meet most refusals", () => {
    const met = new Set(runs.flatMap(({ refusals }) => refusals));
    for (const tag of [
      "InvalidInput",
      "WorkPackageNotFound",
      "WorkPackageExists",
      "MoveNotAllowed",
      "WrongCommand",
      "GuardFailed",
      "ClaimHeld",
      "NotClaimable",
      "NotHeld",
      "NotHolder",
      "StaleFence",
      "ClaimAlive",
      "NotInReview",
      "DependencyCycle",
      "SubtaskNotFound",
      "CannotUndo",
    ])
      expect([...met], tag).toContain(tag);
  });
});

describe("the mission", () => {
  const laws = deciderLaws(mission, {
    commands: missionCommands(),
    codec: missionCodec,
    // Grants and ends of claims are answered truly the second time; only the command id makes a retry of them silent.
    mayRefuseRepeat: ({ _tag }) =>
      ["MissionExists", "ClaimHeld", "NotHeld", "NotInReview", "StaleFence", "CannotUndo"].includes(_tag),
    mayHappenTwice: ({ type }) => ["AddNote", "RecordEvidence", "RenewClaim"].includes(type),
  });
  for (const { name, check } of laws) test(name, () => check({ numRuns: 150 }));
});

/** A mission as an import tells it: packages of another system, with its lanes and marks. */
const historicEvents: fc.Arbitrary<readonly MissionEvent[]> = fc
  .array(
    fc.record({
      pick: fc.nat({ max: 2 }),
      what: fc.constantFrom("moved", "judged", "annotated"),
      to: fc.constantFrom("planned", "claimed", "in_progress", "for_review", "approved", "done", "elsewhere"),
      forced: fc.boolean(),
      verdict: fc.constantFrom("approved", "changes_requested", "other", null),
      minute: fc.nat({ max: 59 }),
    }),
    { maxLength: 12 },
  )
  .map((steps) => [
    {
      type: "ImportBegun",
      source: "spec-kitty",
      slug: "sample",
      title: "Sample",
      missionId: "m1",
      dependencyMetAt: "done",
      files: [{ name: "plan.md", bytes: 1, sha256: "0".repeat(64) }],
    },
    { type: "SourceChunkRecorded", file: "plan.md", index: 0, encoding: "utf8", text: "x" },
    ...[0, 1, 2].map(
      (index): MissionEvent => ({
        type: "WorkPackageAdded",
        workPackageId: `WP0${index}`,
        title: `Package ${index}`,
        dependsOn: index === 0 ? [] : ["WP00"],
        owns: ["src/**"],
        subtasks: [{ id: "T1", title: "one" }],
        executionLane: null,
      }),
    ),
    ...steps.map(({ pick, what, to, forced, verdict, minute }, index): MissionEvent => {
      const about = {
        workPackageId: `WP0${pick}`,
        at: new Date(Date.UTC(2025, 0, 1, 0, minute)).toISOString(),
        by: `agent-${pick}`,
        sourceEventId: `s${index}`,
      };
      if (what === "annotated")
        return {
          type: "HistoricAnnotationRecorded",
          ...about,
          delta: { subtasks: { T1: forced ? "done" : "open" } },
        };
      const judged = verdict === null ? null : { verdict, reviewer: "rex", reference: `r${index}` };
      return {
        type: "HistoricTransitionRecorded",
        ...about,
        from: "planned",
        to,
        forced,
        ...(what === "judged" ? { verdict: judged } : {}),
      };
    }),
    { type: "ImportCompleted", rows: 1, transitions: 1, annotations: 1, otherRows: 0, findings: {} },
  ]);

describe("the mission's views", () => {
  const events = fc.oneof({ weight: 3, arbitrary: missionEvents({ maxSteps: 25 }) }, historicEvents);
  const stream = missionStream("sample");
  const lawsOfViews = {
    board: projectionLaws(board, missionCodec, { events, stream }),
    claims: projectionLaws(claims, missionCodec, { events, stream }),
    lanes: projectionLaws(lanesOfMission, missionCodec, { events, stream }),
    ready: projectionLaws(ready, missionCodec, { events, stream }),
    reviews: projectionLaws(reviews, missionCodec, { events, stream }),
  };
  for (const [view, lawsOfView] of Object.entries(lawsOfViews))
    for (const { name, check } of lawsOfView) test(`${view}: ${name}`, () => check({ numRuns: 25 }));
});

import { describe, expect, test } from "vitest";
import { mission } from "./decider.ts";
import type { MissionEvent } from "./events.ts";
import { missionEvolution } from "./evolution.ts";
import type { Mission, OpenMission } from "./state.ts";

const added = (workPackageId: string): MissionEvent => ({
  type: "WorkPackageAdded",
  workPackageId,
  title: `Package ${workPackageId}`,
  dependsOn: [],
  owns: ["src/**"],
  subtasks: [{ id: "T1", title: "first" }],
  executionLane: null,
});

const planned = (count: number): OpenMission => {
  const events: MissionEvent[] = [
    { type: "MissionCreated", slug: "m", title: "M", missionId: "m", dependencyMetAt: "approved" },
    ...Array.from({ length: count }, (_, index) => added(`WP${index + 1}`)),
  ];
  return events.reduce<Mission>(
    (state, event) => mission.evolveInPlace?.(state, event) ?? state,
    mission.initial,
  ) as OpenMission;
};

const after = (state: Mission, ...events: readonly MissionEvent[]): OpenMission => {
  const evolution = missionEvolution(state);
  for (const event of events) evolution.take(event);
  return evolution.end() as OpenMission;
};

const done = (workPackageId: string): MissionEvent => ({
  type: "SubtaskMarked",
  workPackageId,
  subtaskId: "T1",
  done: true,
});

describe("a mission's evolution", () => {
  for (const count of [3, 600]) {
    test(`copies one of ${count} packages and shares the others, in their order`, () => {
      const before = planned(count);
      const text = JSON.stringify(before);
      const now = after(before, done("WP2"));

      expect(JSON.stringify(before)).toBe(text);
      expect(now.workPackages.WP2?.subtasks).toEqual([{ id: "T1", title: "first", done: true }]);
      expect(now.workPackages.WP1).toBe(before.workPackages.WP1);
      expect(Object.keys(now.workPackages)).toEqual(Object.keys(before.workPackages));
      expect(Object.getPrototypeOf(now.workPackages)).toBe(Object.prototype);
    });

    test(`freezes all of ${count} packages, since later states share them`, () => {
      const now = after(planned(count), done("WP2"), added("WPX"));

      expect(Object.isFrozen(now)).toBe(true);
      expect(Object.isFrozen(now.workPackages)).toBe(true);
      for (const workPackage of Object.values(now.workPackages)) {
        expect(Object.isFrozen(workPackage)).toBe(true);
        expect(workPackage.subtasks.every((subtask) => Object.isFrozen(subtask))).toBe(true);
      }
    });
  }

  test("answers the very state where events change nothing", () => {
    const before = planned(2);
    expect(after(before, { type: "NoteAdded", workPackageId: "WP1", text: "a note" })).toBe(before);
  });

  test("leaves packages alone that are not in the plan", () => {
    const before = planned(1);
    expect(after(before, done("WP9"))).toEqual(before);
  });
});

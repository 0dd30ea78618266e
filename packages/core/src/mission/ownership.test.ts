import { describe, expect, test } from "vitest";
import { fold } from "../kernel/decider.ts";
import { mission as decider } from "./decider.ts";
import type { MissionEvent, PlannedWorkPackage, Workplace } from "./events.ts";
import type { Lane } from "./lanes.ts";
import { judgeOwnership, type OwnershipVerdict } from "./ownership.ts";
import type { OwnershipContext } from "./ownership-context.ts";
import type { ChangedFile } from "./ownership-paths.ts";
import type { OpenMission } from "./state.ts";

const at = "2026-03-01T10:00:00.000Z";
const later = "2026-03-01T14:00:00.000Z";
const [here, there] = [
  { id: "a".repeat(32), name: "lane-a" },
  { id: "b".repeat(32), name: "elsewhere" },
];
const workplace = (worktree: typeof here | undefined = here, branch: string | null = "work"): Workplace => ({
  host: "c".repeat(32),
  ...(worktree === undefined ? {} : { worktree }),
  branch,
});

const planned = (id: string, more: Partial<PlannedWorkPackage> = {}): MissionEvent => ({
  type: "WorkPackageAdded",
  workPackageId: id,
  title: id,
  dependsOn: [],
  owns: [`${id}/**`],
  subtasks: [],
  executionLane: "lane-a",
  ...more,
});
const claimed = (id: string, fence: number, where?: Workplace): MissionEvent => ({
  type: "WorkPackageClaimed",
  workPackageId: id,
  kind: "implement",
  holder: "ada",
  fence,
  leaseMs: 14_400_000,
  expiresAt: later,
  ...(where === undefined ? {} : { workplace: where }),
});
const moved = (id: string, from: Lane, to: Lane): MissionEvent => ({
  type: "WorkPackageMoved",
  workPackageId: id,
  from,
  to,
});
const released = (id: string, fence: number): MissionEvent => ({
  type: "ClaimReleased",
  workPackageId: id,
  holder: "ada",
  fence,
});
/** From the plan to work in progress. */
const begun = (
  id: string,
  where: Workplace | undefined = workplace(),
  fence = 1,
): readonly MissionEvent[] => [
  claimed(id, fence, where),
  moved(id, "planned", "claimed"),
  moved(id, "claimed", "in_progress"),
];
const handedOver = (id: string, fence = 1): readonly MissionEvent[] => [
  released(id, fence),
  moved(id, "in_progress", "for_review"),
];

const missionOf = (events: readonly MissionEvent[], slug = "p"): OpenMission => {
  const created: MissionEvent = {
    type: "MissionCreated",
    slug,
    title: slug,
    missionId: slug,
    dependencyMetAt: "approved",
  };
  return fold(decider, decider.initial, [created, ...events]) as OpenMission;
};

const plan = [planned("WP01"), planned("WP02"), planned("WP03")];
const place = { worktree: here.id, branch: "work" };
const changed = (...paths: readonly string[]): readonly ChangedFile[] =>
  paths.map((path) => ({ _tag: "Modified", path }));

interface Asked {
  readonly context?: OwnershipContext;
  readonly changes?: readonly ChangedFile[];
  readonly at?: string;
}
const judge = (
  missions: OpenMission | readonly OpenMission[],
  { context = { place }, changes = changed("WP01/a"), at: now = at }: Asked = {},
): OwnershipVerdict =>
  judgeOwnership({ missions: [missions].flat() as readonly OpenMission[], context, changes, at: now });

const activeIn = (verdict: OwnershipVerdict): string | null | undefined =>
  "active" in verdict && !Array.isArray(verdict.active)
    ? ((verdict.active as { workPackage: { id: string } } | null)?.workPackage.id ?? null)
    : undefined;
const reasonsIn = (verdict: OwnershipVerdict): readonly (readonly [string, string, readonly string[]])[] =>
  "inactive" in verdict
    ? verdict.inactive.map(({ workPackageId, reason, next }) => [workPackageId, reason, next])
    : [];

describe("a shared lane that moves through three packages with disjoint files", () => {
  test("is guarded by the files of the package that is worked on, each time", () => {
    const log: MissionEvent[] = [...plan];
    for (const [index, id] of ["WP01", "WP02", "WP03"].entries()) {
      log.push(...begun(id));
      for (const [other, owner] of ["WP01", "WP02", "WP03"].entries()) {
        const verdict = judge(missionOf(log), { changes: changed(`${owner}/file`) });
        expect(activeIn(verdict)).toBe(id);
        if (index === other) expect(verdict._tag).toBe("Ok");
        else expect(verdict).toMatchObject({ _tag: "Violated", violations: [{ ownedBy: [owner] }] });
      }
      log.push(...handedOver(id), moved(id, "for_review", "in_review"), moved(id, "in_review", "approved"));
      expect(judge(missionOf(log), { changes: changed(`${id}/file`) })._tag).toBe("ContextMissing");
    }
  });

  test("answers the same by the name of the lane as by the worktree", () => {
    const mission = missionOf([...plan, ...begun("WP01"), ...handedOver("WP01"), ...begun("WP02")]);
    const context: OwnershipContext = { place, asked: { _tag: "ExecutionLane", executionLane: "lane-a" } };
    expect(judge(mission, { context, changes: changed("WP02/a") })).toEqual(
      judge(mission, { changes: changed("WP02/a") }),
    );
    expect(judge(mission, { context })._tag).toBe("Violated");
  });

  test("is stale, and no violation, for who still names the package before", () => {
    const mission = missionOf([...plan, ...begun("WP01"), ...handedOver("WP01"), ...begun("WP02")]);
    const asked = { _tag: "WorkPackage", mission: "p", workPackageId: "WP01" } as const;
    const verdict = judge(mission, { context: { place, asked } });
    expect(verdict).toMatchObject({ _tag: "ContextStale", active: [{ workPackage: { id: "WP02" } }] });
    expect(reasonsIn(verdict)).toEqual([
      ["WP01", "in_review", ["wp move p/WP01 in_progress", "wp claim p/WP01"]],
    ]);
  });
});

describe("the context", () => {
  test("is the package of a live claim in this worktree, whatever lane of execution it has", () => {
    const mission = missionOf([planned("WP01", { executionLane: null }), ...begun("WP01")]);
    expect(judge(mission)).toMatchObject({ _tag: "Ok", checked: 1, ofLedger: 0 });
  });

  test("is there from the claim on, before work has begun", () => {
    const log = [...plan, claimed("WP01", 1, workplace()), moved("WP01", "planned", "claimed")];
    expect(judge(missionOf(log))._tag).toBe("Ok");
  });

  test.each<readonly [string, readonly MissionEvent[], string, readonly string[]]>([
    ["a lease that is over", begun("WP01", workplace()), "lease_over", ["wp renew p/WP01"]],
    ["another branch", begun("WP01", workplace(here, "other")), "branch_differs", []],
    ["a branch where none is checked out", begun("WP01", workplace(here, null)), "branch_differs", []],
  ])("is stale with %s", (what, events, reason, next) => {
    const mission = missionOf([...plan, ...events]);
    const verdict = judge(mission, { at: what === "a lease that is over" ? later : at });
    expect(verdict).toMatchObject({ _tag: "ContextStale", active: [] });
    expect(reasonsIn(verdict)).toEqual([["WP01", reason, next]]);
  });

  test.each<readonly [Lane, string, readonly string[]]>([
    ["for_review", "in_review", ["wp move p/WP01 in_progress", "wp claim p/WP01"]],
    ["in_review", "in_review", ["review submit p/WP01 --verdict changes_requested", "wp claim p/WP01"]],
    ["approved", "finished", ['wp move p/WP01 in_progress --reason "…"', "wp claim p/WP01"]],
    ["done", "finished", ['wp move p/WP01 in_progress --reason "…" --link <why>', "wp claim p/WP01"]],
    ["canceled", "finished", []],
    ["blocked", "blocked", ["wp move p/WP01 in_progress", "wp claim p/WP01"]],
  ])("that names a package which went to %s is stale, with the way back", (lane, reason, next) => {
    const mission = missionOf([
      ...plan,
      ...begun("WP01"),
      released("WP01", 1),
      moved("WP01", "in_progress", lane),
    ]);
    const asked = { _tag: "WorkPackage", mission: "p", workPackageId: "WP01" } as const;
    const verdict = judge(mission, { context: { place, asked } });
    expect(verdict).toMatchObject({ _tag: "ContextStale", active: [] });
    expect(reasonsIn(verdict)).toEqual([["WP01", reason, next]]);
  });

  test("a branch with no context does not pass: without any claim it is missing", () => {
    expect(judge(missionOf(plan))).toMatchObject({ _tag: "ContextMissing", inactive: [] });
    expect(judge([])).toMatchObject({ _tag: "ContextMissing", inactive: [] });
    expect(judge(missionOf([...plan, ...begun("WP01")]), { context: {} })._tag).toBe("ContextMissing");
  });

  test("a fix during review is not ambiguous: it is missing, and says how to take the package back", () => {
    const verdict = judge(missionOf([...plan, ...begun("WP01"), ...handedOver("WP01")]));
    expect(verdict._tag).toBe("ContextMissing");
    expect(reasonsIn(verdict)).toEqual([
      ["WP01", "in_review", ["wp move p/WP01 in_progress", "wp claim p/WP01"]],
    ]);
  });

  test("of several packages in review names the one first whose files changed", () => {
    const log = [...plan, ...begun("WP01"), ...handedOver("WP01"), ...begun("WP02"), ...handedOver("WP02")];
    const first = (path: string) =>
      reasonsIn(judge(missionOf(log), { changes: changed(path) })).map(([id]) => id);
    expect(first("WP02/a")).toEqual(["WP02", "WP01"]);
    expect(first("WP01/a")).toEqual(["WP01", "WP02"]);
    expect(first("else/a")).toEqual(["WP01", "WP02"]);
  });

  test("a review is no work on a package: its claim makes nothing active", () => {
    const review = { ...claimed("WP01", 2, workplace()), kind: "review", holder: "bob" } as MissionEvent;
    const log = [
      ...plan,
      ...begun("WP01"),
      ...handedOver("WP01"),
      review,
      moved("WP01", "for_review", "in_review"),
    ];
    expect(judge(missionOf(log))._tag).toBe("ContextMissing");
  });

  test("is missing after the claim was recovered, and says that the package can be claimed", () => {
    const recovered: MissionEvent = {
      type: "ClaimRecovered",
      workPackageId: "WP01",
      holder: "ada",
      fence: 1,
      signal: "lease_expired",
      reason: "gone",
    };
    const log = [...plan, ...begun("WP01"), recovered, moved("WP01", "in_progress", "planned")];
    const verdict = judge(missionOf(log));
    expect(verdict._tag).toBe("ContextMissing");
    expect(reasonsIn(verdict)).toEqual([["WP01", "unheld", ["wp claim p/WP01"]]]);
  });

  test("is ambiguous with two packages in one worktree, and not for who names one of them", () => {
    const log = [
      planned("WP01"),
      planned("WP02", { executionLane: null }),
      ...begun("WP01"),
      ...begun("WP02"),
    ];
    const mission = missionOf(log);
    expect(judge(mission)).toMatchObject({
      _tag: "ContextAmbiguous",
      active: [{ workPackage: { id: "WP01" } }, { workPackage: { id: "WP02" } }],
    });
    const asked = { _tag: "WorkPackage", mission: "p", workPackageId: "WP02" } as const;
    expect(judge(mission, { context: { place, asked }, changes: changed("WP02/a") })._tag).toBe("Ok");
  });

  test("is ambiguous with packages of two missions in one worktree", () => {
    const missions = ["p", "q"].map((slug) => missionOf([planned("WP01"), ...begun("WP01")], slug));
    expect(judge(missions)._tag).toBe("ContextAmbiguous");
    const asked = { _tag: "ExecutionLane", executionLane: "lane-a" } as const;
    expect(judge(missions, { context: { place, asked } })._tag).toBe("ContextAmbiguous");
  });

  test("is the live one of two claims, the other of which is over or on another branch", () => {
    const over = { ...claimed("WP01", 1, workplace()), expiresAt: at } as MissionEvent;
    const log = [
      planned("WP01"),
      planned("WP02", { executionLane: null }),
      planned("WP03", { executionLane: null }),
      over,
      moved("WP01", "planned", "claimed"),
      ...begun("WP02", workplace(here, "other")),
      ...begun("WP03"),
    ];
    expect(activeIn(judge(missionOf(log), { changes: changed("WP03/a") }))).toBe("WP03");
  });

  test("a named package that is worked on elsewhere is stale here", () => {
    const mission = missionOf([...plan, ...begun("WP01", workplace(there))]);
    const asked = { _tag: "WorkPackage", mission: "p", workPackageId: "WP01" } as const;
    expect(reasonsIn(judge(mission, { context: { place, asked } }))).toEqual([["WP01", "elsewhere", []]]);
    const lane = { _tag: "ExecutionLane", executionLane: "lane-a" } as const;
    expect(reasonsIn(judge(mission, { context: { place, asked: lane } }))).toEqual([
      ["WP01", "elsewhere", []],
    ]);
    expect(judge(mission)._tag).toBe("ContextMissing");
  });

  test("a claim that names no place counts for who names the package, unless another is active here", () => {
    const unplaced = [...plan, ...begun("WP01", undefined)].map((event) =>
      event.type === "WorkPackageClaimed" ? claimed("WP01", 1) : event,
    );
    const asked = { _tag: "WorkPackage", mission: "p", workPackageId: "WP01" } as const;
    expect(judge(missionOf(unplaced), { context: { place, asked } })._tag).toBe("Ok");
    expect(judge(missionOf(unplaced), { context: { asked } })._tag).toBe("Ok");
    const verdict = judge(missionOf(unplaced));
    expect(verdict._tag).toBe("ContextMissing");
    expect(reasonsIn(verdict)).toEqual([["WP01", "no_place", ["guard --package p/WP01"]]]);
    const both = [...unplaced, planned("WP04", { executionLane: null }), ...begun("WP04")];
    expect(judge(missionOf(both), { context: { place, asked } })).toMatchObject({
      _tag: "ContextStale",
      inactive: [{ workPackageId: "WP01", reason: "other_is_active" }],
      active: [{ workPackage: { id: "WP04" } }],
    });
  });

  test("a named package that nobody took up, or that is not there, is missing, and stale where another is active", () => {
    const mission = missionOf(plan);
    const asked = (workPackageId: string): OwnershipContext => ({
      place,
      asked: { _tag: "WorkPackage", mission: "p", workPackageId },
    });
    expect(judge(mission, { context: asked("WP01") })).toMatchObject({
      _tag: "ContextMissing",
      inactive: [{ next: ["wp claim p/WP01"] }],
    });
    expect(judge(mission, { context: asked("WP09") })).toMatchObject({
      _tag: "ContextMissing",
      inactive: [],
    });
    const busy = missionOf([...plan, ...begun("WP02")]);
    for (const id of ["WP01", "WP09"])
      expect(judge(busy, { context: asked(id) })).toMatchObject({
        _tag: "ContextStale",
        active: [{ workPackage: { id: "WP02" } }],
      });
  });

  test("of an execution lane is missing while nobody works in it, and by force may be ambiguous", () => {
    const context: OwnershipContext = { place, asked: { _tag: "ExecutionLane", executionLane: "lane-a" } };
    expect(judge(missionOf(plan), { context })._tag).toBe("ContextMissing");
    expect(judge(missionOf([...plan, ...begun("WP01"), ...handedOver("WP01")]), { context })._tag).toBe(
      "ContextMissing",
    );
    const forced = [...plan, ...begun("WP01"), ...begun("WP02")];
    expect(judge(missionOf(forced), { context })._tag).toBe("ContextAmbiguous");
    const planning = missionOf([planned("WP01", { executionLane: "lane-planning" }), ...begun("WP01")]);
    const asked = { _tag: "ExecutionLane", executionLane: "lane-planning" } as const;
    expect(judge(planning, { context: { place, asked }, changes: changed("other") })._tag).toBe("Violated");
  });

  test("goes along with work that another program took up in another worktree; where it began stays", () => {
    const at = (head: string, worktree = here): Workplace => ({ ...workplace(worktree), head });
    const renewed: MissionEvent = {
      type: "ClaimRenewed",
      workPackageId: "WP01",
      fence: 1,
      leaseMs: 14_400_000,
      expiresAt: later,
      workplace: at("2".repeat(40), there),
    };
    const mission = missionOf([...plan, ...begun("WP01", at("1".repeat(40))), renewed]);
    expect(judge(mission)._tag).toBe("ContextMissing");
    const elsewhere = { worktree: there.id, branch: "work" };
    expect(judge(mission, { context: { place: elsewhere } })._tag).toBe("Ok");
    expect(mission.workPackages.WP01?.implementedIn).toEqual({
      worktree: there,
      branch: "work",
      head: "1".repeat(40),
    });
  });

  test("is stale at a time that is none", () => {
    expect(judge(missionOf([...plan, ...begun("WP01")]), { at: "soon" })._tag).toBe("ContextStale");
  });
});

describe("changed files", () => {
  const working = (owns: readonly string[]): OpenMission =>
    missionOf([
      planned("WP01", { owns }),
      planned("WP02", { owns: ["other/**", "docs/*.md"] }),
      ...begun("WP01"),
    ]);
  const violationsOf = (owns: readonly string[], changes: readonly ChangedFile[]) => {
    const verdict = judge(working(owns), { changes });
    return verdict._tag === "Violated"
      ? verdict.violations.map(({ path, side, otherSide, ownedBy }) => ({ path, side, otherSide, ownedBy }))
      : verdict._tag;
  };

  test("the old side of a rename is checked, and the new one", () => {
    const change = (from: string, path: string): readonly ChangedFile[] => [{ _tag: "Renamed", from, path }];
    expect(violationsOf(["src/**"], change("other/a", "src/a"))).toEqual([
      { path: "other/a", side: "old", otherSide: "src/a", ownedBy: ["WP02"] },
    ]);
    expect(violationsOf(["src/**"], change("src/a", "other/a"))).toEqual([
      { path: "other/a", side: "new", otherSide: "src/a", ownedBy: ["WP02"] },
    ]);
    expect(violationsOf(["src/**"], change("x", "y"))).toHaveLength(2);
    expect(violationsOf(["src/**"], change("src/a", "src/b"))).toBe("Ok");
  });

  test("the source of a copy stays as it is and is free, its new side is not", () => {
    const change = (from: string, path: string): readonly ChangedFile[] => [{ _tag: "Copied", from, path }];
    expect(violationsOf(["src/**"], change("other/a", "src/a"))).toBe("Ok");
    expect(violationsOf(["src/**"], change("src/a", "other/a"))).toEqual([
      { path: "other/a", side: "new", otherSide: "src/a", ownedBy: ["WP02"] },
    ]);
  });

  test.each(["Added", "Deleted", "Modified", "TypeChanged", "Unmerged", "Untracked"] as const)(
    "%s is a change like any other",
    (_tag) => {
      expect(violationsOf(["src/**"], [{ _tag, path: "docs/a.md" }])).toMatchObject([
        { path: "docs/a.md", side: _tag === "Deleted" ? "old" : "new", ownedBy: ["WP02"] },
      ]);
      expect(violationsOf(["src/**"], [{ _tag, path: "src/a.md" }])).toBe("Ok");
    },
  );

  test("an asterisk does not cross a slash, and no glob is a folder's beginning", () => {
    expect(violationsOf(["src/*"], changed("src/a"))).toBe("Ok");
    expect(violationsOf(["src/*"], changed("src/deep/a"))).toMatchObject([{ path: "src/deep/a" }]);
    expect(violationsOf(["src"], changed("src/a"))).toMatchObject([{ path: "src/a" }]);
    expect(violationsOf(["src/**"], changed("src2/a"))).toMatchObject([{ path: "src2/a" }]);
  });

  test("a submodule is the path it lies at, not what is below it", () => {
    expect(violationsOf(["lib/**"], changed("lib"))).toMatchObject([{ path: "lib" }]);
    expect(violationsOf(["lib"], changed("lib"))).toBe("Ok");
    expect(violationsOf(["lib"], [{ _tag: "Untracked", path: "lib/" }])).toBe("Ok");
    expect(violationsOf(["li/*"], [{ _tag: "Untracked", path: "li/b/" }])).toBe("Ok");
  });

  test.each([
    "a\nb",
    "a\tb",
    '"a"',
    "'a'",
    "-a",
    "--staged",
    "a b",
    "$(a)",
    "`a`",
    ";a",
    "a\\b",
    "a\udcff",
    "日本",
  ])("named %j are checked as they are called", (name) => {
    expect(violationsOf(["src/**"], changed(`src/${name}`))).toBe("Ok");
    expect(violationsOf(["src/**"], changed(name))).toMatchObject([{ path: name }]);
    expect(violationsOf(["src/?"], changed(`src/${name}`))).not.toBe("Ok");
  });

  test("upper case, and accents composed another way, make another name", () => {
    expect(violationsOf(["src/a", "é"], changed("Src/a", "e\u0301"))).toMatchObject([
      { path: "Src/a" },
      { path: "e\u0301" },
    ]);
  });

  test("of the ledger belong to no package, and need none where they are all that changed", () => {
    const log: ChangedFile = { _tag: "Modified", path: ".mission-ledger/log/mission-p.jsonl" };
    expect(judge(working(["src/**"]), { changes: [log, ...changed("src/a")] })).toMatchObject({
      _tag: "Ok",
      checked: 1,
      ofLedger: 1,
    });
    expect(judge([], { changes: [log] })).toMatchObject({ _tag: "Ok", active: null, ofLedger: 1 });
    expect(judge([], { changes: [log, ...changed("a")] })._tag).toBe("ContextMissing");
    expect(judge([], { changes: [] })._tag).toBe("ContextMissing");
  });

  test("moved into the ledger's folder have left their own, and a lookalike is no such folder", () => {
    expect(
      violationsOf(["src/**"], [{ _tag: "Renamed", from: "other/a", path: ".mission-ledger/a" }]),
    ).toMatchObject([{ path: "other/a", side: "old" }]);
    for (const path of [".mission-ledger", "x/.mission-ledger/log", ".mission-ledger2/a"])
      expect(violationsOf(["src/**"], changed(path))).toMatchObject([{ path }]);
  });

  test.each([
    [[], [null]],
    [["/src/**"], ["/src/**"]],
    [["src/**", "a\\"], ["a\\"]],
    [["../x"], ["../x"]],
    [
      ["./src/**", "a//b"],
      ["./src/**", "a//b"],
    ],
  ])("cannot be checked against %j: the plan is told, not the files", (owns, globs) => {
    for (const changes of [changed("src/a"), []]) {
      const verdict = judge(working(owns), { changes });
      expect(verdict._tag).toBe("Invalid");
      expect(verdict._tag === "Invalid" && verdict.problems.map(({ glob }) => glob)).toEqual(globs);
    }
  });

  test("are each told once, however often they are named", () => {
    expect(violationsOf(["src/**"], [...changed("a", "a"), { _tag: "Untracked", path: "a" }])).toHaveLength(
      1,
    );
  });
});

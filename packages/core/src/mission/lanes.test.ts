import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { fold } from "../kernel/decider.ts";
import type { MissionCommand } from "./commands.ts";
import { mission } from "./decider.ts";
import type { MissionEvent } from "./events.ts";
import {
  type Exit,
  findExit,
  type Guard,
  type Lane,
  laneNames,
  lanes,
  shownLanes,
  type Via,
} from "./lanes.ts";
import type { MissionRefusal } from "./refusals.ts";
import { findWorkPackage, type Mission } from "./state.ts";

const at = "2026-01-01T00:00:00.000Z";
const later = "2026-01-02T00:00:00.000Z";
const leaseMs = 3_600_000;
const id = "WP01";

/** A mission whose package stands in `lane` with every guard of every exit satisfied for `ada` (work) or `bob` (review). */
const standingIn = (lane: Lane, blockedFrom: Lane = "planned"): Mission => {
  const events: MissionEvent[] = [
    { type: "MissionCreated", slug: "m", title: "M", missionId: "1", dependencyMetAt: "approved" },
    {
      type: "WorkPackageAdded",
      workPackageId: id,
      title: "T",
      dependsOn: [],
      owns: [],
      subtasks: [{ id: "T1", title: "t" }],
      executionLane: "lane-a",
    },
    { type: "SubtaskMarked", workPackageId: id, subtaskId: "T1", done: true },
  ];
  const moved = (from: Lane, to: Lane): MissionEvent => ({
    type: "WorkPackageMoved",
    workPackageId: id,
    from,
    to,
  });
  const claimed = (kind: "implement" | "review", holder: string, fence: number): MissionEvent => ({
    type: "WorkPackageClaimed",
    workPackageId: id,
    kind,
    holder,
    fence,
    leaseMs,
    expiresAt: "2026-01-01T01:00:00.000Z",
  });
  const released = (holder: string, fence: number): MissionEvent => ({
    type: "ClaimReleased",
    workPackageId: id,
    holder,
    fence,
  });
  const path: Record<string, readonly MissionEvent[]> = {
    planned: [moved("genesis", "planned")],
    claimed: [claimed("implement", "ada", 1), moved("planned", "claimed")],
    in_progress: [
      moved("claimed", "in_progress"),
      { type: "EvidenceRecorded", workPackageId: id, evidence: [{ kind: "commit", ref: "abcdef1" }] },
    ],
    for_review: [
      { type: "ReviewRequested", workPackageId: id, cycle: 1, subject: "s" },
      released("ada", 1),
      moved("in_progress", "for_review"),
    ],
    in_review: [claimed("review", "bob", 2), moved("for_review", "in_review")],
    approved: [
      {
        type: "ReviewSubmitted",
        workPackageId: id,
        cycle: 1,
        subject: "s",
        reviewer: "bob",
        verdict: "approved",
        selfReview: false,
      },
      released("bob", 2),
      moved("in_review", "approved"),
    ],
    done: [moved("approved", "done")],
  };
  const order = Object.keys(path);
  const upTo = (target: Lane): readonly MissionEvent[] =>
    order.slice(0, order.indexOf(target) + 1).flatMap((step) => path[step] ?? []);
  if (lane === "genesis") return fold(mission, mission.initial, events);
  if (lane === "blocked" || lane === "canceled") {
    const before = upTo(blockedFrom);
    const freed =
      blockedFrom === "claimed" || blockedFrom === "in_progress"
        ? [released("ada", 1)]
        : blockedFrom === "in_review"
          ? [released("bob", 2)]
          : [];
    return fold(mission, mission.initial, [...events, ...before, ...freed, moved(blockedFrom, lane)]);
  }
  return fold(mission, mission.initial, [...events, ...upTo(lane)]);
};

const doer = (from: Lane): string => (from === "in_review" || from === "for_review" ? "bob" : "ada");

/** The command that walks an exit, with everything its guards ask for. */
const walk = (from: Lane, to: Lane, via: Via): MissionCommand => {
  const asked = { at, actor: doer(from), workPackageId: id };
  switch (via) {
    case "claim":
      return {
        ...asked,
        type: "ClaimWorkPackage",
        kind: to === "in_review" ? "review" : "implement",
        leaseMs,
      };
    case "release":
      return { ...asked, type: "ReleaseClaim", reason: "because" };
    case "verdict":
      return {
        ...asked,
        type: "SubmitReview",
        verdict: to === "approved" || to === "done" ? "approved" : "changes_requested",
        to: to as "approved",
      };
    default:
      return {
        ...move(from, to),
        ...(to === "in_progress" && from === "for_review" ? { actor: "ada" } : {}),
      };
  }
};

const move = (from: Lane, to: Lane): Extract<MissionCommand, { type: "MoveWorkPackage" }> => ({
  type: "MoveWorkPackage",
  at,
  actor: doer(from),
  workPackageId: id,
  to,
  reason: "because",
  link: "https://example.org/1",
});

const refusalOf = (command: MissionCommand, state: Mission): MissionRefusal => {
  const decided = mission.decide(command, state);
  if (E.isRight(decided)) throw new Error(`${command.type} was accepted: ${JSON.stringify(decided.right)}`);
  return decided.left;
};

const expectNamed = (refusal: MissionRefusal): void => {
  expect(refusal.mission).toBe("m");
  expect(refusal.workPackageId).toBe(id);
  expect(refusal.invariant.length).toBeGreaterThan(10);
};

const edges = laneNames.flatMap((from) =>
  lanes[from].exits.map((exit): readonly [Lane, Exit] => [from, exit]),
);
const blockedFromOf = (from: Lane, exit: Exit): Lane =>
  from === "blocked" && exit.guards.includes("came_from") ? exit.to : "planned";

describe("the lane table", () => {
  test.each(
    edges.flatMap(([from, exit]) =>
      exit.via.filter((via) => via !== "seed").map((via) => [from, exit.to, via, exit] as const),
    ),
  )("leads from %s to %s by %s when every guard holds", (from, to, via, exit) => {
    const state = standingIn(from, blockedFromOf(from, exit));
    const decided = mission.decide(walk(from, to, via), state);
    if (E.isLeft(decided)) throw new Error(JSON.stringify(decided.left));
    const after = fold(mission, state, decided.right);
    expect(after._tag === "Open" && findWorkPackage(after, id)?.lane).toBe(to);
    expect(mission.shows?.(walk(from, to, via), after)).toBe(true);
  });

  const notEdges = laneNames.flatMap((from) =>
    laneNames
      .filter((to) => to !== from && findExit(from, to) === undefined)
      .map((to) => [from, to] as const),
  );
  test.each(notEdges)("does not lead from %s to %s, by no command but force", (from, to) => {
    const state = standingIn(from);
    const refusal = refusalOf(move(from, to), state);
    expect(refusal._tag).toBe("MoveNotAllowed");
    expectNamed(refusal);
    if (from !== "in_review" && ["approved", "done", "in_progress", "planned"].includes(to)) {
      const verdict = refusalOf(walk(from, to, "verdict"), state);
      expectNamed(verdict);
    }
  });

  test("has no way to approved or done that skips review", () => {
    const into = (lane: Lane) => edges.filter(([, exit]) => exit.to === lane);
    for (const [from, exit] of into("approved"))
      expect(
        exit.guards.includes("verdict_approved") || (from === "blocked" && exit.guards.includes("came_from")),
      ).toBe(true);
    for (const [, exit] of into("done"))
      expect(
        exit.guards.some((guard) => guard === "verdict_approved" || guard === "approval_on_record"),
      ).toBe(true);
  });

  test("never leads to genesis, and canceled is final", () => {
    expect(edges.filter(([, exit]) => exit.to === "genesis")).toEqual([]);
    expect(lanes.canceled.exits).toEqual([]);
    expect(shownLanes).not.toContain("genesis");
  });

  test("asks for a reason wherever work is blocked or canceled", () => {
    for (const [, exit] of edges.filter(([, { to }]) => to === "blocked" || to === "canceled"))
      expect(exit.guards).toContain("reason");
  });
});

/** One way to break each guard: on the state, or on the command. */
const breaks: Readonly<
  Record<Guard, (state: Mission, command: MissionCommand) => readonly [Mission, MissionCommand]>
> = {
  dependencies_met: (state, command) => [change(state, { dependsOn: ["WP09"] }), command],
  unclaimed: (state, command) => [
    change(state, { claim: { kind: "review", holder: "eve", fence: 9, leaseMs, expiresAt: later } }),
    command,
  ],
  execution_lane_free: (state, command) => [withNeighbour(state), command],
  holder: (state, command) => [state, { ...command, actor: "eve" }],
  holder_if_held: (state, command) => [
    change(state, { claim: { kind: "implement", holder: "eve", fence: 9, leaseMs, expiresAt: later } }),
    command,
  ],
  subtasks_done: (state, command) => [
    change(state, { subtasks: [{ id: "T1", title: "t", done: false }] }),
    command,
  ],
  evidence_recorded: (state, command) => [change(state, { evidence: [] }), command],
  not_self: (state, command) => [state, { ...command, actor: "ada" }],
  implementer: (state, command) => [state, { ...command, actor: "eve" }],
  verdict_approved: (state, command) => [
    state,
    { ...command, verdict: "changes_requested" } as MissionCommand,
  ],
  verdict_changes_requested: (state, command) => [
    state,
    { ...command, verdict: "approved" } as MissionCommand,
  ],
  approval_on_record: (state, command) => [change(state, { approvedBy: "force" }), command],
  came_from: (state, command) => [change(state, { blockedFrom: "canceled" }), command],
  reason: (state, command) => [state, without(command, "reason")],
  link: (state, command) => [state, without(command, "link")],
};

const change = (state: Mission, changes: object): Mission => {
  const copy = JSON.parse(JSON.stringify(state));
  Object.assign(copy.workPackages[id], changes);
  return copy as Mission;
};
const withNeighbour = (state: Mission): Mission => {
  const copy = JSON.parse(JSON.stringify(state));
  copy.workPackages.WP02 = { ...copy.workPackages[id], id: "WP02", lane: "in_progress" };
  return copy as Mission;
};
const without = (command: MissionCommand, key: string): MissionCommand =>
  Object.fromEntries(Object.entries(command).filter(([name]) => name !== key)) as unknown as MissionCommand;

describe("guards", () => {
  const guarded = edges.flatMap(([from, exit]) =>
    exit.via
      .filter((via) => via !== "seed")
      .flatMap((via) => exit.guards.map((guard) => [from, exit.to, via, guard, exit] as const)),
  );

  test.each(guarded)("%s > %s by %s is refused when %s does not hold", (from, to, via, guard, exit) => {
    const [state, command] = breaks[guard](standingIn(from, blockedFromOf(from, exit)), walk(from, to, via));
    expectNamed(refusalOf(command, state));
  });

  test.each(guarded)("%s > %s by %s: no flag of the caller satisfies %s", (from, to, via, guard, exit) => {
    const [state, command] = breaks[guard](standingIn(from, blockedFromOf(from, exit)), walk(from, to, via));
    const asserted = {
      ...command,
      [`${guard}_holds`]: true,
      ...(guard === "reason" || guard === "link" ? {} : { [guard]: true }),
      force: true,
      guards: [guard],
      subtasksComplete: true,
      implementationEvidencePresent: true,
      approved: true,
      verdictApproved: true,
      holder: "eve",
      skip: true,
    } as unknown as MissionCommand;
    expect(refusalOf(asserted, state)).toEqual(refusalOf(command, state));
  });
});

describe("force", () => {
  const pairs = laneNames.flatMap((from) =>
    laneNames.filter((to) => to !== from).map((to) => [from, to] as const),
  );

  test.each(pairs)("moves %s to %s as an event of its own, or refuses genesis", (from, to) => {
    const state = standingIn(from);
    const command: MissionCommand = {
      type: "ForceWorkPackage",
      at,
      actor: "eve",
      workPackageId: id,
      to,
      reason: "emergency",
    };
    const decided = mission.decide(command, state);
    if (to === "genesis") {
      expect(E.isLeft(decided)).toBe(true);
      return;
    }
    if (E.isLeft(decided)) throw new Error(JSON.stringify(decided.left));
    const forced = decided.right.filter(({ type }) => type === "WorkPackageForced");
    expect(forced).toEqual([
      {
        type: "WorkPackageForced",
        workPackageId: id,
        from,
        to,
        reason: "emergency",
        overrides: expect.any(Array),
      },
    ]);
    const after = fold(mission, state, decided.right);
    const workPackage = after._tag === "Open" ? findWorkPackage(after, id) : undefined;
    expect(workPackage?.lane).toBe(to);
    expect(workPackage?.forceCount).toBe(1);
    if (findExit(from, to) === undefined) expect(forced[0]).toMatchObject({ overrides: ["no_exit"] });
  });

  test("is refused without a reason or an actor", () => {
    const command: MissionCommand = {
      type: "ForceWorkPackage",
      at,
      actor: "eve",
      workPackageId: id,
      to: "done",
      reason: " ",
    };
    expectNamed(refusalOf(command, standingIn("planned")));
    expectNamed(refusalOf({ ...command, reason: "x", actor: "" }, standingIn("planned")));
  });

  test("to approved does not open the way to done without another force", () => {
    const state = standingIn("planned");
    const forced = mission.decide(
      { type: "ForceWorkPackage", at, actor: "eve", workPackageId: id, to: "approved", reason: "x" },
      state,
    );
    if (E.isLeft(forced)) throw new Error("refused");
    expect(refusalOf(move("approved", "done"), fold(mission, state, forced.right))).toMatchObject({
      _tag: "GuardFailed",
      guard: "approval_on_record",
    });
  });

  test("to approved stays a force through blocking and unblocking", () => {
    let state = standingIn("planned");
    for (const command of [
      { type: "ForceWorkPackage", at, actor: "eve", workPackageId: id, to: "approved", reason: "x" },
      { ...move("approved", "blocked") },
      { ...move("blocked", "approved") },
    ] as MissionCommand[]) {
      const decided = mission.decide(command, state);
      if (E.isLeft(decided)) throw new Error(JSON.stringify(decided.left));
      state = fold(mission, state, decided.right);
    }
    expect(refusalOf(move("approved", "done"), state)).toMatchObject({ guard: "approval_on_record" });
  });
});

import { beforeEach, describe, expect, test } from "vitest";
import { openMemoryStore } from "../kernel/memory-store.ts";
import type { ClaimObservation, MissionRequest } from "./commands.ts";
import { Refused } from "./errors.ts";
import type { Workplace } from "./events.ts";
import { ledgerOver, type MissionHandle } from "./ledger.ts";
import { findWorkPackage, type WorkPackage } from "./state.ts";
import { claims } from "./views/claims.ts";

const minute = 60_000;
const clock = { time: 0, now: () => clock.time };
let p: MissionHandle;

const host = "a".repeat(32);
const program = { pid: 42, started: "boot 1 777" };
const repository = { id: "b".repeat(32), name: "passkeys" };
const worktree = { id: "c".repeat(32), name: "lane-a" };
const head = "1".repeat(40);
const workplace: Workplace = { host, repository, worktree, branch: "lane-a", head };
const held: Workplace = { ...workplace, program };

const as = (actor: string, request: MissionRequest) => p.execute(request, { actor });
const claim = (place?: Workplace, actor = "ada") =>
  as(actor, {
    type: "ClaimWorkPackage",
    workPackageId: "WP01",
    kind: "implement",
    leaseMs: 10 * minute,
    ...(place === undefined ? {} : { workplace: place }),
  });
const recover = (observed?: ClaimObservation) =>
  as("operator", {
    type: "RecoverClaim",
    workPackageId: "WP01",
    reason: "nobody answers",
    ...(observed === undefined ? {} : { observed }),
  });
const takeUp = (
  by: Workplace,
  observed?: ClaimObservation,
  actor = "ada",
  passedOnBy?: Workplace["program"],
) =>
  as(actor, {
    type: "RenewClaim",
    workPackageId: "WP01",
    leaseMs: minute,
    workplace: by,
    ...(observed === undefined ? {} : { observed }),
    ...(passedOnBy === undefined ? {} : { passedOnBy }),
  });
const refused = async (doing: Promise<unknown>): Promise<unknown> => {
  const error = await doing.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Refused)) throw new Error("it was not refused", { cause: error });
  return error.refusal;
};
const wp = async (): Promise<WorkPackage> => {
  const state = await p.state();
  const found = state._tag === "Open" ? findWorkPackage(state, "WP01") : undefined;
  if (found === undefined) throw new Error("no WP01");
  return found;
};

const processGone: ClaimObservation = { signal: "process_gone", host, program };
const worktreeGone: ClaimObservation = { signal: "worktree_gone", host, worktree: worktree.id };
const noCommit: ClaimObservation = { signal: "no_commit", branch: "lane-a", head };

beforeEach(async () => {
  clock.time = Date.parse("2026-03-01T12:00:00.000Z");
  const ledger = ledgerOver({ store: openMemoryStore(), actor: "ada", clock });
  p = ledger.mission("p");
  await p.execute({
    type: "CreateMission",
    slug: "p",
    title: "Passkeys",
    missionId: "01KAAAAAAAAAAAAAAAAAAAAAAA",
    dependencyMetAt: "approved",
  });
  await p.execute({
    type: "AddWorkPackages",
    workPackages: [
      { workPackageId: "WP01", title: "One", dependsOn: [], owns: [], subtasks: [], executionLane: null },
    ],
  });
});

describe("recovering a claim", () => {
  test("before its lease is over takes the death of the very process that it names", async () => {
    await claim(held);
    const receipt = await recover(processGone);
    expect(receipt.events).toEqual([
      {
        type: "ClaimRecovered",
        workPackageId: "WP01",
        holder: "ada",
        fence: 1,
        signal: "process_gone",
        reason: "nobody answers",
      },
      {
        type: "WorkPackageMoved",
        workPackageId: "WP01",
        from: "claimed",
        to: "planned",
        reason: "nobody answers",
      },
    ]);
    expect(await wp()).toMatchObject({ lane: "planned", claim: null });
  });

  test("before its lease is over takes the end of the very worktree that it names", async () => {
    await claim(workplace);
    await recover(worktreeGone);
    expect((await wp()).claim).toBeNull();
    expect((await p.view(claims)).view.recoveries[0]).toMatchObject({
      signal: "worktree_gone",
      by: "operator",
    });
  });

  test.each<readonly [string, Workplace | undefined, ClaimObservation]>([
    ["a process on another machine", held, { ...processGone, host: "d".repeat(32) }],
    [
      "another process of that number",
      held,
      { ...processGone, program: { ...program, started: "boot 1 778" } },
    ],
    ["a process, where the claim names none", workplace, processGone],
    ["another worktree", workplace, { ...worktreeGone, worktree: "d".repeat(32) }],
    ["a worktree on another machine", workplace, { ...worktreeGone, host: "d".repeat(32) }],
    ["a process, where the claim names no place at all", undefined, processGone],
    ["a worktree, where the claim names none", { host }, worktreeGone],
    ["a branch without a commit, which is no sign as long as the lease runs", workplace, noCommit],
  ])("a caller cannot assert a signal that the claim does not name: %s", async (_, place, observed) => {
    await claim(place);
    expect(await refused(recover(observed))).toMatchObject({
      _tag: "ObservationUnfit",
      mission: "p",
      workPackageId: "WP01",
      signal: observed.signal,
    });
    expect((await wp()).claim).not.toBeNull();
  });

  test("names the branch without a commit once the lease is over, if it is the one claimed", async () => {
    await claim(workplace);
    clock.time += 10 * minute;
    expect(await refused(recover({ ...noCommit, head: "2".repeat(40) }))).toMatchObject({
      _tag: "ObservationUnfit",
    });
    expect((await recover(noCommit)).events[0]).toMatchObject({ signal: "no_commit" });
  });

  test("takes nothing but the time once the lease is over, and not a moment earlier", async () => {
    await claim();
    clock.time += 10 * minute - 1;
    expect(await refused(recover())).toMatchObject({ _tag: "ClaimAlive", holder: "ada" });
    clock.time += 1;
    expect((await recover()).events[0]).toMatchObject({ signal: "lease_expired" });
  });

  test("puts work that nobody holds back to where it is taken up", async () => {
    await claim();
    await as("ada", { type: "MoveWorkPackage", workPackageId: "WP01", to: "in_progress" });
    await as("ada", { type: "MoveWorkPackage", workPackageId: "WP01", to: "blocked", reason: "wait" });
    await as("ada", { type: "MoveWorkPackage", workPackageId: "WP01", to: "in_progress" });
    expect(await wp()).toMatchObject({ lane: "in_progress", claim: null });
    expect((await recover()).events).toEqual([
      {
        type: "WorkPackageMoved",
        workPackageId: "WP01",
        from: "in_progress",
        to: "planned",
        reason: "nobody answers",
      },
    ]);
  });

  test("of a package that is neither held nor under way is refused", async () => {
    expect(await refused(recover())).toMatchObject({ _tag: "NotHeld" });
    expect(await refused(recover(processGone))).toMatchObject({ _tag: "NotHeld" });
  });

  test("makes every later write of the old holder stale", async () => {
    await claim(held);
    await recover(processGone);
    await claim(workplace, "bob");
    for (const request of [
      { type: "RenewClaim", leaseMs: minute },
      { type: "MoveWorkPackage", to: "in_progress" },
      { type: "ReleaseClaim" },
      { type: "RecordEvidence", evidence: [{ kind: "note", ref: "done" }] },
    ] as const)
      expect(await refused(as("ada", { ...request, workPackageId: "WP01", fence: 1 }))).toMatchObject({
        _tag: "StaleFence",
        fence: 1,
        newest: 2,
        holder: "bob",
      });
  });
});

describe("taking up one's own claim", () => {
  const other = { pid: 43, started: "boot 1 888" };

  test("gives it the program that goes on with it, and keeps its fence", async () => {
    await claim(workplace);
    await takeUp(held);
    expect(await wp()).toMatchObject({ fence: 1, claim: { fence: 1, leaseMs: minute, workplace: held } });
    await recover(processGone);
    expect((await wp()).claim).toBeNull();
  });

  test("is refused while another program has it, also one of the same actor", async () => {
    await claim(held);
    const mine = { ...workplace, program: other };
    expect(await refused(takeUp(mine))).toMatchObject({ _tag: "ClaimHeld", holder: "ada" });
    expect(await refused(takeUp(mine, { ...processGone, program: other }))).toMatchObject({
      _tag: "ClaimHeld",
    });
    expect(await refused(takeUp(mine, worktreeGone))).toMatchObject({ _tag: "ClaimHeld" });
    await takeUp(mine, processGone);
    expect((await wp()).claim?.workplace?.program).toEqual(other);
  });

  test("is passed on by the program that has it, and by no other", async () => {
    await claim(held);
    const mine = { ...workplace, program: other };
    expect(await refused(takeUp(mine, undefined, "ada", other))).toMatchObject({ _tag: "ClaimHeld" });
    await takeUp(mine, undefined, "ada", held.program);
    expect((await wp()).claim?.workplace?.program).toEqual(other);
    expect(await refused(recover(processGone))).toMatchObject({ _tag: "ObservationUnfit" });
    await recover({ ...processGone, program: other });
    expect((await wp()).claim).toBeNull();
  });

  test("asked twice by one program happens once", async () => {
    await claim(workplace);
    await takeUp(held);
    await takeUp(held);
    expect((await wp()).claim?.workplace).toEqual(held);
  });

  test("is only for its holder", async () => {
    await claim(workplace);
    expect(await refused(takeUp(held, undefined, "bob"))).toMatchObject({ _tag: "NotHolder", holder: "ada" });
  });

  test("ends with the holder's word that no program has it any more", async () => {
    await claim(held);
    await takeUp(workplace);
    expect((await wp()).claim?.workplace).toEqual(workplace);
    expect(await refused(recover(processGone))).toMatchObject({ _tag: "ObservationUnfit" });
  });

  test("is not done by a renewal that says nothing of a place", async () => {
    await claim(held);
    await as("ada", { type: "RenewClaim", workPackageId: "WP01", leaseMs: minute, fence: 1 });
    expect((await wp()).claim?.workplace).toEqual(held);
  });
});

describe("mending a plan that came in broken", () => {
  test("takes a dependency away whatever else is wrong with it, and adds none that is wrong", async () => {
    const ledger = ledgerOver({ store: openMemoryStore(), actor: "ada", clock });
    p = ledger.mission("imported");
    const plan = { title: "One", owns: [], subtasks: [], executionLane: null };
    await p.execute({
      type: "BeginImport",
      source: "elsewhere",
      slug: "imported",
      title: "Imported",
      missionId: "01KAAAAAAAAAAAAAAAAAAAAAAA",
      dependencyMetAt: "approved",
      files: [],
    });
    await p.execute({
      type: "ContinueImport",
      history: [
        { type: "WorkPackageAdded", workPackageId: "WP01", dependsOn: ["WP77", "WP88", "WP02"], ...plan },
        { type: "WorkPackageAdded", workPackageId: "WP02", dependsOn: ["WP01"], ...plan },
      ],
    });
    await p.execute({
      type: "CompleteImport",
      rows: 0,
      transitions: 0,
      annotations: 0,
      otherRows: 0,
      findings: {},
    });
    const revise = (dependsOn: readonly string[]) =>
      as("ada", { type: "ReviseWorkPackage", workPackageId: "WP01", dependsOn });
    await revise(["WP88", "WP02"]);
    expect(await refused(revise(["WP88", "WP02", "WP99"]))).toMatchObject({ _tag: "UnknownDependency" });
    await revise(["WP02"]);
    await revise([]);
    expect(await refused(revise(["WP02"]))).toMatchObject({ _tag: "DependencyCycle" });
    expect((await wp()).dependsOn).toEqual([]);
  });
});

import * as E from "fp-ts/lib/Either.js";
import { beforeEach, describe, expect, test } from "vitest";
import { openMemoryStore } from "../kernel/memory-store.ts";
import type { Projection } from "../kernel/projection.ts";
import { memorySnapshots } from "../kernel/snapshots.ts";
import type { MissionRequest } from "./commands.ts";
import { Conflicted, Refused } from "./errors.ts";
import type { MissionEvent, PlannedWorkPackage } from "./events.ts";
import { type Ledger, ledgerOver, type MissionHandle } from "./ledger.ts";
import type { RefusalTag } from "./refusals.ts";
import { findWorkPackage, type WorkPackage } from "./state.ts";
import { attentionItems } from "./views/attention.ts";
import { board, shownCards } from "./views/board.ts";
import { claims } from "./views/claims.ts";
import { ready, readyItems } from "./views/ready.ts";
import { reviews } from "./views/reviews.ts";
import { timelineEntry } from "./views/timeline.ts";

const minute = 60_000;
const clock = { time: Date.parse("2026-03-01T12:00:00.000Z"), now: () => clock.time };
let ledger: Ledger;
let passkeys: MissionHandle;

const planned = (workPackageId: string, more: Partial<PlannedWorkPackage> = {}): PlannedWorkPackage => ({
  workPackageId,
  title: `Title of ${workPackageId}`,
  dependsOn: [],
  owns: [],
  subtasks: [],
  executionLane: null,
  ...more,
});
const as = (actor: string, request: MissionRequest) => passkeys.execute(request, { actor });
const claim = (workPackageId: string, actor = "ada", kind: "implement" | "review" = "implement") =>
  as(actor, { type: "ClaimWorkPackage", workPackageId, kind, leaseMs: 10 * minute });
const refusal = async (outcome: Promise<unknown>): Promise<Refused> => {
  const error = await outcome.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Refused)) throw new Error(`not refused: ${String(error)}`);
  expect(error.refusal.mission).toBe("passkeys");
  expect(error.refusal.invariant).not.toBe("");
  return error;
};
const refusedAs = async (tag: RefusalTag, outcome: Promise<unknown>) =>
  expect((await refusal(outcome)).refusal._tag).toBe(tag);
const workPackage = async (id: string): Promise<WorkPackage> => {
  const state = await passkeys.state();
  const found = state._tag === "Open" ? findWorkPackage(state, id) : undefined;
  if (found === undefined) throw new Error(`no ${id}`);
  return found;
};
const implement = async (id: string, actor = "ada"): Promise<void> => {
  await claim(id, actor);
  await as(actor, { type: "MoveWorkPackage", workPackageId: id, to: "in_progress" });
  await as(actor, {
    type: "MoveWorkPackage",
    workPackageId: id,
    to: "for_review",
    evidence: [{ kind: "commit", ref: "abcdef1" }],
  });
};
const review = async (
  id: string,
  verdict: "approved" | "changes_requested",
  actor = "bob",
): Promise<void> => {
  await claim(id, actor, "review");
  await as(actor, { type: "SubmitReview", workPackageId: id, verdict });
};

beforeEach(async () => {
  clock.time = Date.parse("2026-03-01T12:00:00.000Z");
  ledger = ledgerOver({ store: openMemoryStore(), snapshots: memorySnapshots(), actor: "planner", clock });
  passkeys = ledger.mission("passkeys");
  await passkeys.execute({
    type: "CreateMission",
    slug: "passkeys",
    title: "Log in",
    missionId: "01X",
    dependencyMetAt: "approved",
  });
  await passkeys.execute({
    type: "AddWorkPackages",
    workPackages: [
      planned("WP01", { subtasks: [] }),
      planned("WP02", { dependsOn: ["WP01"] }),
      planned("WP03", { executionLane: "lane-a", subtasks: [{ id: "T1", title: "one" }] }),
      planned("WP04", { executionLane: "lane-a" }),
    ],
  });
});

describe("claims", () => {
  test("are held by one actor, who is named to everybody else", async () => {
    await claim("WP01");
    const { code, refusal: found, details } = await refusal(claim("WP01", "bob"));
    expect(code).toBe("CLAIM_HELD");
    expect(found).toMatchObject({
      _tag: "ClaimHeld",
      holder: "ada",
      fence: 1,
      expiresAt: "2026-03-01T12:10:00.000Z",
    });
    expect(details.workPackageId).toBe("WP01");
  });

  test("are not shared by two processes that use one name", async () => {
    await claim("WP01");
    await refusedAs("ClaimHeld", claim("WP01"));
  });

  test("grow their fence with each grant, and a stale fence is refused with the next step", async () => {
    await claim("WP01");
    clock.time += 11 * minute;
    await as("bob", { type: "RecoverClaim", workPackageId: "WP01", reason: "ada is gone" });
    await claim("WP01", "bob");
    expect((await workPackage("WP01")).claim).toMatchObject({ holder: "bob", fence: 2 });
    const stale = await refusal(
      as("ada", { type: "MoveWorkPackage", workPackageId: "WP01", to: "in_progress", fence: 1 }),
    );
    expect(stale.code).toBe("CLAIM_LOST");
    expect(stale.refusal).toMatchObject({ _tag: "StaleFence", fence: 1, newest: 2, holder: "bob" });
    expect(stale.hint).toBeDefined();
    for (const request of [
      { type: "RenewClaim", workPackageId: "WP01", fence: 1, leaseMs: minute },
      { type: "ReleaseClaim", workPackageId: "WP01", fence: 1 },
      { type: "RecordEvidence", workPackageId: "WP01", fence: 1, evidence: [{ kind: "note", ref: "x" }] },
    ] as MissionRequest[])
      await refusedAs("StaleFence", as("ada", request));
  });

  test("are not taken while the lease runs, and expiry alone changes nothing", async () => {
    await claim("WP01");
    await refusedAs(
      "ClaimAlive",
      as("bob", { type: "RecoverClaim", workPackageId: "WP01", reason: "impatient" }),
    );
    clock.time += 60 * minute;
    await refusedAs("ClaimHeld", claim("WP01", "bob"));
    await as("ada", { type: "MoveWorkPackage", workPackageId: "WP01", to: "in_progress", fence: 1 });
  });

  test("are recovered after the lease with a reason and the signal on record, and the package is free again", async () => {
    await claim("WP01");
    await as("ada", { type: "MoveWorkPackage", workPackageId: "WP01", to: "in_progress" });
    clock.time += 10 * minute;
    await refusedAs("InvalidInput", as("bob", { type: "RecoverClaim", workPackageId: "WP01", reason: "" }));
    const receipt = await as("bob", { type: "RecoverClaim", workPackageId: "WP01", reason: "ada is gone" });
    expect(receipt.events[0]).toMatchObject({
      type: "ClaimRecovered",
      holder: "ada",
      signal: "lease_expired",
    });
    expect((await workPackage("WP01")).lane).toBe("planned");
    const late: MissionRequest = {
      type: "MoveWorkPackage",
      workPackageId: "WP01",
      to: "for_review",
      fence: 1,
      evidence: [{ kind: "commit", ref: "abcdef1" }],
    };
    expect((await refusal(as("ada", late))).code).toBe("CLAIM_LOST");
    const { view } = await passkeys.view(claims);
    expect(view.recoveries).toMatchObject([{ from: "ada", by: "bob" }]);
  });

  test("live longer when renewed, and come free when released", async () => {
    await claim("WP01");
    clock.time += 5 * minute;
    await as("ada", { type: "RenewClaim", workPackageId: "WP01", fence: 1, leaseMs: 10 * minute });
    expect((await workPackage("WP01")).claim?.expiresAt).toBe("2026-03-01T12:15:00.000Z");
    await as("ada", { type: "ReleaseClaim", workPackageId: "WP01" });
    expect(await workPackage("WP01")).toMatchObject({ lane: "planned", claim: null, fence: 1 });
    await refusedAs("NotHeld", as("ada", { type: "ReleaseClaim", workPackageId: "WP01" }));
  });

  test("wait for dependencies, which are met at approved, or at done where the mission says so", async () => {
    const waiting = await refusal(claim("WP02"));
    expect(waiting.refusal).toMatchObject({
      _tag: "GuardFailed",
      guard: "dependencies_met",
      missing: ["WP01"],
    });
    await implement("WP01");
    await review("WP01", "approved");
    await passkeys.execute({ type: "ChangeMissionSettings", dependencyMetAt: "done" });
    await refusal(claim("WP02"));
    await as("ada", { type: "MoveWorkPackage", workPackageId: "WP01", to: "done" });
    await claim("WP02");
  });

  test("keep an execution lane to one package at a time", async () => {
    await claim("WP03");
    expect((await refusal(claim("WP04", "bob"))).refusal).toMatchObject({
      guard: "execution_lane_free",
      missing: ["lane-a is busy with WP03"],
    });
  });
});

describe("handing over", () => {
  test("waits for every subtask, whatever the caller says", async () => {
    await claim("WP03");
    await as("ada", { type: "MoveWorkPackage", workPackageId: "WP03", to: "in_progress" });
    const handOver: MissionRequest = {
      type: "MoveWorkPackage",
      workPackageId: "WP03",
      to: "for_review",
      evidence: [{ kind: "commit", ref: "abcdef1" }],
    };
    expect((await refusal(as("ada", handOver))).refusal).toMatchObject({
      guard: "subtasks_done",
      missing: ["T1"],
    });
    await refusedAs(
      "NotHolder",
      as("bob", { type: "MarkSubtask", workPackageId: "WP03", subtaskId: "T1", done: true }),
    );
    await refusedAs(
      "SubtaskNotFound",
      as("ada", { type: "MarkSubtask", workPackageId: "WP03", subtaskId: "T9", done: true }),
    );
    await as("ada", { type: "MarkSubtask", workPackageId: "WP03", subtaskId: "T1", done: true });
    const receipt = await as("ada", handOver);
    expect(receipt.events.map(({ type }) => type)).toEqual([
      "EvidenceRecorded",
      "ReviewRequested",
      "ClaimReleased",
      "WorkPackageMoved",
    ]);
  });

  test("needs evidence from this claim, not from an older one", async () => {
    await claim("WP01");
    await as("ada", { type: "MoveWorkPackage", workPackageId: "WP01", to: "in_progress" });
    await as("ada", {
      type: "RecordEvidence",
      workPackageId: "WP01",
      evidence: [{ kind: "commit", ref: "abcdef1" }],
    });
    await as("ada", { type: "ReleaseClaim", workPackageId: "WP01", reason: "lunch" });
    await claim("WP01", "eve");
    await as("eve", { type: "MoveWorkPackage", workPackageId: "WP01", to: "in_progress" });
    expect(
      (await refusal(as("eve", { type: "MoveWorkPackage", workPackageId: "WP01", to: "for_review" })))
        .refusal,
    ).toMatchObject({
      guard: "evidence_recorded",
    });
  });
});

describe("reviews", () => {
  test("are somebody else's, and an earlier implementer is not somebody else", async () => {
    await implement("WP01");
    expect((await refusal(claim("WP01", "ada", "review"))).code).toBe("SELF_REVIEW");
  });

  test("reject, then approve: the newer approval clears the rejection, and the cycle is counted", async () => {
    await implement("WP01");
    await review("WP01", "changes_requested");
    expect(await workPackage("WP01")).toMatchObject({
      lane: "planned",
      verdict: { verdict: "changes_requested", cycle: 1 },
    });
    await implement("WP01", "eve");
    expect((await refusal(claim("WP01", "ada", "review"))).code).toBe("SELF_REVIEW");
    await review("WP01", "approved");
    expect(await workPackage("WP01")).toMatchObject({
      lane: "approved",
      verdict: { verdict: "approved", cycle: 2 },
    });
    const { view } = await passkeys.view(reviews);
    expect(view.WP01?.cycles.map(({ verdict }) => verdict)).toEqual(["changes_requested", "approved"]);
  });

  test("bind the verdict to what was handed over", async () => {
    await implement("WP01");
    await claim("WP01", "bob", "review");
    const { subject } = await workPackage("WP01");
    const submit = (reviewed: string) =>
      as("bob", { type: "SubmitReview", workPackageId: "WP01", verdict: "approved", subject: reviewed });
    await refusedAs("SubjectChanged", submit("0".repeat(64)));
    expect((await submit(subject ?? "")).events[0]).toMatchObject({
      type: "ReviewSubmitted",
      subject,
      selfReview: false,
    });
  });

  test("cannot be submitted without the review claim, nor an approval sent back", async () => {
    await implement("WP01");
    await refusedAs(
      "NotInReview",
      as("bob", { type: "SubmitReview", workPackageId: "WP01", verdict: "approved" }),
    );
    await claim("WP01", "bob", "review");
    await refusedAs(
      "NotHolder",
      as("eve", { type: "SubmitReview", workPackageId: "WP01", verdict: "approved" }),
    );
    await refusedAs(
      "GuardFailed",
      as("bob", { type: "SubmitReview", workPackageId: "WP01", verdict: "approved", to: "planned" }),
    );
    await refusedAs(
      "WrongCommand",
      as("bob", { type: "MoveWorkPackage", workPackageId: "WP01", to: "approved" }),
    );
  });

  test("by the implementer need a force that everybody sees", async () => {
    await implement("WP01");
    await as("ada", {
      type: "ForceWorkPackage",
      workPackageId: "WP01",
      to: "in_review",
      reason: "alone at work",
    });
    const receipt = await as("ada", { type: "SubmitReview", workPackageId: "WP01", verdict: "approved" });
    expect(receipt.events[0]).toMatchObject({ type: "ReviewSubmitted", selfReview: true });
    const items = attentionItems(
      (await passkeys.view(ready)).view,
      (await passkeys.view(reviews)).view,
      "2026-03-01T12:00:00.000Z",
    );
    expect(items).toContainEqual(expect.objectContaining({ kind: "forced", workPackageId: "WP01" }));
  });
});

describe("planning", () => {
  test("takes all packages or none, and refuses what would wait for itself", async () => {
    const add = (...workPackages: PlannedWorkPackage[]) =>
      passkeys.execute({ type: "AddWorkPackages", workPackages });
    await refusedAs("UnknownDependency", add(planned("WP08"), planned("WP09", { dependsOn: ["WP77"] })));
    await refusedAs(
      "DependencyCycle",
      add(planned("WP08", { dependsOn: ["WP09"] }), planned("WP09", { dependsOn: ["WP08"] })),
    );
    await refusedAs(
      "DependencyCycle",
      passkeys.execute({ type: "ReviseWorkPackage", workPackageId: "WP01", dependsOn: ["WP02"] }),
    );
    expect(
      (await passkeys.state())._tag === "Open" && shownCards((await passkeys.view(board)).view).length,
    ).toBe(4);
    expect((await add(planned("WP01"))).readback).toBe("nothing_written");
    await refusedAs("WorkPackageExists", add(planned("WP01", { title: "another" })));
  });

  test.each(["__proto__", "constructor", "prototype", "", "a b", "../x", "WP01/", "x".repeat(65), "é"])(
    "refuses the id %j",
    async (id) => {
      await refusedAs(
        "InvalidInput",
        passkeys.execute({ type: "AddWorkPackages", workPackages: [planned(id)] }),
      );
      expect(({} as Record<string, unknown>).title).toBeUndefined();
    },
  );

  test("refuses titles, reasons and notes beyond their bounds", async () => {
    await refusedAs(
      "InvalidInput",
      passkeys.execute({ type: "AddNote", workPackageId: "WP01", text: "x".repeat(8_001) }),
    );
    await refusedAs(
      "InvalidInput",
      passkeys.execute({
        type: "AddWorkPackages",
        workPackages: [planned("WP09", { title: "x".repeat(301) })],
      }),
    );
    await refusedAs("InvalidInput", as("", { type: "AddNote", workPackageId: "WP01", text: "x" }));
  });
});

describe("the ledger", () => {
  test("tells missions that do not exist, exist already, or have no such package", async () => {
    const nowhere = ledger.mission("nowhere");
    const outcome = await nowhere.attempt({ type: "AddNote", workPackageId: "WP01", text: "x" })();
    expect(E.isLeft(outcome) && outcome.left).toMatchObject({ _tag: "MissionNotFound", mission: "nowhere" });
    await refusedAs(
      "WorkPackageNotFound",
      passkeys.execute({ type: "AddNote", workPackageId: "WP99", text: "x" }),
    );
    await refusedAs(
      "MissionExists",
      passkeys.execute({
        type: "CreateMission",
        slug: "passkeys",
        title: "x",
        missionId: "y",
        dependencyMetAt: "done",
      }),
    );
    expect(await ledger.missions()).toEqual(["passkeys"]);
  });

  test("throws a conflict when the stream does not end where the caller said", async () => {
    const error = await passkeys
      .execute({ type: "AddNote", workPackageId: "WP01", text: "x" }, { expectedRevision: 3 })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Conflicted);
    expect((error as Conflicted).retryable).toBe(true);
  });

  test("answers the first receipt again when a command is repeated with its id", async () => {
    const request: MissionRequest = {
      type: "ClaimWorkPackage",
      workPackageId: "WP01",
      kind: "implement",
      leaseMs: minute,
    };
    const first = await passkeys.execute(request, { actor: "ada", commandId: "c1" });
    clock.time += 5_000;
    const again = await passkeys.execute(request, { actor: "ada", commandId: "c1" });
    expect(again).toMatchObject({
      repeated: true,
      eventIds: first.eventIds,
      revision: first.revision,
      position: first.position,
    });
    await expect(
      passkeys.execute({ ...request, leaseMs: 2 * minute }, { actor: "ada", commandId: "c1" }),
    ).rejects.toMatchObject({
      code: "COMMAND_ID_REUSED",
    });
  });

  test("shows every view at any revision, and a view from a snapshot equals one from the start", async () => {
    await implement("WP01");
    await review("WP01", "approved");
    for (const projection of [board, ready, claims, reviews] as const) {
      const seen = await passkeys.view<unknown>(projection as never);
      await passkeys.remember(projection as never, seen);
    }
    await claim("WP02");
    for (const projection of [board, ready, claims, reviews] as const) {
      const live = await passkeys.view<unknown>(projection as never);
      const rebuilt = await passkeys.view<unknown>(projection as never, { fromStart: true });
      expect(rebuilt.view).toEqual(live.view);
      expect(rebuilt.head).toMatchObject({ revision: live.head.revision, digest: live.head.digest });
    }
    expect(shownCards((await passkeys.view(board, { at: 0 })).view)).toEqual([]);
  });

  test("shows and remembers no view that JSON does not keep, and names the event behind it", async () => {
    await implement("WP01");
    const { view, ...read } = await passkeys.view(ready);
    const dated: Projection<object, MissionEvent> = {
      name: "acme-dated",
      version: 1,
      initial: {},
      when: { WorkPackageMoved: (seen, _, { recordedAt }) => ({ ...seen, at: new Date(recordedAt) }) },
    };
    const { head } = read;
    const refused = {
      code: "PROJECTION_FAILED",
      details: { projection: "acme-dated", key: "at", type: "WorkPackageMoved", stream: passkeys.stream },
    };
    await expect(passkeys.view(dated)).rejects.toMatchObject(refused);
    await expect(
      passkeys.remember(ready, { ...read, view: { ...view, at: Number.NaN } as never }),
    ).rejects.toMatchObject({ code: "PROJECTION_FAILED", details: { projection: ready.name, key: "at" } });
    expect(await passkeys.view(ready)).toMatchObject({ view, head });
  });

  test("writes what was read down where reading is far, once, and nothing where it is not", async () => {
    await implement("WP01");
    const { revision } = await ledger.store.head(passkeys.stream);
    const savedBy = async (snapshotReadsEvery: number | undefined): Promise<readonly string[]> => {
      const kept = memorySnapshots();
      const saved: string[] = [];
      const reader = ledgerOver({
        store: ledger.store,
        snapshots: {
          ...kept,
          save: async (key, snapshot) => {
            saved.push(`${key.name} ${snapshot.head.revision}`);
            await kept.save(key, snapshot);
          },
        },
        actor: "reader",
        ...(snapshotReadsEvery === undefined ? {} : { snapshotReadsEvery }),
      }).mission("passkeys");
      for (let times = 0; times < 2; times += 1) {
        await reader.state();
        expect((await reader.view(board)).view).toEqual((await passkeys.view(board)).view);
        await reader.view(board, { at: 1 });
        await reader.view(board, { fromStart: true });
      }
      return saved;
    };
    expect(await savedBy(undefined)).toEqual([]);
    expect(await savedBy(revision + 2)).toEqual([]);
    expect(await savedBy(2)).toEqual([`mission ${revision}`, `mission-board ${revision}`]);
  });

  test("lists what is ready, and for the rest what it waits for", async () => {
    await claim("WP03");
    const items = readyItems((await passkeys.view(ready)).view);
    expect(items.map(({ workPackageId, ready: isReady }) => [workPackageId, isReady])).toEqual([
      ["WP01", true],
      ["WP02", false],
      ["WP04", false],
    ]);
    expect(items[1]?.waitsFor).toEqual([{ _tag: "Dependency", workPackageId: "WP01", lane: "planned" }]);
    expect(items[2]?.waitsFor).toEqual([
      { _tag: "ExecutionLaneBusy", executionLane: "lane-a", workPackageId: "WP03" },
    ]);
  });

  test("names the command that frees each stuck package", async () => {
    await claim("WP01");
    await passkeys.execute({
      type: "MoveWorkPackage",
      workPackageId: "WP04",
      to: "blocked",
      reason: "waiting for keys",
    });
    const items = attentionItems(
      (await passkeys.view(ready)).view,
      (await passkeys.view(reviews)).view,
      "2026-03-01T13:00:00.000Z",
    );
    expect(items).toMatchObject([
      { kind: "lease_expired", command: 'wp recover passkeys/WP01 --reason "lease over"' },
      { kind: "blocked", command: "wp move passkeys/WP04 planned" },
    ]);
  });

  test("words every event of its timeline", async () => {
    await implement("WP01");
    await review("WP01", "approved");
    for await (const batch of passkeys.history())
      for (const event of batch) expect(timelineEntry(event).text).not.toContain("undefined");
  });

  test("gives out state that cannot be used to change the mission", async () => {
    const state = JSON.parse(JSON.stringify(await passkeys.state()));
    const mine = (await passkeys.state()) as { title: string };
    mine.title = "changed";
    expect(await passkeys.state()).toEqual(state);
  });
});

describe("imports", () => {
  const begin: MissionRequest = {
    type: "BeginImport",
    source: "elsewhere",
    slug: "Old@Form",
    title: "Old",
    missionId: "01OLD",
    dependencyMetAt: "approved",
    files: [{ name: "log", bytes: 3, sha256: "0".repeat(64) }],
  };

  test("are closed to ordinary commands until complete, then open for them", async () => {
    const old = ledger.mission("Old@Form");
    await old.execute(begin);
    await old.execute({
      type: "ContinueImport",
      history: [
        { type: "WorkPackageAdded", ...planned("WP1", { subtasks: [{ id: "T1", title: "one" }] }) },
        {
          type: "HistoricAnnotationRecorded",
          workPackageId: "WP1",
          at: "2025-01-01T00:00:00Z",
          by: "old-agent",
          sourceEventId: "01ABD",
          delta: { subtasks: { T1: "done", T9: "done" }, note: "n" },
        },
        {
          type: "HistoricTransitionRecorded",
          workPackageId: "WP1",
          from: "planned",
          to: "for_review",
          at: "2025-01-01T00:00:00Z",
          by: "old-agent",
          forced: true,
          sourceEventId: "01ABC",
        },
      ],
    });
    const attempt = await old.attempt({ type: "AddNote", workPackageId: "WP1", text: "x" })();
    expect(E.isLeft(attempt) && attempt.left).toMatchObject({
      _tag: "ImportIncomplete",
      mission: "Old@Form",
    });
    await old.execute({
      type: "CompleteImport",
      rows: 1,
      transitions: 1,
      annotations: 0,
      otherRows: 0,
      findings: {},
    });
    await old.execute(
      { type: "ClaimWorkPackage", workPackageId: "WP1", kind: "review", leaseMs: minute },
      { actor: "bob" },
    );
    await old.execute({ type: "SubmitReview", workPackageId: "WP1", verdict: "approved" }, { actor: "bob" });
    expect((await old.view(board)).view.cards.WP1).toMatchObject({
      lane: "approved",
      forceCount: 1,
      subtasks: { T1: true },
    });
    const state = await old.state();
    expect(state._tag === "Open" && state.workPackages.WP1?.subtasks).toEqual([
      { id: "T1", title: "one", done: true },
    ]);
    const outcome = await old.attempt({
      type: "ContinueImport",
      history: [{ type: "WorkPackageAdded", ...planned("WP2") }],
    })();
    expect(E.isLeft(outcome) && outcome.left).toMatchObject({ _tag: "NotImporting" });
    const twice = await old.attempt(begin)();
    expect(E.isLeft(twice) && twice.left).toMatchObject({ _tag: "MissionExists" });
  });
});

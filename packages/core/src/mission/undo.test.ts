import { beforeEach, describe, expect, test } from "vitest";
import type { RecordedEvent } from "../kernel/event.ts";
import type { EventStore } from "../kernel/event-store.ts";
import { openMemoryStore } from "../kernel/memory-store.ts";
import type { MissionRequest } from "./commands.ts";
import { Refused } from "./errors.ts";
import type { PlannedWorkPackage } from "./events.ts";
import { type Ledger, ledgerOver, type MissionHandle, type RequestOptions } from "./ledger.ts";
import { findWorkPackage, type WorkPackage } from "./state.ts";
import { claims } from "./views/claims.ts";
import { reviews } from "./views/reviews.ts";
import { timelineEntry } from "./views/timeline.ts";

const minute = 60_000;
const clock = { time: Date.parse("2026-03-01T12:00:00.000Z"), now: () => clock.time };
let store: EventStore;
let ledger: Ledger;
let p: MissionHandle;

const planned = (workPackageId: string, more: Partial<PlannedWorkPackage> = {}): PlannedWorkPackage => ({
  workPackageId,
  title: workPackageId,
  dependsOn: [],
  owns: [],
  subtasks: [],
  executionLane: null,
  ...more,
});
const as = (actor: string, request: MissionRequest, options: RequestOptions = {}) =>
  p.execute(request, { actor, ...options });
const move = (
  actor: string,
  to: "in_progress" | "for_review" | "blocked" | "canceled" | "done" | "planned",
  workPackageId = "WP01",
) =>
  as(actor, {
    type: "MoveWorkPackage",
    workPackageId,
    to,
    reason: "why not",
    ...(to === "for_review" ? { evidence: [{ kind: "commit", ref: "abcdef1" }] } : {}),
  });
const claim = (actor: string, kind: "implement" | "review" = "implement", workPackageId = "WP01") =>
  as(actor, { type: "ClaimWorkPackage", workPackageId, kind, leaseMs: 10 * minute });
const judge = (actor: string, verdict: "approved" | "changes_requested") =>
  as(actor, { type: "SubmitReview", workPackageId: "WP01", verdict });
const events = async (): Promise<readonly RecordedEvent[]> => {
  const all: RecordedEvent[] = [];
  for await (const batch of p.history()) all.push(...batch);
  return all;
};
const wp = async (id = "WP01"): Promise<WorkPackage> => {
  const state = await p.state();
  const found = state._tag === "Open" ? findWorkPackage(state, id) : undefined;
  if (found === undefined) throw new Error(`no ${id}`);
  return found;
};
/** Undoes the newest command, by its last event. */
const undo = async (actor: string, options: RequestOptions = {}) =>
  as(actor, { type: "Undo", event: { revision: (await events()).length - 1 }, reason: "a mistake" }, options);
const refusalOf = async (asked: Promise<unknown>): Promise<Refused> => {
  const error = await asked.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Refused)) throw new Error(`not refused: ${String(error)}`);
  return error;
};
const obstacleOf = async (asked: Promise<unknown>): Promise<string> => {
  const { refusal } = await refusalOf(asked);
  return refusal._tag === "CannotUndo" ? refusal.obstacle : refusal._tag;
};

beforeEach(async () => {
  clock.time = Date.parse("2026-03-01T12:00:00.000Z");
  store = openMemoryStore();
  ledger = ledgerOver({ store, actor: "ada", clock });
  p = ledger.mission("p");
  await p.execute({
    type: "CreateMission",
    slug: "p",
    title: "P",
    missionId: "m1",
    dependencyMetAt: "approved",
  });
  await p.execute({
    type: "AddWorkPackages",
    workPackages: [
      planned("WP01", { executionLane: "lane-a", subtasks: [{ id: "T1", title: "One" }] }),
      planned("WP02", { dependsOn: ["WP01"] }),
      planned("WP03", { executionLane: "lane-a" }),
    ],
  });
});

/** WP01 handed over by ada, with its subtask done. */
const handOver = async (): Promise<void> => {
  await claim("ada");
  await move("ada", "in_progress");
  await as("ada", { type: "MarkSubtask", workPackageId: "WP01", subtaskId: "T1", done: true });
  await move("ada", "for_review");
};

describe("an undo", () => {
  test("of a claim gives it back; the fence grows on, and who held it may still not review it", async () => {
    await claim("ada");
    const receipt = await undo("ada");
    expect(receipt.events.map(({ type }) => type)).toEqual([
      "ClaimReleased",
      "WorkPackageMoved",
      "WorkPackageReverted",
    ]);
    expect(await wp()).toMatchObject({ lane: "planned", claim: null, fence: 1, implementers: ["ada"] });
    expect((await p.view(claims)).view.live).toEqual({});
    await claim("ben");
    expect((await wp()).claim).toMatchObject({ holder: "ben", fence: 2 });
  });

  test("of a move under a claim leads back under the same claim", async () => {
    await claim("ada");
    await move("ada", "in_progress");
    await as("ada", { type: "RenewClaim", workPackageId: "WP01", leaseMs: 20 * minute });
    await as("ada", { type: "Undo", event: { revision: 9 }, reason: "too early" });
    expect(await wp()).toMatchObject({
      lane: "claimed",
      claim: { holder: "ada", fence: 1, leaseMs: 20 * minute },
    });
  });

  test("of a hand-over takes the work back, and the request for a review with it", async () => {
    await handOver();
    expect((await p.view(reviews)).view.WP01?.cycles).toHaveLength(1);
    await undo("ada");
    expect(await wp()).toMatchObject({
      lane: "in_progress",
      claim: null,
      evidence: [],
      subject: null,
      reviewCycle: 1,
    });
    expect((await p.view(reviews)).view.WP01?.cycles).toEqual([]);
  });

  test("of a verdict is the reviewer's own, and puts it back into review unjudged", async () => {
    await handOver();
    await claim("ben", "review");
    await judge("ben", "approved");
    expect(await obstacleOf(undo("ada"))).toBe("not_yours");
    await undo("ben");
    expect(await wp()).toMatchObject({ lane: "in_review", claim: null, verdict: null, approvedBy: null });
    expect((await p.view(reviews)).view.WP01).toMatchObject({
      cycles: [{ cycle: 1, requestedBy: "ada", reviewer: null, verdict: null }],
      newest: null,
    });
    // Undoing the undo would approve without a review.
    expect(await obstacleOf(undo("ben"))).toBe("kind");
    await claim("ben", "review");
    await judge("ben", "approved");
    expect((await p.view(reviews)).view.WP01?.cycles).toMatchObject([{ cycle: 1, verdict: "approved" }]);
  });

  test("never leads to approved or done, whatever was undone", async () => {
    await handOver();
    await claim("ben", "review");
    await judge("ben", "approved");
    await move("ada", "done");
    expect(await obstacleOf(undo("ada"))).toBe("approval");
    await as("ada", { type: "ForceWorkPackage", workPackageId: "WP01", to: "planned", reason: "again" });
    expect(await obstacleOf(undo("ada"))).toBe("approval");
    await as("ada", { type: "ForceWorkPackage", workPackageId: "WP01", to: "approved", reason: "again" });
    await move("ada", "blocked");
    expect(await obstacleOf(undo("ada"))).toBe("approval");
    await move("ada", "planned");
    // Back into blocked would open the way to approved again.
    expect(await obstacleOf(undo("ada"))).toBe("approval");
  });

  test("of an approval is refused once a package that waited for it was begun", async () => {
    await handOver();
    await claim("ben", "review");
    const approved = await judge("ben", "approved");
    await claim("cy", "implement", "WP02");
    const error = await refusalOf(
      as("ben", { type: "Undo", event: { eventId: approved.eventIds[0] as string }, reason: "no" }),
    );
    expect(error.refusal).toMatchObject({ _tag: "CannotUndo", obstacle: "built_upon" });
    expect(error.hint).toContain("WP02");
  });

  test("of a cancel or a block leads back to where it was, without a claim that ended with it", async () => {
    await move("ada", "canceled", "WP02");
    expect(await obstacleOf(undo("ben"))).toBe("not_yours");
    await undo("ada");
    expect((await wp("WP02")).lane).toBe("planned");
    await claim("ada");
    await move("ada", "blocked");
    expect((await wp()).blockedFrom).toBe("claimed");
    await undo("ada");
    expect(await wp()).toMatchObject({ lane: "claimed", claim: null, blockedFrom: null });
  });

  test("of a cancel takes no package from its holder: it waits until that lease would be over", async () => {
    await handOver();
    await claim("cy", "review");
    const canceled = await move("eve", "canceled");
    const request = { type: "Undo", event: { revision: canceled.revision }, reason: "mine now" } as const;
    const error = await refusalOf(as("eve", request));
    expect(error.refusal).toMatchObject({ _tag: "CannotUndo", obstacle: "lease" });
    expect(error.hint).toContain("cy");
    clock.time += 10 * minute - 1;
    expect(await obstacleOf(as("eve", request))).toBe("lease");
    clock.time += 1;
    await as("eve", request);
    expect(await wp()).toMatchObject({ lane: "in_review", claim: null, fence: 2 });
  });

  test("of a cancel of what one holds oneself, and of a force, which is counted, does not wait", async () => {
    await claim("ada");
    await move("ada", "canceled");
    await undo("ada");
    expect(await wp()).toMatchObject({ lane: "claimed", claim: null });
    await claim("ada");
    await as("eve", { type: "ForceWorkPackage", workPackageId: "WP01", to: "blocked", reason: "stop" });
    await undo("eve");
    expect(await wp()).toMatchObject({ lane: "claimed", claim: null, forceCount: 1 });
  });

  test("waits for the execution lane that it would go back into", async () => {
    await claim("ada");
    await move("ada", "blocked");
    const { revision } = (await events()).at(-1) as RecordedEvent;
    await claim("ben", "implement", "WP03");
    const { refusal } = await refusalOf(as("ada", { type: "Undo", event: { revision }, reason: "go on" }));
    expect(refusal).toMatchObject({ _tag: "GuardFailed", guard: "execution_lane_free" });
  });

  test("of a release or a recovery is a new claim, and no undo", async () => {
    await claim("ada");
    await as("ada", { type: "ReleaseClaim", workPackageId: "WP01" });
    expect(await obstacleOf(undo("ada"))).toBe("claim");
    await claim("ada");
    clock.time += 11 * minute;
    await as("ben", { type: "RecoverClaim", workPackageId: "WP01", reason: "gone" });
    expect(await obstacleOf(undo("ben"))).toBe("claim");
    await claim("ada");
    await undo("ada");
    expect(await obstacleOf(undo("ada"))).toBe("claim");
  });

  test("of a revision brings the plan back with the marks of subtasks it had dropped", async () => {
    await as("ada", { type: "MarkSubtask", workPackageId: "WP01", subtaskId: "T1", done: true });
    await as("ada", {
      type: "ReviseWorkPackage",
      workPackageId: "WP01",
      title: "Other",
      subtasks: [{ id: "T2", title: "Two" }],
    });
    await undo("ada");
    expect(await wp()).toMatchObject({ title: "WP01", subtasks: [{ id: "T1", title: "One", done: true }] });
    await undo("ada");
    expect(await wp()).toMatchObject({ title: "Other", subtasks: [{ id: "T2", done: false }] });
  });

  test("of a revision is refused when it would close a circle", async () => {
    await as("ada", { type: "ReviseWorkPackage", workPackageId: "WP02", dependsOn: [] });
    const { revision } = (await events()).at(-1) as RecordedEvent;
    await as("ada", { type: "ReviseWorkPackage", workPackageId: "WP01", dependsOn: ["WP02"] });
    const { refusal } = await refusalOf(as("ada", { type: "Undo", event: { revision }, reason: "no" }));
    expect(refusal._tag).toBe("DependencyCycle");
  });

  test("of a mark, of evidence and of settings takes back just that", async () => {
    await claim("ada");
    await move("ada", "in_progress");
    await as("ada", { type: "MarkSubtask", workPackageId: "WP01", subtaskId: "T1", done: true });
    await as("ada", {
      type: "RecordEvidence",
      workPackageId: "WP01",
      evidence: [{ kind: "test", ref: "npm test" }],
    });
    await undo("ada");
    expect(await wp()).toMatchObject({ evidence: [], subtasks: [{ done: true }], lane: "in_progress" });
    await as("ada", { type: "Undo", event: { revision: 10 }, reason: "not done" });
    expect(await wp()).toMatchObject({ subtasks: [{ done: false }], claim: { holder: "ada" } });
    await as("ada", { type: "ChangeMissionSettings", title: "Q", dependencyMetAt: "done" });
    await undo("ada");
    expect(await p.state()).toMatchObject({ title: "P", dependencyMetAt: "approved" });
  });

  test("under a claim is its holder's, with the newest fence", async () => {
    await as("ada", { type: "MarkSubtask", workPackageId: "WP01", subtaskId: "T1", done: true });
    const { revision } = (await events()).at(-1) as RecordedEvent;
    const request = { type: "Undo", event: { revision }, reason: "no" } as const;
    await claim("ben");
    // A claim since is something that happened to the package.
    expect(await obstacleOf(as("ada", request))).toBe("changed_since");
    await as("ben", { type: "Undo", event: { revision: revision + 1 }, reason: "no" });
    expect(await obstacleOf(as("ada", { ...request, fence: 1 }))).toBe("StaleFence");
    await as("ada", request);
    expect((await wp()).subtasks[0]?.done).toBe(false);
  });

  test("of what others built on names the event that stands in the way, and a note does not", async () => {
    await as("ada", { type: "ReviseWorkPackage", workPackageId: "WP01", title: "Second" });
    const { revision } = (await events()).at(-1) as RecordedEvent;
    const request = { type: "Undo", event: { revision }, reason: "no" } as const;
    await as("ben", { type: "AddNote", workPackageId: "WP01", text: "hm" });
    const third = await as("ben", { type: "ReviseWorkPackage", workPackageId: "WP01", title: "Third" });
    const error = await refusalOf(as("ada", request));
    expect(error.refusal).toMatchObject({
      invariant: "nothing is undone under what was built on it",
      inTheWay: { type: "WorkPackageRevised", revision: third.revision, eventId: third.eventIds[0] },
    });
    expect(error).toMatchObject({ code: "CANNOT_UNDO", outcome: "not_written", retryable: false });
    expect(error.message).toContain(`WorkPackageRevised at revision ${third.revision}`);
    await as("ben", { type: "Undo", event: { revision: third.revision }, reason: "no" });
    await as("ada", request);
    expect((await wp()).title).toBe("WP01");
  });

  test.each([
    ["MissionCreated", 0],
    ["WorkPackageAdded", 1],
  ] as const)("of %s is refused", async (_, revision) => {
    expect(await obstacleOf(as("ada", { type: "Undo", event: { revision }, reason: "no" }))).toBe("kind");
  });

  test("of a note or a renewal is refused, of an event that is not there it is told", async () => {
    await as("ada", { type: "AddNote", workPackageId: "WP01", text: "hm" });
    expect(await obstacleOf(undo("ada"))).toBe("kind");
    await claim("ada");
    await as("ada", { type: "RenewClaim", workPackageId: "WP01", leaseMs: 20 * minute });
    expect(await obstacleOf(undo("ada"))).toBe("kind");
    const error = await refusalOf(as("ada", { type: "Undo", event: { revision: 99 }, reason: "no" }));
    expect(error).toMatchObject({ code: "NOT_FOUND", refusal: { _tag: "EventNotFound", mission: "p" } });
    expect(await obstacleOf(as("ada", { type: "Undo", event: { revision: 1 }, reason: " " }))).toBe(
      "InvalidInput",
    );
    const other = ledger.mission("q").execute({ type: "Undo", event: { eventId: "x" }, reason: "no" });
    expect((await refusalOf(other)).code).toBe("NOT_FOUND");
  });

  test("asked twice happens once: under one id, under two, and at the same time", async () => {
    await as("ada", { type: "ReviseWorkPackage", workPackageId: "WP01", title: "Second" });
    const { revision } = (await events()).at(-1) as RecordedEvent;
    const request = { type: "Undo", event: { revision }, reason: "no" } as const;
    const first = await as("ada", request, { commandId: "u1" });
    await as("ben", { type: "AddNote", workPackageId: "WP01", text: "meanwhile" });
    const again = await as("ada", request, { commandId: "u1" });
    expect(again).toMatchObject({ repeated: true, revision: first.revision, eventIds: first.eventIds });
    expect((await as("ada", request, { commandId: "u2" })).events).toEqual([]);
    const length = (await events()).length;
    await as("ada", { type: "ReviseWorkPackage", workPackageId: "WP01", title: "Third" });
    const third = { ...request, event: { revision: length } } as const;
    const both = await Promise.all([as("ada", third), as("ada", third), as("ada", third)]);
    expect(both.filter(({ events: written }) => written.length > 0)).toHaveLength(1);
    expect((await events()).length).toBe(length + 3);
  });

  test("under an id that another command has says so, wherever the event stands", async () => {
    await as("ada", { type: "AddNote", workPackageId: "WP01", text: "hm" }, { commandId: "used" });
    const claimed = await claim("ada");
    const byRevision = (revision: number) =>
      as("ada", { type: "Undo", event: { revision }, reason: "no" }, { commandId: "used" });
    for (const revision of [1, claimed.revision])
      await expect(byRevision(revision)).rejects.toMatchObject({ code: "COMMAND_ID_REUSED" });
    expect((await refusalOf(byRevision(99))).code).toBe("NOT_FOUND");
    expect((await wp()).claim).toMatchObject({ holder: "ada" });
  });

  test("is looked up again when somebody came first, and refused if that stands in the way", async () => {
    await as("ada", { type: "ReviseWorkPackage", workPackageId: "WP01", title: "Second" });
    const { revision } = (await events()).at(-1) as RecordedEvent;
    const request = { type: "Undo", event: { revision }, reason: "no" } as const;
    let others = 1;
    // Another process writes between the look at the log and the append.
    const slow: EventStore = {
      ...store,
      append: async (asked) => {
        if (others > 0) {
          others -= 1;
          await as("ben", { type: "AddNote", workPackageId: "WP02", text: "first" });
        }
        return store.append(asked);
      },
    };
    const other = ledgerOver({ store: slow, actor: "ada", clock }).mission("p");
    expect((await other.execute(request)).events).toHaveLength(2);
    expect(others).toBe(0);
    const elsewhere = other.execute({ ...request, event: { revision: 1 } }, { expectedRevision: 3 });
    await expect(elsewhere).rejects.toMatchObject({ code: "REVISION_CONFLICT" });
  });

  test("says in the log what it undid and why", async () => {
    const claimed = await claim("ada");
    await undo("ada");
    const last = (await events()).at(-1) as RecordedEvent;
    expect(last.data).toMatchObject({
      undoes: claimed.eventIds.at(-1),
      undoneCommand: claimed.commandId,
      reason: "a mistake",
    });
    expect(timelineEntry(last).text).toBe(
      `undone: event ${String(claimed.eventIds.at(-1)).slice(0, 8)}: a mistake`,
    );
  });
});

describe("an undo of what was built on", () => {
  const inTheWayOf = async (revision: number, actor = "ada") => {
    const { refusal } = await refusalOf(as(actor, { type: "Undo", event: { revision }, reason: "r" }));
    if (refusal._tag !== "CannotUndo") throw new Error(refusal._tag);
    return refusal;
  };

  test("names the newest of what has to be undone first, so that each undo that is named is done", async () => {
    await claim("ada");
    await move("ada", "in_progress");
    await as("ada", { type: "MarkSubtask", workPackageId: "WP01", subtaskId: "T1", done: true });
    const claimed = (await events()).find(({ type }) => type === "WorkPackageClaimed")?.revision as number;
    for (const type of ["SubtaskMarked", "WorkPackageMoved"]) {
      const refusal = await inTheWayOf(claimed);
      expect(refusal).toMatchObject({ obstacle: "changed_since", inTheWay: { type, actor: "ada" } });
      expect(refusal.instead).toBeUndefined();
      await as("ada", {
        type: "Undo",
        event: { revision: refusal.inTheWay?.revision as number },
        reason: "first",
      });
    }
    await as("ada", { type: "Undo", event: { revision: claimed }, reason: "now" });
    expect(await wp()).toMatchObject({ lane: "planned", claim: null });
  });

  test("says where the way ends in what is never undone, and what leads back by a command of its own", async () => {
    await handOver();
    await claim("ben", "review");
    await judge("ben", "changes_requested");
    const lane = (await wp()).lane;
    await as("ada", { type: "ForceWorkPackage", workPackageId: "WP01", to: "done", reason: "it is fine" });
    const forced = (await events()).length - 1;
    const rejection = { source: "verdict", cycle: 1 } as const;
    await as("ada", { type: "OverrideVerdict", workPackageId: "WP01", rejection, reason: "it is fine" });
    expect(await inTheWayOf(forced)).toMatchObject({
      inTheWay: { type: "VerdictOverridden", actor: "ada" },
      invariant: expect.stringContaining("never undone: who answered for a rejection stays on record"),
      instead: { _tag: "Force", to: lane },
      next: "Change what you want by a command of its own.",
    });
  });

  test("is no way where a claim has ended meanwhile: it stands as before, and that is said", async () => {
    await claim("ada");
    const claimed = (await events()).find(({ type }) => type === "WorkPackageClaimed")?.revision as number;
    await as("ada", { type: "ReleaseClaim", workPackageId: "WP01", reason: "not today" });
    expect(await inTheWayOf(claimed)).toMatchObject({
      inTheWay: { type: expect.stringMatching(/ClaimReleased|WorkPackageMoved/) },
      invariant: expect.stringContaining("never undone: a claim that has ended is not given back"),
      instead: { _tag: "Nothing" },
      next: "It stands as it did before; there is nothing to take back.",
    });
  });

  test("of somebody else's leads to whom to ask, and to the command that needs nobody", async () => {
    await claim("ada");
    await move("ada", "in_progress");
    const moved = (await events()).length - 1;
    clock.time += 11 * minute;
    await as("ben", { type: "ForceWorkPackage", workPackageId: "WP01", to: "canceled", reason: "why not" });
    const refusal = await inTheWayOf(moved);
    expect(refusal).toMatchObject({ inTheWay: { actor: "ben" }, next: expect.stringContaining("Ask ben") });
    expect(refusal.instead).toEqual({ _tag: "Force", to: "claimed" });
  });
});

/** What a transition is not, each in the words of a defect that another system was found to have (docs/requirements.md). */
import { beforeEach, describe, expect, test } from "vitest";
import type { EventStore } from "../kernel/event-store.ts";
import { StoreFault } from "../kernel/faults.ts";
import { openMemoryStore } from "../kernel/memory-store.ts";
import type { MissionRequest } from "./commands.ts";
import { type Ledger, ledgerOver, type MissionHandle } from "./ledger.ts";
import { findWorkPackage } from "./state.ts";

let ledger: Ledger;
let passkeys: MissionHandle;

beforeEach(async () => {
  ledger = ledgerOver({ store: openMemoryStore(), actor: "pat" });
  passkeys = ledger.mission("passkeys");
  await passkeys.execute({
    type: "CreateMission",
    slug: "passkeys",
    title: "Log in with passkeys",
    missionId: "1",
    dependencyMetAt: "approved",
  });
  const workPackage = { title: "Form", dependsOn: [], owns: [], subtasks: [], executionLane: null };
  await passkeys.execute({
    type: "AddWorkPackages",
    workPackages: [{ ...workPackage, workPackageId: "WP01" }],
  });
});

const as = (actor: string, request: MissionRequest) => passkeys.execute(request, { actor });
const workPackageId = "WP01";
const claim = (actor: string, kind: "implement" | "review") =>
  as(actor, { type: "ClaimWorkPackage", workPackageId, kind, leaseMs: 600_000 });
const move = (to: string, more: object = {}) =>
  as("ada", { type: "MoveWorkPackage", workPackageId, to, ...more } as MissionRequest);
const force = (to: string) =>
  as("ada", { type: "ForceWorkPackage", workPackageId, to, reason: "because" } as MissionRequest);
const submit = (more: object) =>
  as("bob", { type: "SubmitReview", workPackageId, ...more } as unknown as MissionRequest);
const evidence = [{ kind: "commit", ref: "abcdef1" }];
const underReview = async (): Promise<void> => {
  await claim("ada", "implement");
  await move("in_progress");
  await move("for_review", { evidence });
  await claim("bob", "review");
};
const lane = async (): Promise<string | undefined> => {
  const state = await passkeys.state();
  return state._tag === "Open" ? findWorkPackage(state, workPackageId)?.lane : undefined;
};
const revision = async (): Promise<number> => (await ledger.store.head("mission-passkeys")).revision;

/** Refused in whatever way, with nothing written. */
const isRefused = async (outcome: () => Promise<unknown>): Promise<void> => {
  const before = await revision();
  await expect(outcome()).rejects.toMatchObject({ code: expect.stringMatching(/^[A-Z_]+$/) });
  expect(await revision()).toBe(before);
};

describe("a transition", () => {
  test.each(["genesis", "uninitialized", "constructor", "doing", " Done "])(
    "to %j, which is no lane to be in, is refused, forced too",
    async (to) => {
      await isRefused(() => move(to));
      await isRefused(() => force(to));
    },
  );

  test("to the lane a package is in already says that nothing was written, once the log has confirmed that lane", async () => {
    await claim("ada", "implement");
    await move("in_progress");
    const before = await revision();
    expect(await move("in_progress")).toMatchObject({
      readback: "nothing_written",
      eventIds: [],
      revision: before,
    });
    expect([await revision(), await lane()]).toEqual([before, "in_progress"]);
  });

  test("that one command makes in several steps is all there or not at all", async () => {
    await claim("ada", "implement");
    await move("in_progress");
    await isRefused(() => move("for_review"));
    const before = await revision();
    const { events } = await move("for_review", { evidence });
    expect(events.map(({ type }) => type)).toContain("WorkPackageMoved");
    const commit = await ledger.store.findCommand("mission-passkeys", (await lastCommand()) ?? "");
    expect(commit?.events).toHaveLength((await revision()) - before);
  });

  test("out of review to planned does not pass with a verdict that approves", async () => {
    await underReview();
    for (const to of ["planned", "in_progress", "blocked", "canceled"])
      await isRefused(() => submit({ verdict: "approved", to, reason: "because" }));
    expect(await lane()).toBe("in_review");
  });

  test.each(["fine", "approved_after_fix", "", "APPROVED", null])(
    "does not pass with the made-up verdict %j",
    async (verdict) => {
      await underReview();
      await isRefused(() => submit({ verdict }));
      expect(await lane()).toBe("in_review");
    },
  );

  test("from planned to canceled or blocked needs a reason", async () => {
    for (const to of ["canceled", "blocked"])
      for (const more of [{}, { reason: "" }, { reason: " \n" }]) await isRefused(() => move(to, more));
    await move("canceled", { reason: "not wanted" });
    expect(await lane()).toBe("canceled");
  });

  test("from work to approved does not skip review when the caller brings evidence", async () => {
    await claim("ada", "implement");
    await move("in_progress");
    const review = { reviewer: "bob", reference: "somewhere", verdict: "approved" };
    await isRefused(() => move("approved", { evidence }));
    await isRefused(() => move("approved", { evidence: [...evidence, review] }));
    await isRefused(() => submit({ verdict: "approved" }));
  });

  test("rests on evidence that somebody brought: none is minted, neither when handing over nor by a force", async () => {
    await claim("ada", "implement");
    await move("in_progress");
    await isRefused(() => move("for_review"));
    await force("approved");
    for await (const batch of ledger.store.read("mission-passkeys"))
      for (const { type } of batch) expect(["EvidenceRecorded", "ReviewSubmitted"]).not.toContain(type);
    await isRefused(() => move("done"));
  });

  test("into review is for one reviewer at a time", async () => {
    await underReview();
    await isRefused(() => claim("eve", "review"));
  });
});

describe("a recovery", () => {
  const clock = { time: Date.parse("2026-03-01T12:00:00.000Z"), now: () => clock.time };
  const recover: MissionRequest = {
    type: "RecoverClaim",
    workPackageId,
    reason: "the agent is gone",
  };
  /** Two packages of one execution lane; the first is claimed for a minute, and under way. */
  const shared = async (store: EventStore): Promise<MissionHandle> => {
    clock.time = Date.parse("2026-03-01T12:00:00.000Z");
    const lane = ledgerOver({ store, clock, actor: "ada" }).mission("lane");
    await lane.execute({
      type: "CreateMission",
      slug: "lane",
      title: "A shared lane",
      missionId: "2",
      dependencyMetAt: "approved",
    });
    const more = { title: "T", dependsOn: [], owns: [], subtasks: [], executionLane: "lane-a" };
    await lane.execute({
      type: "AddWorkPackages",
      workPackages: ["WP01", "WP02", "WP03"].map((id) => ({ ...more, workPackageId: id })),
    });
    await lane.execute({ type: "ClaimWorkPackage", workPackageId, kind: "implement", leaseMs: 60_000 });
    await lane.execute({ type: "MoveWorkPackage", workPackageId, to: "in_progress" });
    clock.time += 120_000;
    return lane;
  };
  const lanesOf = async (mission: MissionHandle) => {
    const state = await mission.state();
    return state._tag === "Open"
      ? ["WP01", "WP02", "WP03"].map((id) => findWorkPackage(state, id)?.lane)
      : [];
  };

  test("pushes no sibling into work, whatever was committed on the branch that they share", async () => {
    const lane = await shared(openMemoryStore());
    const { events } = await lane.execute(recover);
    expect(await lanesOf(lane)).toEqual(["planned", "planned", "planned"]);
    for (const event of events) expect(event).toMatchObject({ workPackageId });
  });

  test("that cannot be written is a failure that is told, and the claim stands", async () => {
    const store = openMemoryStore();
    const lane = await shared(store);
    const full: EventStore = {
      ...store,
      append: async () => {
        throw new StoreFault("STORAGE_FULL", "no room", { outcome: "not_written", retryable: true });
      },
    };
    const failing = ledgerOver({ store: full, clock, actor: "ada" }).mission("lane");
    await expect(failing.execute(recover)).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(await lanesOf(lane)).toEqual(["in_progress", "planned", "planned"]);
  });
});

const lastCommand = async (): Promise<string | undefined> => {
  let last: string | undefined;
  for await (const batch of ledger.store.read("mission-passkeys")) last = batch.at(-1)?.commandId ?? last;
  return last;
};

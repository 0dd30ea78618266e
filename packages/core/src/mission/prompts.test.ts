import { beforeEach, describe, expect, test } from "vitest";
import { openMemoryStore } from "../kernel/memory-store.ts";
import type { Lane } from "./lanes.ts";
import { shownLanes } from "./lanes.ts";
import { type Ledger, ledgerOver, type MissionHandle } from "./ledger.ts";
import {
  type IssuedPrompt,
  type PromptEvidence,
  type PromptGround,
  type PromptIdentity,
  promptDifferences,
} from "./prompts-check.ts";
import { findWorkPackage, type OpenMission } from "./state.ts";

const repository = { id: "a".repeat(32), name: "shop" };
const worktree = { id: "b".repeat(32), name: "shop-wp01" };
const base = "1".repeat(40);
const head = "2".repeat(40);
const sha256 = "c".repeat(64);
const promptId = "3f0b8a52-93f5-4f2c-a5a0-1d5f3e0c9a11";

let ledger: Ledger;
let passkeys: MissionHandle;

const open = async (): Promise<OpenMission> => (await passkeys.state()) as OpenMission;
const subjectNow = async (): Promise<string> => findWorkPackage(await open(), "WP01")?.subject ?? "";
const handOver = async (ref: string): Promise<void> => {
  await passkeys.execute({
    type: "ClaimWorkPackage",
    workPackageId: "WP01",
    kind: "implement",
    leaseMs: 60_000,
  });
  await passkeys.execute({ type: "MoveWorkPackage", workPackageId: "WP01", to: "in_progress" });
  await passkeys.execute({
    type: "MoveWorkPackage",
    workPackageId: "WP01",
    to: "for_review",
    evidence: [{ kind: "commit", ref }],
  });
};
const judge = async (verdict: "approved" | "changes_requested"): Promise<void> => {
  await passkeys.execute(
    { type: "ClaimWorkPackage", workPackageId: "WP01", kind: "review", leaseMs: 60_000 },
    { actor: "bob" },
  );
  await passkeys.execute({ type: "SubmitReview", workPackageId: "WP01", verdict }, { actor: "bob" });
};
const issue = async (subject: string, changes: Partial<IssuedPrompt> = {}): Promise<IssuedPrompt> => {
  const { events } = await passkeys.execute({
    type: "IssueReviewPrompt",
    workPackageId: "WP01",
    promptId,
    subject,
    sha256,
    repository,
    worktree,
    branch: "lane-a",
    base,
    head,
    ...changes,
  } as Parameters<MissionHandle["execute"]>[0]);
  return events[0] as IssuedPrompt;
};
const refusalOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => undefined,
    (error: { refusal?: unknown }) => error.refusal,
  );

beforeEach(async () => {
  ledger = ledgerOver({ store: openMemoryStore(), actor: "ada" });
  passkeys = ledger.mission("passkeys");
  await passkeys.execute({
    type: "CreateMission",
    slug: "passkeys",
    title: "Passkeys",
    missionId: "m1",
    dependencyMetAt: "approved",
  });
  await passkeys.execute({
    type: "AddWorkPackages",
    workPackages: [
      {
        workPackageId: "WP01",
        title: "Login",
        dependsOn: [],
        owns: ["src/**"],
        subtasks: [],
        executionLane: null,
      },
    ],
  });
});

describe("issuing a prompt", () => {
  test("names the cycle and the subject that are under review", async () => {
    await handOver("9c1f2ab");
    const subject = await subjectNow();
    expect(await issue(subject)).toEqual({
      type: "ReviewPromptIssued",
      workPackageId: "WP01",
      promptId,
      cycle: 1,
      subject,
      sha256,
      repository,
      worktree,
      branch: "lane-a",
      base,
      head,
    });
  });

  test("is refused in every lane in which nothing is under review", async () => {
    await handOver("9c1f2ab");
    const subject = await subjectNow();
    const refused: Lane[] = [];
    for (const to of shownLanes) {
      const { lane } = findWorkPackage(await open(), "WP01") as { lane: Lane };
      if (lane !== to)
        await passkeys.execute({
          type: "ForceWorkPackage",
          workPackageId: "WP01",
          to,
          reason: "for the test",
          leaseMs: 60_000,
        });
      // Forced there, it may be another subject that is under review.
      const refusal = await refusalOf(issue(subject));
      if ((refusal as { _tag?: string } | undefined)?._tag !== "NotInReview") continue;
      expect(refusal).toMatchObject({ mission: "passkeys", workPackageId: "WP01", lane: to });
      refused.push(to);
    }
    expect(new Set(refused)).toEqual(
      new Set(shownLanes.filter((lane) => lane !== "for_review" && lane !== "in_review")),
    );
  });

  test("is refused for a subject that is not under review any more", async () => {
    await handOver("9c1f2ab");
    const earlier = await subjectNow();
    await judge("changes_requested");
    await handOver("8b0e1fa");
    expect(await refusalOf(issue(earlier))).toMatchObject({
      _tag: "SubjectChanged",
      reviewed: earlier,
      subject: await subjectNow(),
    });
  });

  test("changes nothing in the mission", async () => {
    await handOver("9c1f2ab");
    const before = await open();
    await issue(await subjectNow());
    expect(await open()).toEqual(before);
  });
});

describe("taking up a review", () => {
  const claim = (subject: string) =>
    passkeys.execute(
      { type: "ClaimWorkPackage", workPackageId: "WP01", kind: "review", leaseMs: 60_000, subject },
      { actor: "bob" },
    );

  test("of what the reviewer was sent to look at is decided with it, and refused for anything else", async () => {
    await handOver("9c1f2ab");
    const earlier = await subjectNow();
    await judge("changes_requested");
    await handOver("8b0e1fa");
    expect(await refusalOf(claim(earlier))).toMatchObject({ _tag: "SubjectChanged", reviewed: earlier });
    expect(findWorkPackage(await open(), "WP01")?.lane).toBe("for_review");
    await claim(await subjectNow());
    expect(findWorkPackage(await open(), "WP01")?.lane).toBe("in_review");
  });
});

describe("a prompt that was found", () => {
  const ground: PromptGround = {
    repository,
    worktree,
    worktreeRepository: repository,
    branch: "lane-a",
    head,
    hasBase: true,
    hasHead: true,
  };
  let sound: PromptEvidence;

  beforeEach(async () => {
    await handOver("9c1f2ab");
    const record = await issue(await subjectNow());
    const { type, sha256: _, ...rest } = record;
    const identity: PromptIdentity = { ...rest, mission: "passkeys", missionId: "m1" };
    sound = { identity, sha256, issued: [record], mission: await open(), ground };
  });

  test("differs in nothing where all is as it was recorded", () => {
    expect(promptDifferences(sound)).toEqual([]);
  });

  const other = { id: "d".repeat(32), name: "shop" };
  const identities: readonly (readonly [string, Partial<PromptIdentity>])[] = [
    ["promptId", { promptId: "4f0b8a52-93f5-4f2c-a5a0-1d5f3e0c9a11" }],
    ["workPackage", { workPackageId: "WP02" }],
    ["cycle", { cycle: 2 }],
    ["subject", { subject: "e".repeat(64) }],
    ["repository", { repository: other }],
    ["worktree", { worktree: other }],
    ["branch", { branch: null }],
    ["base", { base: head }],
    ["head", { head: base }],
    ["mission", { mission: "billing" }],
    ["missionId", { missionId: "m2" }],
  ];
  test.each(identities)("that says another %s than the record is told so", (field, change) => {
    const found = promptDifferences({ ...sound, identity: { ...sound.identity, ...change } });
    expect(found.map((difference) => difference.field)).toEqual([field]);
    expect(found[0]?.recorded).not.toEqual(found[0]?.found);
  });

  const grounds: readonly (readonly [string, string, Partial<PromptGround>])[] = [
    ["repository", "foreign", { repository: other }],
    ["repository", "foreign", { repository: null }],
    ["worktree", "foreign", { worktree: other }],
    ["worktree", "foreign", { worktree: null }],
    ["worktree.repository", "foreign", { worktreeRepository: other }],
    ["branch", "moved", { branch: "main" }],
    ["branch", "moved", { branch: null }],
    ["head", "moved", { head: base }],
    ["head", "moved", { head: null }],
    ["base", "commit_missing", { hasBase: false }],
    ["head", "commit_missing", { hasHead: false }],
  ];
  test.each(grounds)("whose %s is %s is told so", (field, reason, change) => {
    const found = promptDifferences({ ...sound, ground: { ...ground, ...change } });
    expect(found.map((difference) => [difference.field, difference.reason])).toEqual([[field, reason]]);
  });

  test("of other bytes than were recorded is told so", () => {
    expect(promptDifferences({ ...sound, sha256: "f".repeat(64) })).toEqual([
      { field: "sha256", reason: "content", recorded: sha256, found: "f".repeat(64) },
    ]);
  });

  test("of which the log knows nothing, or two, is told so", () => {
    expect(promptDifferences({ ...sound, issued: [] })).toMatchObject([
      { field: "promptId", reason: "not_issued" },
    ]);
    expect(promptDifferences({ ...sound, issued: [...sound.issued, ...sound.issued] })).toMatchObject([
      { field: "promptId", recorded: 1, found: 2 },
    ]);
  });

  test("of a mission that is not there is told so", () => {
    expect(promptDifferences({ ...sound, mission: { _tag: "Absent" } })).toEqual([
      { field: "mission", reason: "foreign", recorded: "passkeys", found: null },
    ]);
  });

  test("is of no use when its review is over, also in the cycle after it", async () => {
    await judge("changes_requested");
    expect(promptDifferences({ ...sound, mission: await open() })).toMatchObject([
      { field: "lane", reason: "not_under_review", found: "planned" },
    ]);
    await handOver("8b0e1fa");
    expect(
      promptDifferences({ ...sound, mission: await open() }).map(({ field, reason }) => [field, reason]),
    ).toEqual([
      ["cycle", "not_under_review"],
      ["subject", "not_under_review"],
    ]);
  });
});

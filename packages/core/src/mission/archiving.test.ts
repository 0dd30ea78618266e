import { beforeEach, expect, test } from "vitest";
import { openMemoryStore } from "../kernel/memory-store.ts";
import { memorySnapshots } from "../kernel/snapshots.ts";
import type { MissionRequest } from "./commands.ts";
import type { PlannedWorkPackage } from "./events.ts";
import { type Ledger, ledgerOver, type MissionHandle } from "./ledger.ts";
import { timelineEntry } from "./views/timeline.ts";

let ledger: Ledger;
let passkeys: MissionHandle;

const planned = (workPackageId: string): PlannedWorkPackage => ({
  workPackageId,
  title: workPackageId,
  dependsOn: [],
  owns: [],
  subtasks: [],
  executionLane: null,
});
const archive = (sha256 = "a".repeat(64)): MissionRequest => ({
  type: "ArchiveMission",
  file: "passkeys.archive.jsonl.gz",
  sha256,
  head: "b".repeat(64),
  records: 3,
  events: 6,
});
const refusalOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => undefined,
    (error: unknown) => error,
  );

beforeEach(async () => {
  ledger = ledgerOver({
    store: openMemoryStore(),
    snapshots: memorySnapshots(),
    snapshotEvery: 2,
    actor: "ada",
  });
  passkeys = ledger.mission("passkeys");
  await passkeys.execute({
    type: "CreateMission",
    slug: "passkeys",
    title: "Passkeys",
    missionId: "m1",
    dependencyMetAt: "approved",
  });
  await passkeys.execute({ type: "AddWorkPackages", workPackages: [planned("WP01"), planned("WP02")] });
});

const force = (workPackageId: string, to: "canceled" | "done" | "planned") =>
  passkeys.execute({ type: "ForceWorkPackage", workPackageId, to, reason: "for the test" });
const close = async (): Promise<void> => {
  await force("WP01", "done");
  await force("WP02", "canceled");
};

test("a mission with an open work package is not archived, and the open ones are named", async () => {
  await force("WP01", "done");
  expect(await refusalOf(passkeys.execute(archive()))).toMatchObject({
    code: "GUARD_FAILED",
    refusal: { _tag: "MissionNotClosed", mission: "passkeys", open: ["WP02"] },
  });
});

test("an archived mission refuses every command with the one that restores it, in a cold process too", async () => {
  await close();
  await passkeys.execute(archive());
  const cold = ledgerOver({ store: ledger.store, snapshots: ledger.snapshots, actor: "bob" }).mission(
    "passkeys",
  );
  for (const mission of [passkeys, cold])
    for (const request of [
      { type: "AddNote", workPackageId: "WP01", text: "late" },
      { type: "ForceWorkPackage", workPackageId: "WP01", to: "planned", reason: "again" },
      { type: "ChangeMissionSettings", title: "Other" },
      { type: "AddWorkPackages", workPackages: [planned("WP03")] },
      archive("c".repeat(64)),
    ] as const)
      expect(await refusalOf(mission.execute(request)), request.type).toMatchObject({
        code: "MISSION_ARCHIVED",
        outcome: "not_written",
        refusal: { _tag: "MissionArchived", mission: "passkeys", file: "passkeys.archive.jsonl.gz" },
      });
  expect(
    await refusalOf(
      cold.execute({
        type: "CreateMission",
        slug: "passkeys",
        title: "Another",
        missionId: "m2",
        dependencyMetAt: "approved",
      }),
    ),
  ).toMatchObject({ code: "ALREADY_EXISTS" });
});

test("archiving twice in the same copy, and restoring twice, happen once", async () => {
  await close();
  const first = await passkeys.execute(archive());
  const again = await passkeys.execute(archive());
  expect([first.events.length, again.events.length]).toEqual([1, 0]);
  const restored = await passkeys.execute({ type: "RestoreMission" });
  expect(restored.events).toEqual([{ type: "MissionRestored", sha256: "a".repeat(64) }]);
  expect((await passkeys.execute({ type: "RestoreMission" })).events).toEqual([]);
});

test("a restored mission goes on, and may be archived again", async () => {
  await close();
  await passkeys.execute(archive());
  await passkeys.execute({ type: "RestoreMission" });
  await force("WP01", "planned");
  expect(await refusalOf(passkeys.execute(archive("c".repeat(64))))).toMatchObject({ code: "GUARD_FAILED" });
  await force("WP01", "done");
  expect((await passkeys.execute(archive("c".repeat(64)))).events).toMatchObject([
    { type: "MissionArchived" },
  ]);
});

test("a mark that was asked for at the copy's end is refused when somebody wrote behind it", async () => {
  await close();
  const { revision } = await ledger.store.head(passkeys.stream);
  await passkeys.execute({ type: "AddNote", workPackageId: "WP01", text: "meanwhile" });
  expect(await refusalOf(passkeys.execute(archive(), { expectedRevision: revision }))).toMatchObject({
    code: "REVISION_CONFLICT",
  });
});

test("the timeline says when it was archived and restored", async () => {
  await close();
  await passkeys.execute(archive());
  await passkeys.execute({ type: "RestoreMission" });
  const texts: string[] = [];
  for await (const batch of passkeys.history())
    texts.push(...batch.map((event) => timelineEntry(event).text));
  expect(texts.slice(-2)).toEqual([
    `archived in passkeys.archive.jsonl.gz: 6 events, ${"a".repeat(12)}`,
    "restored from the archive",
  ]);
});

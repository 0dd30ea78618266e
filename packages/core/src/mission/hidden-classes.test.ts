import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";
import { describe, expect, test } from "vitest";
import type { AppendRequest } from "../kernel/event-store.ts";
import { openMemoryStore } from "../kernel/memory-store.ts";
import { pendingAppend } from "../kernel/pending-append.ts";
import { ledgerOver, type MissionReceipt } from "./ledger.ts";

setFlagsFromString("--allow-natives-syntax");
const shareClass = new Script("(one, other) => %HaveSameMap(one, other)").runInThisContext() as (
  one: unknown,
  other: unknown,
) => boolean;
const isFast = new Script("(one) => %HasFastProperties(one)").runInThisContext() as (one: unknown) => boolean;

/** What each of several commands of one kind makes. */
const ofCommands = async (
  count: number,
): Promise<{ readonly requests: readonly AppendRequest[]; readonly receipts: readonly MissionReceipt[] }> => {
  const requests: AppendRequest[] = [];
  const store = openMemoryStore();
  const ledger = ledgerOver({
    store: {
      ...store,
      append: (request) => {
        requests.push(request);
        return store.append(request);
      },
    },
    actor: "ada",
  });
  const mission = ledger.mission("m");
  await mission.execute({
    type: "CreateMission",
    slug: "m",
    title: "M",
    missionId: "1",
    dependencyMetAt: "approved",
  });
  const planned = {
    workPackageId: "WP01",
    title: "One",
    dependsOn: [],
    owns: [],
    subtasks: [],
    executionLane: null,
  };
  await mission.execute({ type: "AddWorkPackages", workPackages: [planned] });
  const receipts: MissionReceipt[] = [];
  for (let index = 0; index < count; index += 1)
    receipts.push(
      await mission.execute({ type: "AddNote", workPackageId: "WP01", text: `note ${"x".repeat(index)}` }),
    );
  return { requests: requests.slice(-count), receipts };
};

/** Source: docs/adr/0024-objects-of-one-shape.md. */
describe("one command after the other", () => {
  test("shares the hidden classes of what the one before it made", async () => {
    const { requests, receipts } = await ofCommands(8);
    const [before, last] = [requests[6], requests[7]] as [AppendRequest, AppendRequest];
    expect(shareClass({ ...{ a: 1 } }, { ...{ b: 1 } })).toBe(false);
    expect(shareClass(before.commit, last.commit)).toBe(true);
    expect(shareClass(before.commit.events[0], last.commit.events[0])).toBe(true);
    expect(shareClass(receipts[6], receipts[7])).toBe(true);
    expect(shareClass(receipts[6]?.events[0], receipts[7]?.events[0])).toBe(true);
  });

  test("waits in the store as an object with fast properties", async () => {
    const { requests } = await ofCommands(2);
    const [one, other] = requests.map((request) => pendingAppend(request, 0).pending);
    expect(isFast(one)).toBe(true);
    expect(shareClass(one, other)).toBe(true);
  });
});

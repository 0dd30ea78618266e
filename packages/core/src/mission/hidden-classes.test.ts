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

/**
 * How many hidden classes the objects have between them. The engine may move a whole family of objects to a new class, when a
 * field takes a value of another kind or when it collects what nobody seems to use: now and then one more is in order, one for
 * each object never.
 */
const classesOf = (objects: readonly unknown[]): number => {
  const firsts: unknown[] = [];
  for (const object of objects) if (!firsts.some((first) => shareClass(first, object))) firsts.push(object);
  return firsts.length;
};

const aFew = 4;

/** Source: docs/adr/0024-objects-of-one-shape.md. */
describe("commands of one kind", () => {
  test("share the hidden classes of what they make", async () => {
    const { requests, receipts } = await ofCommands(24);
    const commits = requests.map(({ commit }) => commit);
    const unlike = commits.map((_, index) => ({ [`field${index}`]: index }));
    expect(classesOf(unlike)).toBe(commits.length);
    expect(classesOf(commits)).toBeLessThanOrEqual(aFew);
    expect(classesOf(commits.map(({ events }) => events[0]))).toBeLessThanOrEqual(aFew);
    expect(classesOf(receipts)).toBeLessThanOrEqual(aFew);
    expect(classesOf(receipts.map(({ events }) => events[0]))).toBeLessThanOrEqual(aFew);
  });

  test("wait in the store as objects with fast properties", async () => {
    const { requests } = await ofCommands(24);
    const waiting = requests.map((request) => pendingAppend(request, 0).pending);
    expect(waiting.every(isFast)).toBe(true);
    expect(classesOf(waiting)).toBeLessThanOrEqual(aFew);
  });
});

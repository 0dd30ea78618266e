import type { Appended } from "@mission-ledger/core";
import { describe, expect, test } from "vitest";
import type { StoredEvent } from "../gateway-port.ts";
import { all, filled, openWorld, stream, tryPut, type World } from "../testing/world.ts";

const appendedOn = async (world: World, events = 2): Promise<Appended> => {
  const head = await filled(world, 2);
  const writer = await world.open();
  const appended = await world.until(tryPut(writer, head, "mine", { events, isFresh: true }));
  if (appended._tag === "Conflict") throw new Error("a conflict");
  return appended;
};

const metadataOf = (event: StoredEvent): object => event.metadata as object;

describe("the proof of an append", () => {
  test("gives the events with their places in the whole log", async () => {
    const world = openWorld();
    const appended = await appendedOn(world);
    const proven = await world.until((await world.open()).readBack(appended));
    expect(proven).toMatchObject([{ revision: 2 }, { revision: 3 }]);
    expect(Array.isArray(proven) && proven.every(({ position }) => /^\d{20}-\d{20}$/.test(position))).toBe(
      true,
    );
  });

  const changes: readonly (readonly [string, number, (event: StoredEvent) => StoredEvent])[] = [
    ["the data", 3, (event) => ({ ...event, data: { other: true } })],
    ["the type", 2, (event) => ({ ...event, type: "Other" })],
    ["the id", 3, (event) => ({ ...event, id: crypto.randomUUID() })],
    ["the actor", 2, (event) => ({ ...event, metadata: { ...metadataOf(event), actor: "eve" } })],
    ["the digest", 3, (event) => ({ ...event, metadata: { ...metadataOf(event), digest: "0".repeat(64) } })],
    [
      "the command's digest",
      2,
      (event) => ({ ...event, metadata: { ...metadataOf(event), commandDigest: "0" } }),
    ],
    ["the link", 3, (event) => ({ ...event, metadata: { ...metadataOf(event), previous: null } })],
    ["all metadata", 2, (event) => ({ ...event, metadata: undefined })],
    ["JSON for bytes", 2, (event) => ({ ...event, isJson: false })],
  ];
  test.each(changes)("fails where %s is another on the server", async (_, revision, change) => {
    const world = openWorld();
    const appended = await appendedOn(world);
    world.server.log.change(stream, revision, change);
    await expect(world.until((await world.open()).readBack(appended))).rejects.toMatchObject({
      code: "READBACK_FAILED",
      outcome: "unknown",
      details: { stream, commandId: "mine", revision },
    });
  });

  test("fails where the event before is not the one it was decided on", async () => {
    const world = openWorld();
    const appended = await appendedOn(world);
    world.server.log.change(stream, 1, (event) => ({
      ...event,
      metadata: { ...metadataOf(event), digest: "0".repeat(64) },
    }));
    await expect(world.until((await world.open()).readBack(appended))).rejects.toMatchObject({
      code: "LOG_REPLACED",
      outcome: "unknown",
    });
  });

  test("reads the event before only where it has to", async () => {
    const world = openWorld();
    const head = await filled(world, 2);
    const asked: number[] = [];
    const store = await world.open({
      readRange: async ({ maxCount }, send) => {
        asked.push(maxCount);
        return send();
      },
    });
    await world.until(store.head(stream));
    asked.length = 0;
    const appended = await world.until(tryPut(store, head, "mine", { isFresh: true }));
    if (appended._tag === "Conflict") throw new Error("a conflict");
    await world.until(store.readBack(appended));
    expect(asked).toEqual([1]);
    await world.until(store.readBack(appended));
    expect(asked).toEqual([1, 2]);
  });

  test.each([
    ["was deleted", (world: World) => world.server.log.softDelete(stream), "READBACK_FAILED"],
    [
      "became another",
      (world: World) =>
        world.server.log.change(stream, 1, (event) => ({
          ...event,
          metadata: { ...metadataOf(event), digest: "0".repeat(64) },
        })),
      "LOG_REPLACED",
    ],
  ])("fails where the history before it %s since it was seen", async (_, happen, code) => {
    const world = openWorld();
    const head = await filled(world, 2);
    const store = await world.open();
    expect(await world.until(store.head(stream))).toEqual(head);
    await world.timers.pass(1_000);
    happen(world);
    const appended = await world.until(tryPut(store, head, "mine", { isFresh: true }));
    if (appended._tag === "Conflict") throw new Error("a conflict");
    await expect(world.until(store.readBack(appended))).rejects.toMatchObject({ code, outcome: "unknown" });
    // What was remembered of it is not believed any more.
    await expect(world.until(all(store.read(stream)))).rejects.toMatchObject({ code: "LOG_CORRUPT" });
  });

  test("waits a moment for a leader that does not show it yet, and no longer", async () => {
    const world = openWorld();
    const appended = await appendedOn(world);
    const store = await world.open();
    world.server.strike({ at: "read", fault: { kind: "stale", events: 1 }, times: 3 });
    expect(await world.until(store.readBack(appended))).toHaveLength(2);
    world.server.strike({ at: "read", fault: { kind: "stale", events: 2 }, times: 1_000 });
    const since = world.timers.now();
    await expect(world.until(store.readBack(appended))).rejects.toMatchObject({ code: "READBACK_FAILED" });
    expect(world.timers.now() - since).toBeLessThan(5_000);
  });

  test("that cannot be read leaves the outcome unknown", async () => {
    const world = openWorld();
    const appended = await appendedOn(world);
    world.server.strike({ at: "read", fault: { kind: "access_denied" } });
    await expect(world.until((await world.open()).readBack(appended))).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      outcome: "unknown",
      hint: expect.stringContaining("repeat it with the same command id"),
    });
  });
});

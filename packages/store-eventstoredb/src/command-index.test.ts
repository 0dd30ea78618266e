/** What a process remembers of a stream's commands is never taken for all of them when it is not. */
import { type EventStore, StoreFault } from "@mission-ledger/core";
import { describe, expect, test } from "vitest";
import { filled, openWorld, put, stream, tryPut, type World } from "./testing/world.ts";

/** A stream of four commands, and a process that reads two events at once and loses what it remembers between two pages. */
const forgetful = async (): Promise<{ readonly world: World; readonly store: EventStore }> => {
  const world = openWorld();
  await filled(world, 4);
  const opened: { store?: EventStore } = {};
  const store = await world.open(
    {
      readRange: async (request, send) => {
        if (request.stream === stream && request.from === 2n)
          // As many other streams as would have to be forgotten for it.
          for (let other = 0; other < 1_100; other += 1) await opened.store?.head(`mission-o${other}`);
        return send();
      },
    },
    { pageSize: 2 },
  );
  opened.store = store;
  return { world, store };
};

describe("a command that stands in a stream whose commands are forgotten while they are read", () => {
  test("is not written again", async () => {
    const { world, store } = await forgetful();
    const head = await world.until((await world.open()).head(stream));
    expect(await world.until(tryPut(store, head, "before-0"))).toMatchObject({
      _tag: "Appended",
      repeated: true,
      commit: { firstRevision: 0 },
    });
    expect(world.stands()).toEqual(["before-0@0", "before-1@1", "before-2@2", "before-3@3"]);
  });

  test("is found where it stands", async () => {
    const { world, store } = await forgetful();
    expect(await world.until(store.findCommand(stream, "before-0"))).toMatchObject({ firstRevision: 0 });
  });
});

describe("a command that is remembered at a place where the server holds it no more", () => {
  test.each([
    ["nothing", 0],
    ["another command", 2],
  ])(
    "because a restored backup has %s there is a fault once, then it is looked for anew",
    async (_, others) => {
      const world = openWorld();
      await filled(world, 4);
      const store = await world.open();
      await world.until(store.findCommand(stream, "before-3"));
      world.server.log.lose(stream, 2);
      const restored = await world.open();
      let head = await world.until(restored.head(stream));
      for (let other = 0; other < others; other += 1)
        head = await world.until(put(restored, head, `other-${other}`, { isFresh: true }));
      const again = (): Promise<unknown> => world.until(tryPut(store, head, "before-3"));
      await expect(again()).rejects.toBeInstanceOf(StoreFault);
      expect(await again()).toMatchObject({ _tag: "Appended", repeated: false });
      expect(world.stands().at(-1)).toBe(`before-3@${head.revision + 1}`);
    },
  );
});

describe("a stream that another took the place of", () => {
  test("is looked at anew after an append or a proof has noticed", async () => {
    const world = openWorld();
    const head = await filled(world, 4);
    const store = await world.open();
    await world.until(store.findCommand(stream, "before-3"));
    world.server.log.lose(stream, 2);
    await expect(world.until(tryPut(store, head, "mine", { isFresh: true }))).rejects.toMatchObject({
      code: "LOG_REPLACED",
      outcome: "not_written",
    });
    expect(await world.until(store.head(stream))).toMatchObject({ revision: 1 });
    const theirs = await world.open();
    const present = await world.until(theirs.head(stream));
    const appended = await world.until(tryPut(store, present, "mine", { isFresh: true }));
    world.server.log.lose(stream, 3);
    if (appended._tag === "Appended")
      await expect(world.until(store.readBack(appended))).rejects.toMatchObject({ outcome: "unknown" });
    expect(await world.until(store.head(stream))).toMatchObject({ revision: -1 });
  });
});

/** What a process remembers of a stream's commands is never taken for all of them when it is not. */
import type { EventStore } from "@mission-ledger/core";
import { describe, expect, test } from "vitest";
import { filled, openWorld, stream, tryPut, type World } from "./testing/world.ts";

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

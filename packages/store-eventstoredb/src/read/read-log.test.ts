/** The whole log is read to the end that was found first, or a fault says why not. */
import { describe, expect, test } from "vitest";
import { all, filled, openWorld, stream } from "../testing/world.ts";

describe("a reading of the whole log", () => {
  test("goes on where the server cuts pages off, as far as the end it named", async () => {
    const world = openWorld();
    await filled(world, 6);
    let pages = 0;
    const store = await world.open({
      readAll: async ({ direction }, send) => {
        const events = await send();
        if (direction === "backwards") return events;
        pages += 1;
        // Now and then nothing new, else one event more than what was read before.
        return events.slice(0, pages % 3 === 0 ? 1 : 2);
      },
    });
    const read = await world.until(all(store.readAll()));
    expect(read.map(({ revision }) => revision)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("fails where the server ends before the end it named, and is no shorter log", async () => {
    const world = openWorld();
    await filled(world, 3);
    const store = await world.open({
      readAll: async ({ direction }, send) =>
        direction === "backwards" ? send() : (await send()).slice(0, 2),
    });
    const cut = await world.open({
      readAll: async ({ direction }, send) => (direction === "backwards" ? send() : []),
    });
    expect(await world.until(all(store.readAll()))).toHaveLength(3);
    await expect(world.until(all(cut.readAll()))).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      outcome: "not_written",
    });
  });

  test("fails at an event whose content was changed on the server", async () => {
    const world = openWorld();
    await filled(world, 3);
    const store = await world.open();
    world.server.log.change(stream, 1, (event) => ({ ...event, data: { commandId: "before-1", index: 7 } }));
    await expect(world.until(all(store.readAll()))).rejects.toMatchObject({
      code: "LOG_CORRUPT",
      details: { stream, revision: 1 },
    });
  });
});

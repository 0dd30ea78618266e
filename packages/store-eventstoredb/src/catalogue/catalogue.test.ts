import { emptyHead } from "@mission-ledger/core";
import { describe, expect, test } from "vitest";
import { all, filled, openWorld, put, tryPut, type World } from "../testing/world.ts";

const listed = (world: World, entries = "StreamListed"): readonly string[] =>
  world.server.log
    .stream("mission_ledger_streams")
    .flatMap(({ type, data }) => (type === entries ? [(data as { stream: string }).stream] : []));

describe("the catalogue of streams", () => {
  test("has an entry before the first event of a stream, and one for each stream", async () => {
    const world = openWorld();
    const store = await world.open();
    let entered: readonly string[] = [];
    const watching = await world.open({
      append: async (request, send) => {
        if (request.stream === "mission-b") entered = listed(world);
        return send();
      },
    });
    const head = await world.until(put(store, emptyHead, "one", { stream: "mission-a" }));
    await world.until(put(store, head, "two", { stream: "mission-a" }));
    await world.until(put(watching, emptyHead, "three", { stream: "mission-b" }));
    expect(entered).toEqual(["mission-a", "mission-b"]);
    expect(listed(world)).toEqual(["mission-a", "mission-b"]);
    for (const one of [store, watching, await world.open()])
      expect(await world.until(one.streams("mission"))).toEqual(["mission-a", "mission-b"]);
  });

  test("lists no stream that was never begun", async () => {
    const world = openWorld();
    const store = await world.open({
      append: async (request, send) =>
        request.stream === "mission-a" ? { _tag: "WrongRevision", actual: "no_stream" } : send(),
    });
    await world.until(put(store, emptyHead, "one", { stream: "mission-b" }));
    void tryPut(store, emptyHead, "one", { stream: "mission-a" }).catch(() => {});
    await world.timers.pass(1_000);
    expect(listed(world)).toEqual(["mission-b", "mission-a"]);
    expect(await world.until(store.streams("mission"))).toEqual(["mission-b"]);
    await world.until(store.close());
  });

  test("takes entries of many processes at once, and lists each stream once", async () => {
    const world = openWorld();
    const stores = await Promise.all(Array.from({ length: 4 }, () => world.open()));
    const names = Array.from({ length: 12 }, (_, index) => `mission-${String(index).padStart(2, "0")}`);
    world.server.strike({ at: "append", fault: { kind: "lose_reply" }, times: 3, after: 4 });
    world.server.strike({ at: "append", fault: { kind: "cut", how: "rst" }, times: 3, after: 9 });
    await world.until(
      Promise.all(
        names.map((stream, at) =>
          put(stores[at % 4] as (typeof stores)[number], emptyHead, "begin", { stream, isFresh: true }),
        ),
      ),
    );
    for (const store of stores) expect(await world.until(store.streams("mission"))).toEqual(names);
  });

  test("takes the entries of streams that one process begins together in a few appends", async () => {
    const world = openWorld();
    let appends = 0;
    const store = await world.open({
      append: async (request, send) => {
        if (request.stream === "mission_ledger_streams") appends += 1;
        return send();
      },
    });
    const names = Array.from({ length: 60 }, (_, index) => `mission-${index}`);
    await world.until(
      Promise.all(names.map((stream) => put(store, emptyHead, "begin", { stream, isFresh: true }))),
    );
    expect(appends).toBeLessThan(6);
    expect(await world.until(store.streams("mission"))).toEqual([...names].sort());
  });

  test("says of a stream that it was begun, with the next entry or at the end, so that nobody need ask it", async () => {
    const world = openWorld();
    const store = await world.open();
    for (const stream of ["mission-a", "mission-b"])
      await world.until(put(store, emptyHead, "one", { stream }));
    expect(listed(world, "StreamBegun")).toEqual(["mission-a"]);
    await world.until(store.close());
    expect(listed(world, "StreamBegun")).toEqual(["mission-a", "mission-b"]);
    const reader = await world.open();
    const before = world.server.calls().readRange;
    expect(await world.until(reader.streams("mission"))).toEqual(["mission-a", "mission-b"]);
    expect(world.server.calls().readRange - before).toBe(1);
  });

  test("is closed with a server that keeps silent, and lists the stream all the same", async () => {
    const world = openWorld();
    const store = await world.open();
    await world.until(put(store, emptyHead, "one", { stream: "mission-a" }));
    world.server.strike({ at: "append", fault: { kind: "silence" } });
    const since = world.timers.now();
    await world.until(store.close());
    expect(world.timers.now() - since).toBeLessThan(1_000);
    expect(listed(world, "StreamBegun")).toEqual([]);
    expect(await world.until((await world.open()).streams("mission"))).toEqual(["mission-a"]);
  });

  test("passes over what a newer version says in it", async () => {
    const world = openWorld();
    await filled(world, 1);
    world.server.log.write("mission_ledger_streams", 1n, [
      { id: crypto.randomUUID(), type: "StreamRenamed", data: {}, metadata: { ledger: 1 } },
    ]);
    expect(await world.until((await world.open()).streams("mission"))).toEqual(["mission-m1"]);
  });

  test("that was deleted on the server is a fault, and is not begun anew", async () => {
    const world = openWorld();
    await filled(world, 1);
    world.server.log.softDelete("mission_ledger_streams");
    const store = await world.open();
    await expect(world.until(store.streams("mission"))).rejects.toMatchObject({ code: "LOG_CORRUPT" });
    await expect(world.until(all(store.readAll()))).rejects.toMatchObject({ code: "LOG_CORRUPT" });
    await expect(world.until(put(store, emptyHead, "one", { stream: "mission-new" }))).rejects.toMatchObject({
      code: "LOG_CORRUPT",
      outcome: "not_written",
    });
  });

  test("says where the ledger begins, so that what is older on the server is not read", async () => {
    const world = openWorld();
    for (let index = 0; index < 500; index += 1)
      world.server.log.write("others-1", index === 0 ? "no_stream" : BigInt(index - 1), [
        { id: crypto.randomUUID(), type: "Foreign", data: {}, metadata: {} },
      ]);
    const empty = await world.open({}, { pageSize: 10 });
    expect(await world.until(all(empty.readAll()))).toEqual([]);
    expect(world.server.calls().readAll).toBe(0);
    await filled(world, 3);
    const before = world.server.calls().readAll;
    const store = await world.open({}, { pageSize: 10 });
    expect(await world.until(all(store.readAll()))).toHaveLength(3);
    expect(world.server.calls().readAll - before).toBeLessThan(4);
  });

  test("with an entry of another program, or without its beginning, is a fault", async () => {
    const world = openWorld();
    await filled(world, 1);
    world.server.log.write("mission_ledger_streams", 1n, [
      { id: crypto.randomUUID(), type: "Foreign", data: {}, metadata: {} },
    ]);
    await expect(world.until((await world.open()).streams("mission"))).rejects.toMatchObject({
      code: "LOG_CORRUPT",
    });
    const other = openWorld();
    await filled(other, 1);
    await filled(other, 1, "mission-two");
    other.server.log.write("$$mission_ledger_streams", "no_stream", [
      { id: crypto.randomUUID(), type: "$metadata", data: { $tb: 1 }, metadata: {} },
    ]);
    const store = await other.open();
    await expect(other.until(store.streams("mission"))).rejects.toMatchObject({ code: "LOG_CORRUPT" });
    await expect(other.until(all(store.readAll()))).rejects.toMatchObject({ code: "LOG_CORRUPT" });
  });

  test("of a server that was restored meanwhile is read anew, and a stream that is begun again is entered again", async () => {
    const world = openWorld();
    const catalogue = "mission_ledger_streams";
    const store = await world.open();
    for (const name of ["mission-a", "mission-b"])
      await world.until(put(store, emptyHead, name, { stream: name, isFresh: true }));
    expect(await world.until(store.streams("mission"))).toEqual(["mission-a", "mission-b"]);
    // A backup from before either was begun; others have written since.
    for (const name of ["mission-a", "mission-b"]) world.server.log.lose(name, 1);
    world.server.log.lose(catalogue, world.server.log.stream(catalogue).length);
    const other = await world.open();
    for (const name of ["mission-c", "mission-d", "mission-e", "mission-f"])
      await world.until(put(other, emptyHead, name, { stream: name, isFresh: true }));
    expect(await world.until(store.streams("mission"))).toEqual([
      "mission-c",
      "mission-d",
      "mission-e",
      "mission-f",
    ]);
    await expect(world.until(store.head("mission-a"))).rejects.toMatchObject({ code: "LOG_REPLACED" });
    await world.until(put(store, emptyHead, "again", { stream: "mission-a", isFresh: true }));
    expect(await world.until((await world.open()).streams("mission"))).toContain("mission-a");
  });

  test("keeps what it has read over a leader that is behind", async () => {
    const world = openWorld();
    const store = await world.open();
    for (const name of ["mission-a", "mission-b"])
      await world.until(put(store, emptyHead, name, { stream: name, isFresh: true }));
    expect(await world.until(store.streams("mission"))).toHaveLength(2);
    world.server.strike({ at: "read", fault: { kind: "stale", events: 2 }, times: 3 });
    expect(await world.until(store.streams("mission"))).toHaveLength(2);
  });
});

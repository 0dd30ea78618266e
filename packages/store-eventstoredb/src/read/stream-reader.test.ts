/** What a server shows of a stream is all of it, in order and ours; or a fault says so. */
import { type EventStore, emptyHead } from "@mission-ledger/core";
import { describe, expect, test } from "vitest";
import { openEventStoreDb } from "../event-store-db.ts";
import { type Gateway, GatewayFailure } from "../gateway-port.ts";
import { positionText } from "../layout/position.ts";
import { all, filled, openWorld, put, stream, tryPut, type World } from "../testing/world.ts";

const metadata = (world: World, data: object): void => {
  world.server.log.write(`$$${stream}`, "no_stream", [
    { id: "9b2f7f2e-0000-4000-8000-000000000001", type: "$metadata", data: data as never, metadata: {} },
  ]);
};

/** Each way of looking at a stream, and what it says. */
const looks = (store: EventStore): Readonly<Record<string, () => Promise<unknown>>> => ({
  read: () => all(store.read(stream)),
  scan: async () =>
    store.scan?.(stream, { wanted: new Map() }, { take: () => undefined, pass: () => undefined }),
  head: () => store.head(stream),
  findCommand: () => store.findCommand(stream, "before-1"),
  append: () => tryPut(store, emptyHead, "mine"),
});

const saidBy = async (world: World, store: EventStore): Promise<Readonly<Record<string, unknown>>> => {
  const said: Record<string, unknown> = {};
  for (const [name, look] of Object.entries(looks(store)))
    said[name] = await world.until(look()).then(
      () => "answered",
      (error: unknown) => `${(error as { code: string }).code} ${(error as { outcome: string }).outcome}`,
    );
  return said;
};

describe("a stream of which the server hides something", () => {
  const corrupt = "LOG_CORRUPT not_written";

  test("because it was deleted is a fault to every look, never an empty stream", async () => {
    const world = openWorld();
    await filled(world, 3);
    world.server.log.softDelete(stream);
    expect(await saidBy(world, await world.open())).toEqual({
      read: corrupt,
      scan: corrupt,
      head: corrupt,
      findCommand: corrupt,
      append: corrupt,
    });
    expect(world.stands()).toHaveLength(3);
    expect(await world.until((await world.open()).streams("mission"))).toEqual([stream]);
  });

  test.each([
    ["$tb", { $tb: 2 }],
    ["$maxCount", { $maxCount: 1 }],
    ["$tb behind its end", { $tb: 7 }],
  ])("by %s is a fault, never a shorter history", async (_, data) => {
    const world = openWorld();
    await filled(world, 3);
    metadata(world, data);
    const said = await saidBy(world, await world.open());
    expect(said).toMatchObject({ read: corrupt, scan: corrupt, findCommand: corrupt });
    expect(world.stands()).toHaveLength(3);
  });

  test("or whose content was changed there is a fault to who folds it, in the place that was changed", async () => {
    const world = openWorld();
    await filled(world, 3);
    world.server.log.change(stream, 1, (event) => ({ ...event, data: { commandId: "before-1", index: 7 } }));
    const store = await world.open();
    expect(await saidBy(world, store)).toMatchObject({ read: corrupt, scan: corrupt });
    await expect(world.until(all(store.read(stream)))).rejects.toMatchObject({
      code: "LOG_CORRUPT",
      details: { stream, revision: 1 },
    });
  });

  test("because its name was deleted for good is closed", async () => {
    const world = openWorld();
    await filled(world, 3);
    world.server.log.tombstone(stream);
    const closed = "STREAM_CLOSED not_written";
    expect(await saidBy(world, await world.open())).toMatchObject({
      read: closed,
      head: closed,
      findCommand: closed,
      append: closed,
    });
    expect(await world.until((await world.open()).streams("mission"))).toEqual([stream]);
  });

  test("that another program wrote to ends there with a fault", async () => {
    const world = openWorld();
    const head = await filled(world, 2);
    world.server.log.write(stream, 1n, [
      { id: "9b2f7f2e-0000-4000-8000-000000000002", type: "Foreign", data: {}, metadata: {} },
    ]);
    const store = await world.open();
    expect(await saidBy(world, store)).toMatchObject({ read: corrupt, head: corrupt });
    // The beginning can be read all the same.
    expect(await world.until(all(store.read(stream, { to: 1 })))).toHaveLength(2);
    await expect(world.until(tryPut(store, head, "mine", { isFresh: true }))).rejects.toMatchObject({
      code: "LOG_CORRUPT",
    });
  });

  test("whose events do not follow each other is a fault", async () => {
    const world = openWorld();
    await filled(world, 3);
    world.server.log.change(stream, 2, (event) => ({
      ...event,
      metadata: { ...(event.metadata as object), previous: "0".repeat(64) },
    }));
    await expect(world.until(all((await world.open()).read(stream)))).rejects.toMatchObject({
      code: "LOG_CORRUPT",
      details: { stream, revision: 2 },
    });
  });

  test("written by a newer layout is a fault that says so", async () => {
    const world = openWorld();
    await filled(world, 1);
    world.server.log.change(stream, 0, (event) => ({
      ...event,
      metadata: { ...(event.metadata as object), ledger: 2 },
    }));
    await expect(world.until(all((await world.open()).read(stream)))).rejects.toMatchObject({
      code: "UNSUPPORTED_FORMAT",
    });
  });

  test("that has lost what this process has seen is another log", async () => {
    const world = openWorld();
    const store = await world.open();
    const first = await world.until(put(store, emptyHead, "one", { isFresh: true }));
    const second = await world.until(put(store, first, "two", { isFresh: true }));
    world.server.log.lose(stream, 1);
    await expect(world.until(store.head(stream))).rejects.toMatchObject({ code: "LOG_REPLACED" });
    await expect(world.until(all(store.read(stream, { after: second })))).rejects.toMatchObject({
      code: "LOG_REPLACED",
    });
    // From then on nothing that was remembered stands in the way.
    expect(await world.until(store.head(stream))).toEqual(first);
  });
});

describe("a read", () => {
  test("of a leader that is behind what was seen is asked again", async () => {
    const world = openWorld();
    const store = await world.open();
    const first = await world.until(put(store, emptyHead, "one", { isFresh: true }));
    const second = await world.until(put(store, first, "two", { isFresh: true }));
    const behind: readonly (() => Promise<unknown>)[] = [
      () => store.head(stream),
      () => all(store.read(stream, { after: second })),
      () => store.confirm(stream, second),
    ];
    for (const look of behind) {
      world.server.strike({ at: "read", fault: { kind: "stale", events: 1 }, times: 3 });
      await world.until(look());
    }
  });

  test("of a whole stream, or of a command, that stops before what was seen is asked again", async () => {
    const world = openWorld();
    await filled(world, 3);
    const store = await world.open();
    const head = await world.until(store.head(stream));
    const stale = (): void =>
      world.server.strike({ at: "read", fault: { kind: "stale", events: 2 }, times: 3 });
    stale();
    expect(await world.until(all(store.read(stream)))).toHaveLength(3);
    stale();
    expect(await world.until(all(store.read(stream, { to: 1 })))).toHaveLength(2);
    const other = await world.open();
    await world.until(other.head(stream));
    stale();
    expect(await world.until(other.findCommand(stream, "before-2"))).toMatchObject({ firstRevision: 2 });
    expect(head.revision).toBe(2);
  });

  test("is not behind because this process writes on meanwhile", async () => {
    const world = openWorld();
    let head = await filled(world, 3);
    let writes = 0;
    let isWriting = false;
    const opened: { store?: EventStore } = {};
    const store = await world.open({
      readRange: async (request, send) => {
        const answer = await send();
        if (opened.store === undefined || isWriting || request.stream !== stream) return answer;
        writes += 1;
        isWriting = true;
        // Proven before the reader has its answer.
        head = await put(opened.store, head, `meanwhile-${writes}`, { isFresh: true });
        isWriting = false;
        return answer;
      },
    });
    await world.until(store.head(stream));
    opened.store = store;
    expect((await world.until(all(store.read(stream)))).length).toBeGreaterThanOrEqual(3);
    expect((await world.until(store.head(stream))).revision).toBeGreaterThanOrEqual(3);
    expect(writes).toBeLessThan(10);
  });

  test("of a whole stream that has lost what was seen is a replaced log, never a shorter history", async () => {
    const world = openWorld();
    await filled(world, 3);
    const store = await world.open();
    await world.until(store.head(stream));
    world.server.log.lose(stream, 1);
    const lost = { code: "LOG_REPLACED", details: { stream, revision: 2 } };
    await expect(world.until(all(store.read(stream)))).rejects.toMatchObject(lost);
    // From then on nothing that was remembered stands in the way.
    expect(await world.until(all(store.read(stream)))).toHaveLength(2);
    world.server.log.lose(stream, 2);
    await expect(world.until(all(store.read(stream)))).rejects.toMatchObject({ code: "LOG_REPLACED" });
    expect(await world.until(all(store.read(stream)))).toEqual([]);
  });

  test("is tried again while a server that has answered before does not", async () => {
    const world = openWorld();
    await filled(world, 2);
    const store = await world.open();
    await world.until(store.head(stream));
    world.server.strike({ at: "read", fault: { kind: "not_ready" }, times: 6 });
    expect(await world.until(all(store.read(stream)))).toHaveLength(2);
  });

  test("of a server that never answered is given up soon", async () => {
    const world = openWorld();
    const store = await world.open();
    world.server.strike({ at: "read", fault: { kind: "not_ready" }, times: 1_000 });
    const since = world.timers.now();
    await expect(world.until(store.head(stream))).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      outcome: "not_written",
      retryable: true,
    });
    expect(world.timers.now() - since).toBeLessThan(2_000);
  });

  test("of a server that was waited for in vain is given up soon, until it answers", async () => {
    const world = openWorld();
    await filled(world, 2);
    const store = await world.open();
    const lasts = async (): Promise<number> => {
      const since = world.timers.now();
      await world.until(store.head(stream)).catch(() => {});
      return world.timers.now() - since;
    };
    await lasts();
    world.server.strike({ at: "read", fault: { kind: "not_ready" }, times: 10_000 });
    expect(await lasts()).toBeGreaterThan(9_000);
    // Whoever waits in a queue for the server is not kept as long again, one after the other.
    expect(await lasts()).toBeLessThan(2_000);
    world.server.calm();
    expect(await world.until(all(store.read(stream)))).toHaveLength(2);
    world.server.strike({ at: "read", fault: { kind: "not_ready" }, times: 6 });
    expect(await world.until(all(store.read(stream)))).toHaveLength(2);
  });

  test("of more than a call can bring in its time is made of smaller ones", async () => {
    const world = openWorld();
    await filled(world, 60);
    const store = await world.open();
    await world.until(store.head(stream));
    // All 60 at once would take longer than a call may.
    world.server.strike({ at: "read", fault: { kind: "slow", ms: 100 }, times: 10_000 });
    expect(await world.until(all(store.read(stream)))).toHaveLength(60);
    const log = await world.open();
    world.server.calm();
    await world.until(log.head(stream));
    world.server.strike({ at: "read", fault: { kind: "slow", ms: 100 }, times: 10_000 });
    const revisions = Array.from({ length: 60 }, (_, revision) => revision);
    expect((await world.until(all(log.readAll()))).map(({ revision }) => revision)).toEqual(revisions);
    world.server.calm();
    const small = await world.open({}, { pageSize: 1 });
    expect((await world.until(all(small.readAll()))).map(({ revision }) => revision)).toEqual(revisions);
  });

  test("that is not permitted is not tried again", async () => {
    const world = openWorld();
    const store = await world.open();
    world.server.strike({ at: "read", fault: { kind: "access_denied" } });
    await expect(world.until(store.head(stream))).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      retryable: false,
    });
    expect(world.server.calls().readRange).toBe(1);
  });

  test("of the log from a position behind its end is a replaced log, unless the leader is behind", async () => {
    const world = openWorld();
    await filled(world, 3);
    const store = await world.open();
    const last = (await world.until(all(store.readAll()))).at(-1)?.position as string;
    world.server.strike({ at: "read", fault: { kind: "stale", events: 1 }, times: 3 });
    expect(await world.until(all(store.readAll({ after: last })))).toEqual([]);
    // As a view remembers it that was built before a backup was restored.
    const after = positionText({ commit: 10n ** 9n, prepare: 10n ** 9n });
    const replaced = { code: "LOG_REPLACED" };
    await expect(world.until(all(store.readAll({ after })))).rejects.toMatchObject(replaced);
    await expect(world.until(all(store.subscribe({ after })))).rejects.toMatchObject(replaced);
  });

  test("from a position that the server does not know is a replaced log, not a broken server", async () => {
    const world = openWorld();
    await filled(world, 2);
    const store = await world.open();
    for (const after of ["", "nonsense", "0000000000000001"])
      await expect(world.until(all(store.readAll({ after })))).rejects.toMatchObject({
        code: "LOG_REPLACED",
      });
    const inner = world.server.gateway();
    const gateway: Gateway = {
      ...inner,
      readAll: (request) =>
        typeof request.from === "string"
          ? inner.readAll(request)
          : Promise.reject(new GatewayFailure("unknown", "no such position", { isDefinite: true })),
    };
    const refused = await openEventStoreDb({ gateway, timers: world.timers });
    const position = positionText({ commit: 1n, prepare: 1n });
    await expect(world.until(all(refused.readAll({ after: position })))).rejects.toMatchObject({
      code: "LOG_REPLACED",
    });
  });
});

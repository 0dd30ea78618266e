/** Each switch on a write, seen from the wire. Without the switch each of these calls would simply succeed. */
import { describe, expect, test } from "vitest";
import type { FaultCut } from "./faults.ts";
import { served, stored } from "./testing/servers.ts";
import type { WireServer } from "./wire-server.ts";

/** Given up once a fault holds the call; a status of 1, as the caller's own doing, says that nothing was answered before. */
const heldBy = ({ held }: WireServer) => ({ until: () => held() > 0 });

describe("an append", () => {
  test("without a fault is acknowledged and stored", async () => {
    const { server, raw } = await served();
    expect(await raw.append("a", -1, ["x"])).toEqual({ status: "ok", revision: 0 });
    expect(stored(server, "a")).toEqual(["x"]);
  });

  test("whose reply is lost is stored, and its retry acknowledged", async () => {
    const { server, raw } = await served();
    server.strike({ at: "append", fault: { kind: "lose_reply" } });
    expect((await raw.append("a", -1, ["x"], heldBy(server))).status).toBe(1);
    expect(stored(server, "a")).toEqual(["x"]);
    expect((await raw.append("a", -1, ["x"])).revision).toBe(0);
    expect(stored(server, "a")).toEqual(["x"]);
  });

  test("that meets silence is not stored", async () => {
    const { server, raw } = await served();
    server.strike({ at: "append", fault: { kind: "silence" } });
    expect((await raw.append("a", -1, ["x"], heldBy(server))).status).toBe(1);
    expect(stored(server, "a")).toEqual([]);
  });

  test("that meets silence is answered when the server calms down", async () => {
    const { server, raw } = await served();
    server.strike({ at: "append", fault: { kind: "silence" }, times: 2 });
    const open = raw.append("a", -1, ["x"]);
    await expect.poll(server.held).toBe(1);
    server.calm();
    expect((await open).status).toBe(14);
    expect((await raw.append("a", -1, ["x"])).revision).toBe(0);
  });

  const cuts: readonly [FaultCut, number][] = [
    ["rst", 14],
    ["half_close", 14],
    ["reset_stream", 1],
    ["end", 12],
  ];
  test.each(cuts)("cut by %s before the commit ends with %i and is not stored", async (how, status) => {
    const { server, raw } = await served();
    server.strike({ at: "append", fault: { kind: "cut", how } });
    expect((await raw.append("a", -1, ["x"])).status).toBe(status);
    expect(stored(server, "a")).toEqual([]);
    expect((await raw.append("a", -1, ["x"])).revision).toBe(0);
  });

  test.each(cuts)("cut by %s after the commit ends with %i and is stored", async (how, status) => {
    const { server, raw } = await served();
    server.strike({ at: "append", fault: { kind: "commit_then_cut", how } });
    expect((await raw.append("a", -1, ["x"])).status).toBe(status);
    expect(stored(server, "a")).toEqual(["x"]);
    expect((await raw.append("a", -1, ["x"])).revision).toBe(0);
    expect(stored(server, "a")).toEqual(["x"]);
  });

  test("cut by a reset is told of one, cut by a half-close of a connection that ended", async () => {
    const { server, raw } = await served();
    server.strike({ at: "append", fault: { kind: "cut", how: "half_close" } });
    server.strike({ at: "append", fault: { kind: "cut", how: "rst" } });
    expect((await raw.append("a", -1, ["x"])).details).toBe("Connection dropped");
    expect((await raw.append("a", -1, ["x"])).details).toMatch(/ECONNRESET/u);
  });

  test("a reset takes every call on the connection with it, the end of one call does not", async () => {
    const { server, raw } = await served();
    server.strike({ at: "append", fault: { kind: "silence" }, stream: (name) => name === "bystander" });
    const bystander = raw.append("bystander", -1, ["x"]);
    await expect.poll(server.held).toBe(1);
    server.strike({ at: "append", fault: { kind: "cut", how: "reset_stream" } });
    await raw.append("a", -1, ["x"]);
    await expect(Promise.race([bystander, Promise.resolve("open")])).resolves.toBe("open");
    server.strike({ at: "append", fault: { kind: "cut", how: "rst" } });
    const struck = await raw.append("a", -1, ["x"]);
    expect(struck.details).toMatch(/ECONNRESET/u);
    expect((await bystander).status).toBe(14);
  });

  test("that arrives late is not stored in time, but stored all the same", async () => {
    const { server, raw } = await served();
    server.strike({ at: "append", fault: { kind: "arrive_late", ms: 60_000 } });
    expect((await raw.append("a", -1, ["x"], heldBy(server))).status).toBe(1);
    expect(stored(server, "a")).toEqual([]);
    server.calm();
    await expect.poll(() => stored(server, "a")).toEqual(["x"]);
  });

  test("that arrives late finds its retry stored, or another write in its place", async () => {
    const { server, raw } = await served();
    server.strike({ at: "append", fault: { kind: "arrive_late", ms: 60_000 }, times: 2 });
    const late = [raw.append("a", -1, ["x"]), raw.append("b", -1, ["x"])];
    await expect.poll(server.held).toBe(2);
    expect((await raw.append("a", -1, ["x"])).revision).toBe(0);
    expect((await raw.append("b", -1, ["y"])).revision).toBe(0);
    server.calm();
    expect((await Promise.all(late)).map(({ revision }) => revision)).toEqual([0, "conflict"]);
    expect([stored(server, "a"), stored(server, "b")]).toEqual([["x"], ["y"]]);
  });

  test("that was to arrive late never does when the server is killed", async () => {
    const { server, raw } = await served();
    server.strike({ at: "append", fault: { kind: "arrive_late", ms: 60_000 } });
    const open = raw.append("a", -1, ["x"]);
    await expect.poll(server.held).toBe(1);
    await server.kill();
    expect((await open).status).toBe(14);
    await server.start();
    expect(server.held()).toBe(0);
    expect(stored(server, "a")).toEqual([]);
  });

  test("that is delayed is stored before it is answered", async () => {
    const { server, raw } = await served();
    server.strike({ at: "append", fault: { kind: "delay", ms: 60_000 } });
    expect((await raw.append("a", -1, ["x"], heldBy(server))).status).toBe(1);
    expect(stored(server, "a")).toEqual(["x"]);
    server.strike({ at: "append", fault: { kind: "delay", ms: 60_000 } });
    const open = raw.append("b", -1, ["x"]);
    await expect.poll(() => stored(server, "b")).toEqual(["x"]);
    server.calm();
    expect((await open).revision).toBe(0);
  });

  test("that commits late ends with code 10, nobody sees it, and then it is there", async () => {
    const { server, raw } = await served();
    server.strike({ at: "append", fault: { kind: "commit_later", ms: 60_000, timeoutMs: 20 } });
    expect((await raw.append("a", -1, ["x"])).status).toBe(10);
    expect((await raw.read("a")).seen).toEqual(["not found"]);
    server.calm();
    expect((await raw.read("a")).seen).toEqual(["x"]);
    expect((await raw.append("a", -1, ["x"])).revision).toBe(0);
    expect((await raw.read("a")).seen).toEqual(["x"]);
  });

  test("that commits late appears by itself", async () => {
    const { server, raw } = await served();
    server.strike({ at: "append", fault: { kind: "commit_later", ms: 3_000, timeoutMs: 20 } });
    expect((await raw.append("a", -1, ["x"])).status).toBe(10);
    await expect.poll(async () => (await raw.read("a")).seen).toEqual(["x"]);
  });

  test("that another node should get is told where it is, or that nobody knows", async () => {
    const { server, raw } = await served();
    server.strike({
      at: "append",
      fault: { kind: "not_leader", endpoint: { host: "10.0.0.7", port: 2113 } },
    });
    server.strike({ at: "append", fault: { kind: "not_leader" } });
    expect(await raw.append("a", -1, ["x"])).toMatchObject({
      status: 5,
      trailers: {
        exception: "not-leader",
        "leader-endpoint-host": "10.0.0.7",
        "leader-endpoint-port": "2113",
      },
    });
    const nobody = await raw.append("a", -1, ["x"]);
    expect(nobody.status).toBe(2);
    expect(nobody.trailers).toBeUndefined();
    expect(stored(server, "a")).toEqual([]);
  });

  test("on a server that is not ready, or denies access, is not stored", async () => {
    const { server, raw } = await served();
    server.strike({ at: "append", fault: { kind: "not_ready" } });
    server.strike({ at: "append", fault: { kind: "access_denied" } });
    expect((await raw.append("a", -1, ["x"])).status).toBe(14);
    expect(await raw.append("a", -1, ["x"])).toMatchObject({
      status: 7,
      trailers: { exception: "access-denied" },
    });
    expect(stored(server, "a")).toEqual([]);
  });

  test("can be acknowledged with a revision that is not its own", async () => {
    const { server, raw } = await served();
    server.strike({ at: "append", fault: { kind: "lie", about: "revision" } });
    expect((await raw.append("a", -1, ["x"])).revision).toBe(1);
    expect(stored(server, "a")).toEqual(["x"]);
  });

  test("can be acknowledged although nothing was stored", async () => {
    const { server, raw } = await served();
    server.strike({ at: "append", fault: { kind: "lie", about: "nothing_stored" } });
    expect((await raw.append("a", -1, ["x", "y"])).revision).toBe(1);
    expect(stored(server, "a")).toEqual([]);
  });

  test("can be acknowledged although something else was stored", async () => {
    const { server, raw } = await served();
    await raw.append("a", -1, ["x"]);
    server.strike({ at: "append", fault: { kind: "lie", about: "other_content" } });
    expect((await raw.append("a", 0, ["y"])).revision).toBe(1);
    const texts = server.events("a").map(({ data }) => Buffer.from(data).toString());
    expect(texts).toEqual(['{"word":"x"}', '{"other":"content"}']);
  });

  test("can be answered more often than once, which a client takes for an error", async () => {
    const { server, raw } = await served();
    server.strike({ at: "append", fault: { kind: "reply_twice" } });
    expect(await raw.append("a", -1, ["x"])).toMatchObject({
      status: 12,
      details: "Too many responses received",
    });
    expect(stored(server, "a")).toEqual(["x"]);
  });
});

describe("an append on the batch path", () => {
  test("without a fault is acknowledged and stored", async () => {
    const { server, raw } = await served();
    expect((await raw.batch("a", -1, ["x"])).answers).toEqual(["ours 0"]);
    expect(stored(server, "a")).toEqual(["x"]);
  });

  test("whose reply is lost is stored; one that meets silence is not", async () => {
    const { server, raw } = await served();
    server.strike({ at: "batchAppend", fault: { kind: "lose_reply" } });
    server.strike({ at: "batchAppend", fault: { kind: "silence" } });
    expect(await raw.batch("a", -1, ["x"], heldBy(server))).toMatchObject({
      answers: [],
      end: { status: 1 },
    });
    await expect.poll(server.held).toBe(0);
    expect(await raw.batch("b", -1, ["x"], heldBy(server))).toMatchObject({
      answers: [],
      end: { status: 1 },
    });
    expect([stored(server, "a"), stored(server, "b")]).toEqual([["x"], []]);
  });

  test.each<[FaultCut, "ok" | number]>([
    ["rst", 14],
    ["half_close", 14],
    ["reset_stream", 1],
    ["end", "ok"],
  ])("cut by %s ends with %s, stored or not", async (how, status) => {
    const { server, raw } = await served();
    server.strike({ at: "batchAppend", fault: { kind: "cut", how } });
    server.strike({ at: "batchAppend", fault: { kind: "commit_then_cut", how } });
    expect(await raw.batch("a", -1, ["x"])).toMatchObject({ answers: [], end: { status } });
    expect(await raw.batch("b", -1, ["x"])).toMatchObject({ answers: [], end: { status } });
    expect([stored(server, "a"), stored(server, "b")]).toEqual([[], ["x"]]);
  });

  test("that commits late is told of a timeout under its own id", async () => {
    const { server, raw } = await served();
    server.strike({ at: "batchAppend", fault: { kind: "commit_later", ms: 60_000, timeoutMs: 20 } });
    expect((await raw.batch("a", -1, ["x"])).answers).toEqual(["ours error 4"]);
    expect((await raw.read("a")).seen).toEqual(["not found"]);
    server.calm();
    expect((await raw.read("a")).seen).toEqual(["x"]);
  });

  test("that another node should get ends the whole call, access denied only the request", async () => {
    const { server, raw } = await served();
    server.strike({ at: "batchAppend", fault: { kind: "not_leader", endpoint: { host: "h", port: 1 } } });
    server.strike({ at: "batchAppend", fault: { kind: "access_denied" } });
    expect(await raw.batch("a", -1, ["x"])).toMatchObject({ answers: [], end: { status: 5 } });
    expect(await raw.batch("a", -1, ["x"])).toEqual({ answers: ["ours error 7"], end: "open" });
    expect(stored(server, "a")).toEqual([]);
  });

  test("can be answered twice, and once more under an id that nobody sent", async () => {
    const { server, raw } = await served();
    server.strike({ at: "batchAppend", fault: { kind: "reply_twice" } });
    const { answers } = await raw.batch("a", -1, ["x"], { answers: 3 });
    expect(answers).toEqual(["ours 0", "ours 0", "unknown 0"]);
  });

  test("is not struck by what is meant for the other path", async () => {
    const { server, raw } = await served();
    server.strike({ at: "append", fault: { kind: "silence" } });
    expect((await raw.batch("a", -1, ["x"])).answers).toEqual(["ours 0"]);
  });
});

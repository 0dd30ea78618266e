/** Each switch on a read, a subscription, features and gossip, seen from the wire. */
import { describe, expect, test } from "vitest";
import type { FaultCut } from "./faults.ts";
import { served } from "./testing/servers.ts";
import type { WireServer } from "./wire-server.ts";

/** Given up once a fault holds the call; a status of 1, as the caller's own doing, says that nothing ended it before. */
const heldBy = ({ held }: WireServer, events = 0) => ({
  until: (seen: readonly string[]) => held() > 0 && seen.length >= events,
});

const withFive = async () => {
  const both = await served();
  await both.raw.append("a", -1, ["e0", "e1", "e2", "e3", "e4"]);
  await both.raw.append("other", -1, ["o0"]);
  return both;
};
const five = ["e0", "e1", "e2", "e3", "e4"];

describe("a read", () => {
  test("without a fault sees everything", async () => {
    const { raw } = await withFive();
    expect(await raw.read("a")).toMatchObject({ status: "ok", seen: five });
  });

  test("of a node that lags does not see the last events of its stream, and the next one does", async () => {
    const { server, raw } = await withFive();
    server.strike({ at: "read", fault: { kind: "stale", events: 2 } });
    expect(await raw.read("a")).toMatchObject({ status: "ok", seen: ["e0", "e1", "e2"] });
    expect((await raw.read("a")).seen).toEqual(five);
    server.strike({ at: "read", fault: { kind: "stale", events: 9 } });
    expect((await raw.read("a")).seen).toEqual(["not found"]);
    server.strike({ at: "read", fault: { kind: "stale", events: 1 } });
    expect((await raw.read("never")).seen).toEqual(["not found"]);
  });

  test("of everything on a node that lags does not see the last events of all", async () => {
    const { server, raw } = await withFive();
    server.strike({ at: "read", fault: { kind: "stale", events: 2 } });
    expect((await raw.read("$all")).seen).toEqual(["e0", "e1", "e2", "e3"]);
  });

  test("that is truncated ends cleanly although there is more", async () => {
    const { server, raw } = await withFive();
    server.strike({ at: "read", fault: { kind: "truncate", events: 2 } });
    expect(await raw.read("a")).toMatchObject({ status: "ok", seen: ["e0", "e1"] });
    server.strike({ at: "read", fault: { kind: "truncate", events: 0 } });
    expect(await raw.read("a")).toMatchObject({ status: "ok", seen: [] });
  });

  test("that goes silent in the middle stays open until its caller's deadline", async () => {
    const { server, raw } = await withFive();
    server.strike({ at: "read", fault: { kind: "truncate", events: 2, how: "silence" } });
    expect(await raw.read("a", heldBy(server, 2))).toMatchObject({ status: 1, seen: ["e0", "e1"] });
  });

  test("that is slow is over before its end when the caller has no time", async () => {
    const { server, raw } = await withFive();
    server.strike({ at: "read", fault: { kind: "slow", ms: 120 } });
    const { status, seen } = await raw.read("a", { until: (already) => already.length > 0 });
    expect(status).toBe(1);
    expect(seen.length).toBeLessThan(five.length);
    server.strike({ at: "read", fault: { kind: "slow", ms: 5 } });
    expect((await raw.read("a")).seen).toEqual(five);
  });

  test("that is delayed says nothing until its time has come", async () => {
    const { server, raw } = await withFive();
    server.strike({ at: "read", fault: { kind: "delay", ms: 60_000 }, times: 2 });
    expect(await raw.read("a", heldBy(server))).toMatchObject({ status: 1, seen: [] });
    await expect.poll(server.held).toBe(0);
    const open = raw.read("a");
    await expect.poll(server.held).toBe(1);
    server.calm();
    expect((await open).seen).toEqual(five);
  });

  test("that meets silence says nothing", async () => {
    const { server, raw } = await withFive();
    server.strike({ at: "read", fault: { kind: "silence" } });
    expect(await raw.read("a", heldBy(server))).toMatchObject({ status: 1, seen: [] });
  });

  test.each<[FaultCut, "ok" | number]>([
    ["rst", 14],
    ["half_close", 14],
    ["reset_stream", 1],
    ["end", "ok"],
  ])("cut by %s ends with %s and without an event", async (how, status) => {
    const { server, raw } = await withFive();
    server.strike({ at: "read", fault: { kind: "cut", how } });
    expect(await raw.read("a")).toMatchObject({ status, seen: [] });
    expect((await raw.read("a")).seen).toEqual(five);
  });

  test("is refused by a node that does not lead, is not ready, or denies access", async () => {
    const { server, raw } = await withFive();
    server.strike({ at: "read", fault: { kind: "not_leader", endpoint: { host: "h", port: 1 } } });
    server.strike({ at: "read", fault: { kind: "not_ready" } });
    server.strike({ at: "read", fault: { kind: "access_denied" } });
    const statuses = [await raw.read("a"), await raw.read("a"), await raw.read("a")].map(
      ({ status }) => status,
    );
    expect(statuses).toEqual([5, 14, 7]);
  });

  test("of another stream than the one meant is spared", async () => {
    const { server, raw } = await withFive();
    server.strike({ at: "read", fault: { kind: "truncate", events: 1 }, stream: (name) => name === "a" });
    expect((await raw.read("other")).seen).toEqual(["o0"]);
    expect((await raw.read("a")).seen).toEqual(["e0"]);
  });
});

describe("a subscription", () => {
  test("goes on until it is ended", async () => {
    const { raw } = await withFive();
    const open = raw.subscribe("a", {
      until: (seen) => seen.length === 6,
      onEvent: (type) => {
        if (type === "e4") void raw.append("a", 4, ["e5"]);
      },
    });
    expect(await open).toMatchObject({ status: 1, seen: [...five, "e5"] });
  });

  test("can end cleanly in the middle, as a dropped one does", async () => {
    const { server, raw } = await withFive();
    server.strike({ at: "subscribe", fault: { kind: "truncate", events: 3 } });
    expect(await raw.subscribe("a")).toMatchObject({ status: "ok", seen: ["e0", "e1", "e2"] });
  });

  test("can go silent in the middle, and ends when the server calms down", async () => {
    const { server, raw } = await withFive();
    server.strike({ at: "subscribe", fault: { kind: "truncate", events: 3, how: "silence" } });
    const open = raw.subscribe("a");
    await expect.poll(server.held).toBe(1);
    await raw.append("a", 4, ["e5"]);
    server.calm();
    expect(await open).toMatchObject({ status: 14, seen: ["e0", "e1", "e2"] });
  });

  test.each<[FaultCut, "ok" | number]>([
    ["rst", 14],
    ["half_close", 14],
    ["reset_stream", 1],
    ["end", "ok"],
  ])("can be cut by %s in the middle, which ends it with %s", async (how, status) => {
    const { server, raw } = await withFive();
    server.strike({ at: "subscribe", fault: { kind: "truncate", events: 3, how } });
    const { status: was, seen } = await raw.subscribe("a");
    expect(was).toBe(status);
    expect(["e0", "e1", "e2"].slice(0, seen.length)).toEqual(seen);
  });

  test("can meet silence, be cut, or be refused", async () => {
    const { server, raw } = await withFive();
    server.strike({ at: "subscribe", fault: { kind: "silence" } });
    server.strike({ at: "subscribe", fault: { kind: "cut", how: "rst" } });
    server.strike({ at: "subscribe", fault: { kind: "not_ready" } });
    expect(await raw.subscribe("a", heldBy(server))).toMatchObject({ status: 1, seen: [] });
    expect((await raw.subscribe("a")).status).toBe(14);
    expect((await raw.subscribe("a")).status).toBe(14);
  });

  test("is not struck by what is meant for reads", async () => {
    const { server, raw } = await withFive();
    server.strike({ at: "read", fault: { kind: "truncate", events: 1 } });
    expect((await raw.subscribe("a", { until: (seen) => seen.length === 5 })).seen).toEqual(five);
  });

  test("is cut when the server is killed", async () => {
    const { server, raw } = await withFive();
    const open = raw.subscribe("a", {
      onEvent: (type) => {
        if (type === "e4") void server.kill();
      },
    });
    expect(await open).toMatchObject({ status: 14, seen: five });
  });
});

describe("features and gossip", () => {
  test("answer without a fault", async () => {
    const { server, raw } = await served();
    expect(await raw.features()).toEqual({ status: "ok" });
    expect(await raw.gossip()).toEqual({ status: "ok", members: { [server.port]: "leader" } });
  });

  test.each(["features", "gossip"] as const)("%s can be silent, late, cut or not ready", async (at) => {
    const { server, raw } = await served();
    server.strike({ at, fault: { kind: "silence" } });
    server.strike({ at, fault: { kind: "delay", ms: 60_000 } });
    server.strike({ at, fault: { kind: "cut", how: "rst" } });
    server.strike({ at, fault: { kind: "not_ready" } });
    expect((await raw[at](heldBy(server))).status).toBe(1);
    await expect.poll(server.held).toBe(0);
    expect((await raw[at](heldBy(server))).status).toBe(1);
    expect((await raw[at]()).status).toBe(14);
    expect((await raw[at]()).status).toBe(14);
    expect((await raw[at]()).status).toBe("ok");
  });
});

import { beforeEach, describe, expect, test } from "vitest";
import { startWireCluster } from "./cluster.ts";
import type { RawClient } from "./testing/raw-calls.ts";
import { atEnd, client } from "./testing/servers.ts";
import type { WireCluster, WireClusterOptions } from "./wire-server.ts";

const leaderOnly = { headers: { "requires-leader": "true" } };

const three = async (
  options: WireClusterOptions = {},
): Promise<{ readonly cluster: WireCluster; readonly raw: readonly RawClient[] }> => {
  const cluster = await startWireCluster(options);
  atEnd(cluster.stop);
  return { cluster, raw: cluster.nodes.map(({ port }) => client(port)) };
};

describe("a cluster of three", () => {
  let cluster: WireCluster;
  let [first, second, third]: RawClient[] = [];
  const on = (node: RawClient | undefined): RawClient => node as RawClient;
  const portOf = (node: number): number => cluster.nodes[node]?.port as number;

  beforeEach(async () => {
    const started = await three();
    cluster = started.cluster;
    [first, second, third] = started.raw;
  });

  test("has one log: what one node writes the others read", async () => {
    await on(first).append("a", -1, ["x"]);
    expect((await on(third).read("a")).seen).toEqual(["x"]);
  });

  test("says the same on every node: who leads, who follows", async () => {
    const members = { [portOf(0)]: "leader", [portOf(1)]: "follower", [portOf(2)]: "follower" };
    for (const node of [first, second, third])
      expect(await on(node).gossip()).toEqual({ status: "ok", members });
  });

  test("a follower forwards an append, unless the leader is required: then it says where that is", async () => {
    expect((await on(second).append("a", -1, ["x"])).revision).toBe(0);
    const refusal = {
      status: 5,
      trailers: {
        exception: "not-leader",
        "leader-endpoint-host": "127.0.0.1",
        "leader-endpoint-port": String(portOf(0)),
      },
    };
    expect(await on(second).append("a", 0, ["y"], leaderOnly)).toMatchObject(refusal);
    expect(await on(second).read("a", leaderOnly)).toMatchObject({ ...refusal, seen: [] });
    expect((await on(first).append("a", 0, ["y"], leaderOnly)).revision).toBe(1);
    expect((await on(first).read("a", leaderOnly)).seen).toEqual(["x", "y"]);
  });

  test("after an election the old leader sends callers to the new one", async () => {
    await cluster.elect(2);
    expect(cluster.leader()).toBe(2);
    expect(await on(first).append("a", -1, ["x"], leaderOnly)).toMatchObject({
      status: 5,
      trailers: { "leader-endpoint-port": String(portOf(2)) },
    });
    expect((await on(third).append("a", -1, ["x"], leaderOnly)).revision).toBe(0);
    expect((await on(first).gossip()).members).toEqual({
      [portOf(0)]: "follower",
      [portOf(1)]: "follower",
      [portOf(2)]: "leader",
    });
  });

  test("a dead node is listed as dead, and follows when it is back", async () => {
    await cluster.kill(2);
    expect((await on(third).gossip()).status).toBe(14);
    expect((await on(first).gossip()).members?.[portOf(2)]).toBe("unknown dead");
    await cluster.start(2);
    expect((await on(first).gossip()).members?.[portOf(2)]).toBe("follower");
    await expect.poll(async () => (await on(third).gossip()).status).toBe("ok");
  });

  test("a node that is killed by itself counts as dead in the cluster", async () => {
    await cluster.nodes[1]?.kill();
    expect((await on(first).gossip()).members?.[portOf(1)]).toBe("unknown dead");
    await cluster.nodes[1]?.start();
    expect((await on(first).gossip()).members?.[portOf(1)]).toBe("follower");
  });

  test("another node leads by itself some time after the leader was killed", async () => {
    await on(first).append("a", -1, ["x"]);
    await cluster.kill(0);
    await expect.poll(() => cluster.leader()).toBe(1);
    expect((await on(second).append("a", 0, ["y"], leaderOnly)).revision).toBe(1);
  });

  test("a fault strikes the node it was ordered on", async () => {
    cluster.nodes[1]?.strike({ at: "append", fault: { kind: "not_ready" } });
    expect((await on(first).append("a", -1, ["x"])).status).toBe("ok");
    expect((await on(second).append("a", 0, ["y"])).status).toBe(14);
  });

  test("a dead node cannot be elected", async () => {
    await cluster.kill(1);
    await expect(cluster.elect(1)).rejects.toThrow(RangeError);
    expect(cluster.leader()).toBe(0);
  });

  test("its address names all three nodes", () => {
    expect(cluster.url).toBe(
      `esdb://127.0.0.1:${portOf(0)},127.0.0.1:${portOf(1)},127.0.0.1:${portOf(2)}?tls=false&nodePreference=leader`,
    );
  });
});

describe("a cluster in trouble", () => {
  test("without a leader nothing is written, and who requires the leader is told that nobody knows one", async () => {
    const { cluster, raw } = await three({ electionMs: 60_000 });
    await cluster.kill(0);
    expect(cluster.leader()).toBe(-1);
    const follower = raw[1] as RawClient;
    expect((await follower.append("a", -1, ["x"])).status).toBe(14);
    expect((await follower.append("a", -1, ["x"], leaderOnly)).status).toBe(2);
    expect((await follower.read("a", leaderOnly)).status).toBe(2);
    expect((await follower.read("a")).seen).toEqual(["not found"]);
    await cluster.elect(1);
    expect((await follower.append("a", -1, ["x"], leaderOnly)).revision).toBe(0);
  });

  test("with two of three dead writes time out, and appear when one is back", async () => {
    const { cluster, raw } = await three({ commitTimeoutMs: 60 });
    const leader = raw[0] as RawClient;
    await cluster.kill(1);
    expect((await leader.append("a", -1, ["x"])).status).toBe("ok");
    await cluster.kill(2);
    expect((await leader.append("a", 0, ["y"])).status).toBe(10);
    expect((await leader.read("a")).seen).toEqual(["x"]);
    await cluster.start(1);
    expect((await leader.read("a")).seen).toEqual(["x", "y"]);
    expect((await leader.append("a", 0, ["y"])).revision).toBe(1);
  });

  test("with both followers paused writes time out, and appear when one goes on", async () => {
    const { cluster, raw } = await three({ commitTimeoutMs: 60 });
    const [leader, follower] = raw as readonly [RawClient, RawClient];
    cluster.pause(1);
    cluster.nodes[2]?.pause();
    expect((await leader.append("a", -1, ["x"])).status).toBe(10);
    expect((await follower.gossip({ deadlineMs: 200 })).status).toBe(4);
    cluster.resume(1);
    expect((await leader.read("a")).seen).toEqual(["x"]);
    expect((await follower.gossip()).members?.[cluster.nodes[2]?.port as number]).toBe("unknown dead");
  });

  test("a paused leader is replaced, and follows when it goes on", async () => {
    const { cluster, raw } = await three();
    const old = raw[0] as RawClient;
    cluster.pause(0);
    const waiting = old.append("a", -1, ["x"], leaderOnly);
    await expect.poll(() => cluster.leader()).toBe(1);
    cluster.resume(0);
    expect(await waiting).toMatchObject({
      status: 5,
      trailers: { "leader-endpoint-port": String(cluster.nodes[1]?.port) },
    });
  });

  test("a paused node can be killed, which no resuming undoes, and started", async () => {
    const { cluster, raw } = await three();
    cluster.pause(2);
    await cluster.kill(2);
    cluster.resume(2);
    const [{ members = {} }, dead] = [await (raw[0] as RawClient).gossip(), cluster.nodes[2]?.port as number];
    expect(members[dead]).toBe("unknown dead");
    await cluster.start(2);
    await expect.poll(async () => (await (raw[2] as RawClient).gossip()).status).toBe("ok");
  });

  test("what the old leader alone had is lost with an election, and its caller told of a timeout", async () => {
    const { cluster, raw } = await three({ commitTimeoutMs: 300 });
    const [old, next] = raw as readonly [RawClient, RawClient];
    await old.append("a", -1, ["x"]);
    cluster.nodes[0]?.setQuorum(false);
    const lost = old.append("a", 0, ["y"]);
    await expect.poll(() => cluster.nodes[0]?.events("a").length).toBe(2);
    await cluster.elect(1);
    cluster.nodes[0]?.setQuorum(true);
    expect((await next.append("a", 0, ["z"])).revision).toBe(1);
    expect((await lost).status).toBe(10);
    expect((await old.read("a")).seen).toEqual(["x", "z"]);
    expect((await next.append("a", 0, ["y"])).revision).toBe("conflict");
  });

  test("an election loses nothing that was acknowledged", async () => {
    const { cluster, raw } = await three({ dropsOverlapping: true, overlapMs: 2, commitTimeoutMs: 50 });
    const acknowledged: string[] = [];
    for (let n = 0; acknowledged.length < 30; n += 1) {
      if (n % 5 === 4) void cluster.elect(n % 3);
      const next = acknowledged.length;
      const { revision } = await (raw[n % 3] as RawClient).append("a", next - 1, [`e${next}`]);
      if (revision === next) acknowledged.push(`e${next}`);
    }
    expect(cluster.nodes[0]?.events("a").map(({ type }) => type)).toEqual(acknowledged);
  });

  test("the ids of writes without an expectation are forgotten with the leader", async () => {
    const { cluster, raw } = await three();
    const [old, next] = raw as readonly [RawClient, RawClient];
    await old.append("a", "any", ["x"]);
    expect((await next.append("a", "any", ["x"])).revision).toBe(0);
    await cluster.elect(1);
    expect((await next.append("a", "any", ["x"])).revision).toBe(1);
    expect((await next.read("a")).seen).toEqual(["x", "x"]);
  });
});

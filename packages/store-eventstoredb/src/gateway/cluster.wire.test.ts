import { randomUUID } from "node:crypto";
import {
  makeCertificates,
  startWireCluster,
  type WireCluster,
  type WireClusterOptions,
} from "@mission-ledger/wire-server";
import { afterEach, describe, expect, test } from "vitest";
import { diagnose } from "../diagnose/diagnose.ts";
import { type Gateway, type GatewayAppend, GatewayFailure } from "../gateway-port.ts";
import { failureOf } from "../testing/failing.ts";
import { manualTimers } from "../testing/manual-timers.ts";
import { opened } from "../testing/opened.ts";
import { scratchFile } from "../testing/scratch.ts";
import { silentServer } from "../testing/silent-server.ts";

const tests = opened();
afterEach(() => tests.close());

const cluster = async (options: WireClusterOptions = {}): Promise<WireCluster> => {
  const nodes = await startWireCluster({ commitTimeoutMs: 100, electionMs: 100, ...options });
  tests.later(() => nodes.stop());
  return nodes;
};
const first = (stream: string): GatewayAppend => ({
  stream,
  expected: "no_stream",
  events: [{ id: randomUUID(), type: "Happened", data: {}, metadata: {} }],
});
/** The identical append until it is answered, as the store does it; its time is bounded by the test's. */
const untilAnswered = async (gateway: Gateway, append: GatewayAppend): Promise<unknown> => {
  for (;;) {
    const answer = await gateway.append(append).catch((error: unknown) => error);
    if (!(answer instanceof GatewayFailure)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
const range = (stream: string) => ({ stream, from: "start", direction: "forwards", maxCount: 10 }) as const;

describe("a gateway to a cluster", () => {
  test("finds the leader, and follows where it goes", async () => {
    const nodes = await cluster();
    const gateway = await tests.open({ url: nodes.url, deadlineMs: 10_000 });
    for (const leader of [1, 2, 0]) {
      await nodes.elect(leader);
      expect(await untilAnswered(gateway, first(`s-${leader}`))).toMatchObject({ revision: 0n });
      expect(await gateway.readRange(range(`s-${leader}`))).toMatchObject({ events: [{ revision: 0n }] });
    }
    expect(nodes.nodes[0]?.events().filter(({ stream }) => stream.startsWith("s-"))).toHaveLength(3);
  });

  test("goes on over the death of its leader, and of the next one", async () => {
    const nodes = await cluster();
    const gateway = await tests.open({ url: nodes.url, deadlineMs: 10_000 });
    await gateway.append(first("s-0"));
    for (const turn of [1, 2, 3, 4]) {
      const leader = nodes.leader();
      await nodes.kill(leader);
      expect(await untilAnswered(gateway, first(`s-${turn}`))).toMatchObject({ revision: 0n });
      await nodes.start(leader);
    }
  });

  test("knows of nodes that the address does not name, once it was connected", async () => {
    const nodes = await cluster();
    const [seed] = nodes.nodes;
    await nodes.elect(1);
    const gateway = await tests.open({
      url: `kurrentdb+discover://127.0.0.1:${seed?.port}?tls=false`,
      deadlineMs: 10_000,
    });
    expect(await untilAnswered(gateway, first("s-0"))).toMatchObject({ revision: 0n });
    await nodes.kill(0);
    await nodes.elect(2);
    expect(await untilAnswered(gateway, first("s-1"))).toMatchObject({ revision: 0n });
  });

  test("is held up by no node that accepts connections and says nothing", async () => {
    const nodes = await cluster();
    const silent = await silentServer();
    tests.later(silent.stop);
    const gateway = await tests.open({
      url: nodes.url.replace("esdb://", `esdb://127.0.0.1:${silent.port},`),
      deadlineMs: 10_000,
    });
    expect(await gateway.append(first("s-0"))).toMatchObject({ revision: 0n });
  });

  test("goes to the leader from a follower that is the only one it knows", async () => {
    const nodes = await cluster();
    await nodes.elect(2);
    const gateway = await tests.open({
      url: `esdb://127.0.0.1:${nodes.nodes[0]?.port}?tls=false`,
      deadlineMs: 10_000,
    });
    expect(await failureOf(gateway.append(first("s-0")))).toMatchObject({
      kind: "not_leader",
      isDefinite: true,
    });
    expect(await gateway.append(first("s-0"))).toMatchObject({ revision: 0n });
  });

  test("says that nothing was written where no node is there", async () => {
    const nodes = await cluster();
    for (const node of [0, 1, 2]) await nodes.kill(node);
    const gateway = await tests.open({ url: `${nodes.url}&maxDiscoverAttempts=2`, deadlineMs: 10_000 });
    expect(await failureOf(gateway.append(first("s-0")))).toMatchObject({
      kind: "unavailable",
      isDefinite: true,
      details: { reason: "no_leader" },
    });
  });

  test("has a deadline while nobody says who leads, and knows then that nothing was sent", async () => {
    const silent = await silentServer();
    tests.later(silent.stop);
    const timers = manualTimers();
    const gateway = await tests.open({
      url: `esdb://127.0.0.1:${silent.port},localhost:${silent.port}?tls=false&gossipTimeout=60`,
      timers,
    });
    const failing = [failureOf(gateway.append(first("s-0"))), failureOf(gateway.readRange(range("s-0")))];
    await silent.connected;
    timers.pass(5000);
    for (const failure of await Promise.all(failing))
      expect(failure).toMatchObject({ kind: "deadline", isDefinite: true });
  });

  test("looks for the leader anew after a time without one, whatever it found then", async () => {
    const nodes = await cluster();
    for (const node of [0, 1, 2]) await nodes.kill(node);
    const gateway = await tests.open({ url: `${nodes.url}&maxDiscoverAttempts=1`, deadlineMs: 10_000 });
    for (const _ of [1, 2])
      expect(await failureOf(gateway.append(first("s-0")))).toMatchObject({
        details: { reason: "no_leader" },
      });
    for (const node of [0, 1, 2]) await nodes.start(node);
    expect(await untilAnswered(gateway, first("s-0"))).toMatchObject({ revision: 0n });
    // The same once it was connected.
    for (const node of [0, 1, 2]) await nodes.kill(node);
    await failureOf(gateway.append(first("s-1")));
    expect(await failureOf(gateway.readRange(range("s-0")))).toMatchObject({
      details: { reason: "no_leader" },
    });
    for (const node of [0, 1, 2]) await nodes.start(node);
    expect(await untilAnswered(gateway, first("s-1"))).toMatchObject({ revision: 0n });
  });

  test("works over TLS with an account, which gossip is not told", async () => {
    const tls = makeCertificates();
    const nodes = await cluster({ tls, accounts: { admin: { password: "p:w" } } });
    const ca = encodeURIComponent(scratchFile("ca.pem", tls.ca));
    const hosts = nodes.nodes.map(({ port }) => `localhost:${port}`).join(",");
    const url = `esdb://admin:p%3Aw@${hosts}?tlsCAFile=${ca}`;
    const gateway = await tests.open({ url, deadlineMs: 10_000 });
    expect(await untilAnswered(gateway, first("s-0"))).toMatchObject({ revision: 0n });
    expect(await diagnose({ url })).toMatchObject({ isHealthy: true });
  });

  test("looks healthy to doctor with three nodes and with two, and lacks a quorum with one", async () => {
    const nodes = await cluster();
    const healthy = async () => {
      const { checks } = await diagnose({ url: `${nodes.url}&maxDiscoverAttempts=3`, deadlineMs: 10_000 });
      return checks.filter(({ status }) => status === "failed").map(({ code }) => code);
    };
    expect(await healthy()).toEqual([]);
    await nodes.kill(1);
    expect(await healthy()).toEqual([]);
    await nodes.kill(2);
    expect(await healthy()).toEqual(["no_quorum"]);
  });
});

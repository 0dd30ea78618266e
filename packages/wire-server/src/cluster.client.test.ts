/** The ledger's client against a cluster that changes its leader, loses nodes, and gets them back. */
import { EventStoreDBClient, jsonEvent, NO_STREAM } from "@eventstore/db-client";
import { expect, test } from "vitest";
import { startWireCluster } from "./cluster.ts";
import { idOf } from "./testing/raw-calls.ts";
import { atEnd } from "./testing/servers.ts";

const connected = async () => {
  const cluster = await startWireCluster();
  const eventStore = EventStoreDBClient.connectionString(cluster.url);
  atEnd(async () => {
    await eventStore.dispose();
    await cluster.stop();
  });
  /** With credentials the client takes the path on which each call says whether it requires the leader. */
  const append = async (word: string, expected: bigint | typeof NO_STREAM): Promise<bigint> => {
    const event = jsonEvent({ id: idOf(word), type: word, data: {} });
    const { nextExpectedRevision } = await eventStore.appendToStream("mission-1", event, {
      expectedRevision: expected,
      requiresLeader: true,
      credentials: { username: "any", password: "any" },
      deadline: 2_000,
    });
    return nextExpectedRevision;
  };
  return { cluster, append };
};

test("it finds the leader by gossip, is sent to the new one, and arrives with its next call", async () => {
  const { cluster, append } = await connected();
  expect(await append("x", NO_STREAM)).toBe(0n);
  expect(cluster.nodes.map((node) => node.calls().get("Streams/Append") ?? 0)).toEqual([1, 0, 0]);
  await cluster.elect(2);
  await expect(append("y", 0n)).rejects.toMatchObject({
    type: "not-leader",
    leader: { address: "127.0.0.1", port: cluster.nodes[2]?.port },
  });
  expect(await append("y", 0n)).toBe(1n);
  expect(cluster.nodes[2]?.calls().get("Streams/Append")).toBe(1);
});

test("it goes on with the next leader when one is killed", async () => {
  const { cluster, append } = await connected();
  await append("x", NO_STREAM);
  await cluster.kill(0);
  await cluster.elect(1);
  const again = async (): Promise<bigint | string> =>
    append("y", 0n).catch((error: { readonly type: string }) => error.type);
  await expect.poll(again).toBe(1n);
  expect(cluster.nodes[1]?.events("mission-1").map(({ type }) => type)).toEqual(["x", "y"]);
});

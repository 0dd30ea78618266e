/**
 * The wire server in a process of its own, one node or three, with what tests do to it from outside: pull it down and up again,
 * or let another node lead, again and again; take away the quorum; change what is stored; tell what stands in its log.
 */
import { createHash } from "node:crypto";
import * as wire from "@mission-ledger/wire-server";

const { nodes = 1, ...options } = JSON.parse(process.argv[2]);
const [cluster, single] =
  nodes === 1
    ? [undefined, await wire.startWireServer(options)]
    : [await wire.startWireCluster(options), undefined];
const first = single ?? cluster.nodes[0];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Down for a moment, every second time with the leader killed instead of voted out. */
let interruptions = 0;
const interrupt = async () => {
  interruptions += 1;
  if (single !== undefined) {
    await single.kill();
    await pause(150);
    await single.start();
    return;
  }
  const leader = cluster.leader();
  const next = (leader + 1) % cluster.nodes.length;
  if (leader < 0 || interruptions % 2 === 1) {
    await cluster.elect(next);
    return;
  }
  await cluster.kill(leader);
  await pause(300);
  await cluster.start(leader);
};

let isInterrupted = false;
let running = Promise.resolve();
const doings = {
  interrupt: async () => {
    running = running.then(interrupt);
    await running;
  },
  interruptEvery: async ({ ms }) => {
    isInterrupted = true;
    running = (async () => {
      while (isInterrupted) {
        await pause(ms);
        if (isInterrupted) await interrupt();
      }
    })();
  },
  calm: async () => {
    isInterrupted = false;
    await running;
    return interruptions;
  },
  tamper: async ({ stream, revision }) =>
    first.tamper(stream, BigInt(revision), { data: new TextEncoder().encode('{"tampered":true}') }),
  calls: async () => [...(cluster?.nodes ?? [single]).flatMap((node) => [...node.calls()])],
  /** Of each stream how many events it has and a digest of all that is in them. */
  streams: async () => {
    const sums = new Map();
    for (const { stream, id, type, data, metadata } of first.events()) {
      const { events, sum } = sums.get(stream) ?? { events: 0, sum: createHash("sha256") };
      sums.set(stream, {
        events: events + 1,
        sum: sum.update(id).update(type).update(data).update(metadata),
      });
    }
    return [...sums].map(([stream, { events, sum }]) => ({ stream, events, sum: sum.digest("hex") }));
  },
};

process.on("message", async ({ id, what, ...rest }) => {
  try {
    process.send({ id, answer: await doings[what](rest) });
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) });
  }
});
process.on("disconnect", () => process.exit(0));
process.send({ url: (single ?? cluster).url });

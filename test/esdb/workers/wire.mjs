/**
 * The wire server in a process of its own, one node or three, with what tests do to it from outside: take it away for a moment,
 * again and again; change what is stored; tell what stands in its log and which calls came.
 */
import { createHash } from "node:crypto";
import { startWireCluster, startWireServer } from "@mission-ledger/wire-server";

const { nodes = 1, ...options } = JSON.parse(process.argv[2]);
const [cluster, single] =
  nodes === 1 ? [undefined, await startWireServer(options)] : [await startWireCluster(options), undefined];
const first = single ?? cluster.nodes[0];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Of a cluster, in turns: another leads; the leader is killed; a follower hangs; both do, so that there is no quorum. */
const clusterInterruptions = [
  async (leader) => cluster.elect((leader + 1) % 3),
  async (leader) => {
    await cluster.kill(leader);
    await pause(300);
    await cluster.start(leader);
  },
  async (leader) => hangFor(800, [(leader + 1) % 3]),
  async (leader) => hangFor(800, [(leader + 1) % 3, (leader + 2) % 3]),
];
const hangFor = async (ms, nodes) => {
  for (const node of nodes) cluster.pause(node);
  await pause(ms);
  for (const node of nodes) cluster.resume(node);
};

let interruptions = 0;
const interrupt = async () => {
  if (single !== undefined) {
    // Every other time it hangs instead of being gone.
    const isGone = interruptions % 2 === 0;
    if (isGone) await single.kill();
    else single.pause();
    await pause(isGone ? 150 : 600);
    if (isGone) await single.start();
    else single.resume();
  } else {
    while (cluster.leader() < 0) await pause(50);
    await clusterInterruptions[interruptions % clusterInterruptions.length](cluster.leader());
  }
  interruptions += 1;
};

let isInterrupted = false;
let running = Promise.resolve();
let once;
const doings = {
  /** Who asks while it is interrupted already gets that one. */
  interrupt: async () => {
    once ??= interrupt().finally(() => {
      once = undefined;
    });
    await once;
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
    await once;
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

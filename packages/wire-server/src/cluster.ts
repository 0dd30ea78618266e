/** Three nodes over one log: one leads, the others follow, forward what is to be written, and tell each other's state. */
import { randomUUID } from "node:crypto";
import {
  elected,
  hasQuorum,
  killed,
  membersOf,
  nextLeader,
  type Roster,
  rosterOf,
  started,
} from "./cluster-roster.ts";
import type { Leadership } from "./faults-gate.ts";
import type { Member } from "./rpc/service.ts";
import { openSharedLog } from "./shared-log.ts";
import { startNode } from "./start.ts";
import type { WireCluster, WireClusterOptions, WireServer } from "./wire-server.ts";

const host = "127.0.0.1";
const size = 3;

/** All three listen when it answers, and the first one leads. */
export const startWireCluster = async ({
  electionMs = 200,
  ...options
}: WireClusterOptions = {}): Promise<WireCluster> => {
  const shared = openSharedLog(options);
  const instanceIds = Array.from({ length: size }, () => randomUUID());
  const nodes: WireServer[] = [];
  let roster: Roster = rosterOf(size);
  const dead = new Set<number>();
  const paused = new Set<number>();
  let wantsQuorum = true;
  let election: NodeJS.Timeout | undefined;

  const portOf = (node: number): number => (nodes[node] as WireServer).port;
  const leadership = (node: number): Leadership => {
    if (roster.leader === node) return { _tag: "Leads" };
    return roster.leader < 0
      ? { _tag: "Follows" }
      : { _tag: "Follows", leader: { host, port: portOf(roster.leader) } };
  };
  const members = (): readonly Member[] =>
    membersOf(roster).map(({ node, state, isAlive }) => ({
      instanceId: instanceIds[node] as string,
      state,
      isAlive,
      host,
      port: portOf(node),
    }));

  let lastLeader = roster.leader;
  /** Everything that follows from who is alive and who leads. */
  const settle = (next: Roster): void => {
    clearTimeout(election);
    const isNewLeader = next.leader >= 0 && next.leader !== roster.leader;
    roster = next;
    if (isNewLeader) {
      if (next.leader === lastLeader) shared.writer.forget();
      else shared.replication.abandon();
      lastLeader = next.leader;
    }
    shared.replication.setQuorum(wantsQuorum && hasQuorum(roster));
    if (roster.leader < 0 && hasQuorum(roster))
      election = setTimeout(() => settle(elected(roster, nextLeader(roster))), electionMs).unref();
  };

  const cluster: WireCluster = {
    nodes,
    url: "",
    leader: () => roster.leader,
    elect: async (node) => settle(elected(roster, node)),
    kill: async (node) => {
      if (dead.has(node)) return;
      dead.add(node);
      paused.delete(node);
      settle(killed(roster, node));
      await (listening[node] as WireServer).kill();
    },
    start: async (node) => {
      if (!dead.delete(node)) return;
      await (listening[node] as WireServer).start();
      settle(started(roster, node));
    },
    pause: (node) => {
      if (dead.has(node)) return;
      paused.add(node);
      settle(killed(roster, node));
      (listening[node] as WireServer).pause();
    },
    resume: (node) => {
      if (!paused.delete(node)) return;
      settle(started(roster, node));
      (listening[node] as WireServer).resume();
    },
    stop: async () => {
      clearTimeout(election);
      await Promise.all(listening.map((node) => node.stop()));
    },
  };

  const listening: WireServer[] = [];
  for (let node = 0; node < size; node += 1) {
    const server = await startNode({
      ...options,
      shared,
      leadership: () => leadership(node),
      members,
    });
    listening.push(server);
    nodes.push({
      ...server,
      setQuorum: (isThere) => {
        wantsQuorum = isThere;
        settle(roster);
      },
      kill: () => cluster.kill(node),
      start: () => cluster.start(node),
      pause: () => cluster.pause(node),
      resume: () => cluster.resume(node),
    });
  }
  const hosts = nodes.map(({ port }) => `${host}:${port}`).join();
  return { ...cluster, url: `esdb://${hosts}?tls=${options.tls !== undefined}&nodePreference=leader` };
};

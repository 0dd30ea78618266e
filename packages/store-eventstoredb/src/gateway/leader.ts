/**
 * Finds who leads a cluster. All known nodes are asked at once and the first that knows of a living leader is believed: asked one
 * after the other, as the client does, one node that accepts connections and says nothing would hold up all that would answer.
 */
import { describeHost, type ServerAddress, type ServerHost } from "../address/address.ts";
import type { Timers } from "../timers.ts";
import type { ClusterMember } from "./client.ts";

export interface LeaderFinderOptions {
  readonly address: ServerAddress;
  readonly timers: Timers;
  /** Asks one node what it knows of its cluster. */
  readonly ask: (host: ServerHost, timeoutMs: number) => Promise<readonly ClusterMember[]>;
  readonly whenClosed: (task: () => void) => () => void;
}

export const leads = 8;
const defaultGossipTimeoutMs = 2000;

export const leaderFinder = ({
  address: { hosts, gossipTimeoutMs, discoveryIntervalMs = 100, maxDiscoverAttempts = 10 },
  timers,
  ask,
  whenClosed,
}: LeaderFinderOptions): { find(): Promise<ServerHost | undefined> } => {
  /** Learnt from earlier answers: the nodes of the address may all be gone when the cluster is not. */
  let known: readonly ServerHost[] = hosts;
  let isClosed = false;
  whenClosed(() => {
    isClosed = true;
  });

  const askAll = (): Promise<ServerHost | undefined> =>
    new Promise((resolve) => {
      let open = known.length;
      for (const host of known)
        ask(host, gossipTimeoutMs ?? defaultGossipTimeoutMs).then(
          (members) => {
            known = merged(hosts, members);
            const leader = members.find(({ isAlive, state, port }) => isAlive && state === leads && port > 0);
            open -= 1;
            if (leader !== undefined) resolve({ host: leader.host, port: leader.port });
            else if (open === 0) resolve(undefined);
          },
          () => {
            open -= 1;
            if (open === 0) resolve(undefined);
          },
        );
    });

  const pause = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const over = (): void => {
        stop();
        leave();
        resolve();
      };
      const stop = timers.after(milliseconds, over);
      const leave = whenClosed(over);
    });

  return {
    find: async () => {
      for (let attempt = 1; attempt <= maxDiscoverAttempts && !isClosed; attempt += 1) {
        const leader = await askAll();
        if (leader !== undefined) return leader;
        if (attempt < maxDiscoverAttempts && !isClosed) await pause(discoveryIntervalMs);
      }
      return undefined;
    },
  };
};

const merged = (hosts: readonly ServerHost[], members: readonly ClusterMember[]): readonly ServerHost[] => {
  const learnt = members.filter(({ host, port }) => host !== "" && port > 0);
  return [
    ...new Map(
      [...hosts, ...learnt].map(({ host, port }) => [describeHost({ host, port }), { host, port }]),
    ).values(),
  ];
};

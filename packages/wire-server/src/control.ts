/** What a server in a process of its own can be told, one line of JSON each, and what it answers, one line of JSON each. */
import type { FaultOrder } from "./faults.ts";
import type { WireCluster, WireServer } from "./wire-server.ts";

/** `stream` is a whole name; `times` may be `"always"`, which JSON has no number for. */
export interface WrittenOrder extends Omit<FaultOrder, "stream" | "times"> {
  readonly times?: number | "always";
  readonly stream?: string;
}

/** `node` counts from 0. @defaultValue 0 */
export type WireInstruction =
  | { readonly do: "strike"; readonly order: WrittenOrder; readonly node?: number }
  | { readonly do: "calm"; readonly node?: number }
  | { readonly do: "quorum"; readonly isThere: boolean }
  | { readonly do: "kill"; readonly node?: number }
  | { readonly do: "start"; readonly node?: number }
  | { readonly do: "pause"; readonly node?: number }
  | { readonly do: "resume"; readonly node?: number }
  /** Clusters only. */
  | { readonly do: "elect"; readonly node: number }
  /** How often each call was made, as `calls`. */
  | { readonly do: "calls"; readonly node?: number }
  /** How many calls a fault keeps waiting, as `held`. */
  | { readonly do: "held"; readonly node?: number }
  /** What is stored, as `events`: streams, revisions, ids and types. All streams where none is named. */
  | { readonly do: "events"; readonly stream?: string }
  /** Who leads, as `leader`. Clusters only. */
  | { readonly do: "leader" };

export type WireAnswer =
  | { readonly done: string; readonly [detail: string]: unknown }
  | { readonly failed: string };

export interface WireTarget {
  readonly nodes: readonly WireServer[];
  readonly cluster?: WireCluster;
}

/** Never rejects: what cannot be done is an answer too. */
export const obey = async (target: WireTarget, line: string): Promise<WireAnswer> => {
  try {
    const instruction = JSON.parse(line) as WireInstruction;
    return { done: instruction.do, ...(await carryOut(target, instruction)) };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
};

const carryOut = async (
  { nodes, cluster }: WireTarget,
  instruction: WireInstruction,
): Promise<Readonly<Record<string, unknown>>> => {
  const node = (number = 0): WireServer => {
    const found = nodes[number];
    if (found === undefined) throw new RangeError(`there is no node ${number}`);
    return found;
  };
  const ofCluster = (): WireCluster => {
    if (cluster === undefined) throw new TypeError("this server is no cluster");
    return cluster;
  };
  switch (instruction.do) {
    case "strike":
      node(instruction.node).strike(orderFrom(instruction.order));
      return {};
    case "calm":
      if (instruction.node === undefined) for (const each of nodes) each.calm();
      else node(instruction.node).calm();
      return {};
    case "quorum":
      node().setQuorum(instruction.isThere);
      return {};
    case "kill":
      await node(instruction.node).kill();
      return {};
    case "start":
      await node(instruction.node).start();
      return {};
    case "pause":
      node(instruction.node).pause();
      return {};
    case "resume":
      node(instruction.node).resume();
      return {};
    case "elect":
      await ofCluster().elect(instruction.node);
      return {};
    case "calls":
      return { calls: Object.fromEntries(node(instruction.node).calls()) };
    case "held":
      return { held: node(instruction.node).held() };
    case "events":
      return {
        events: node()
          .events(instruction.stream)
          .map(({ stream, revision, id, type }) => ({ stream, revision: Number(revision), id, type })),
      };
    case "leader":
      return { leader: ofCluster().leader() };
  }
  throw new TypeError(`nobody knows how to do ${JSON.stringify(instruction)}`);
};

const orderFrom = ({ stream: name, times, ...order }: WrittenOrder): FaultOrder => ({
  ...order,
  ...(times === undefined ? {} : { times: times === "always" ? Number.POSITIVE_INFINITY : times }),
  ...(name === undefined ? {} : { stream: (stream: string) => stream === name }),
});

/** The store over the real client on a cluster where nodes die, stand still and change their roles while commands are sent. */
import { type CommandHandler, commandHandler, isStoreFault } from "@mission-ledger/core";
import {
  type Counter,
  type CounterCommand,
  type CounterEvent,
  type CounterRefusal,
  counter,
  counterCodec,
  seededRandomness,
} from "@mission-ledger/testkit";
import { type Fault, startWireCluster, type WireCluster } from "@mission-ledger/wire-server";
import { afterAll, expect, test } from "vitest";
import { openEventStoreDb } from "./index.ts";

type Handler = CommandHandler<CounterCommand, Counter, CounterEvent, CounterRefusal>;

/** What the test reads of an event's metadata. */
interface Written {
  readonly commandId: string;
  readonly index: number;
}

const stream = "counter-1";

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
process.on("unhandledRejection", note);
afterAll(() => void process.off("unhandledRejection", note));

/** Faults of single appends that leave their outcome open. */
const faults: readonly Fault[] = [
  { kind: "lose_reply" },
  { kind: "arrive_late", ms: 250 },
  { kind: "commit_later", ms: 120, timeoutMs: 60 },
  { kind: "commit_then_cut", how: "rst" },
  { kind: "commit_then_cut", how: "end" },
  { kind: "cut", how: "half_close" },
  { kind: "cut", how: "reset_stream" },
  { kind: "delay", ms: 400 },
  { kind: "not_ready" },
  { kind: "silence" },
];

/** One move of disorder at a time; no more than one node is away, so that there is always somebody to lead. */
const disorderOf = (cluster: WireCluster, draw: (most: number) => number) => {
  let back: (() => unknown) | undefined;
  const log: string[] = [];
  const comeBack = async (): Promise<void> => {
    await back?.();
    back = undefined;
  };
  const move = async (): Promise<void> => {
    const node = draw(3);
    const kind = draw(5);
    log.push(`${["fault", "fault", "elect", "kill", "pause"][kind]} ${node}`);
    if (kind <= 1) {
      const fault = faults[draw(faults.length)] as Fault;
      cluster.nodes[node]?.strike({ at: "append", fault, times: 1 + draw(2), after: draw(2) });
      return;
    }
    await comeBack();
    if (kind === 2) await cluster.elect(node);
    else if (kind === 3) {
      await cluster.kill(node);
      back = () => cluster.start(node);
    } else {
      cluster.pause(node);
      back = () => cluster.resume(node);
    }
  };
  return { move, comeBack, log };
};

/** The same command id until the answer is definite; the test has the time for it. */
const receiptOf = async (handler: Handler, commandId: string) => {
  const command: CounterCommand = { type: "Add", at: "2026-01-01T00:00:00.000Z", amount: 15 };
  for (;;) {
    const answer = await handler.attempt(stream, command, { actor: "ana", commandId })();
    if (answer._tag === "Right") return answer.right;
    const reason = answer.left;
    const isOpen = isStoreFault(reason) && (reason.retryable || reason.outcome === "unknown");
    if (!isOpen) throw reason;
  }
};

test.each([1, 2, 3, 4])(
  "every command is written once whatever happens to the nodes: seed %i",
  async (seed) => {
    const cluster = await startWireCluster({ commitTimeoutMs: 150, electionMs: 80, dropsOverlapping: true });
    const { fraction } = seededRandomness(seed);
    const draw = (most: number): number => Math.floor(fraction() * most);
    const disorder = disorderOf(cluster, draw);
    const open = async (): Promise<readonly [Awaited<ReturnType<typeof openEventStoreDb>>, Handler]> => {
      const store = await openEventStoreDb({
        url: `${cluster.url}&ledger=disorder&gossipTimeout=1`,
        deadlineMs: 1_000,
        budgetMs: 20_000,
      });
      return [store, commandHandler({ store, decider: counter, codec: counterCodec })];
    };
    let isOver = false;
    const disturbing = (async () => {
      while (!isOver) {
        await disorder.move();
        await new Promise((resolve) => setTimeout(resolve, 20 + draw(120)));
      }
      await disorder.comeBack();
    })();
    const processes = await Promise.all([open(), open()]);
    try {
      const receipts = (
        await Promise.all(
          processes.map(async ([, handler], number) => {
            const own = [];
            for (const id of ["both-1", `own-${number}-1`, "both-2", `own-${number}-2`, `own-${number}-3`])
              own.push(await receiptOf(handler, id));
            return own;
          }),
        )
      ).flat();
      const stored = cluster.nodes[0]?.events(`disorder_${stream}`) ?? [];
      const commands = stored
        .map(({ metadata }) => JSON.parse(Buffer.from(metadata).toString()) as Written)
        .flatMap(({ commandId, index }) => (index === 0 ? [commandId] : []));
      expect([...commands].sort(), disorder.log.join()).toEqual([
        ...["both-1", "both-2"],
        ...["own-0-1", "own-0-2", "own-0-3", "own-1-1", "own-1-2", "own-1-3"],
      ]);
      const ids = stored.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { eventIds } of receipts) expect(ids.join()).toContain(eventIds.join());
      expect(unhandled).toEqual([]);
    } finally {
      isOver = true;
      await disturbing;
      for (const [store] of processes) await store.close();
      await cluster.stop();
    }
  },
);

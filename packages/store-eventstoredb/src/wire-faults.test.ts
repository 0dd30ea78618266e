/** The store over the real client and the wire: each fault once, with several commands of two processes around it. */
import { type CommandHandler, commandHandler, type EventStore, isStoreFault } from "@mission-ledger/core";
import {
  type Counter,
  type CounterCommand,
  type CounterEvent,
  type CounterRefusal,
  counter,
  counterCodec,
} from "@mission-ledger/testkit";
import { type Fault, type FaultPoint, startWireServer } from "@mission-ledger/wire-server";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { openEventStoreDb } from "./index.ts";

const stream = "counter-1";
const commitTimeoutMs = 150;
const server = await startWireServer({ commitTimeoutMs, dropsOverlapping: true });
afterAll(() => server.stop());
afterEach(() => {
  server.calm();
  server.setQuorum(true);
});

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
process.on("unhandledRejection", note);
afterAll(() => void process.off("unhandledRejection", note));

let ledgers = 0;
const freshLedger = (): string => {
  ledgers += 1;
  return `faults_${ledgers}`;
};

type Handler = CommandHandler<CounterCommand, Counter, CounterEvent, CounterRefusal>;

const opened = async (ledger: string): Promise<{ readonly store: EventStore; readonly handler: Handler }> => {
  const store = await openEventStoreDb({
    url: `${server.url}&ledger=${ledger}`,
    deadlineMs: 500,
    budgetMs: 30_000,
  });
  return { store, handler: commandHandler({ store, decider: counter, codec: counterCodec }) };
};

/** As a patient caller would: the same command id until the answer is definite; the test has the time for it. */
const receiptOf = async (handler: Handler, commandId: string, mostTries = Number.POSITIVE_INFINITY) => {
  const command: CounterCommand = { type: "Add", at: "2026-01-01T00:00:00.000Z", amount: 15 };
  for (let tries = 1; ; tries += 1) {
    const answer = await handler.attempt(stream, command, { actor: "ana", commandId })();
    if (answer._tag === "Right") return answer.right;
    const reason = answer.left;
    if (
      !isStoreFault(reason) ||
      tries === mostTries ||
      (reason.outcome === "not_written" && !reason.retryable)
    )
      throw reason;
  }
};

/** Two processes; each sends commands of its own in turn, and both send one and the same. */
const commandsOfTwo = async (ledger: string) => {
  const processes = await Promise.all([opened(ledger), opened(ledger)]);
  const receipts = await Promise.all(
    processes.map(async ({ handler }, number) => {
      const own = [];
      for (const id of ["sent-by-both", `own-${number}-1`, `own-${number}-2`])
        own.push(await receiptOf(handler, id));
      return own;
    }),
  );
  for (const { store } of processes) await store.close();
  return receipts.flat();
};

const commandsOnServer = (ledger: string): readonly string[] =>
  server
    .events(`${ledger}_${stream}`)
    .map(
      ({ metadata }) =>
        JSON.parse(new TextDecoder().decode(metadata)) as { commandId: string; index: number },
    )
    .flatMap(({ commandId, index }) => (index === 0 ? [commandId] : []));

const wholly = (ledger: string, receipts: Awaited<ReturnType<typeof commandsOfTwo>>): void => {
  expect([...commandsOnServer(ledger)].sort()).toEqual([
    "own-0-1",
    "own-0-2",
    "own-1-1",
    "own-1-2",
    "sent-by-both",
  ]);
  const ids = server.events(`${ledger}_${stream}`).map(({ id }) => id);
  expect(new Set(ids).size).toBe(10);
  for (const { eventIds } of receipts) expect(ids).toEqual(expect.arrayContaining([...eventIds]));
  const shared = receipts.filter(({ commandId }) => commandId === "sent-by-both");
  expect(shared).toHaveLength(2);
  expect(shared.filter(({ repeated }) => !repeated).length).toBeLessThan(2);
  expect(shared[0]?.eventIds).toEqual(shared[1]?.eventIds);
};

const faults: readonly (readonly [FaultPoint, Fault])[] = [
  ["append", { kind: "lose_reply" }],
  ["append", { kind: "commit_then_cut", how: "rst" }],
  ["append", { kind: "commit_then_cut", how: "half_close" }],
  ["append", { kind: "commit_then_cut", how: "reset_stream" }],
  ["append", { kind: "commit_then_cut", how: "end" }],
  ["append", { kind: "cut", how: "rst" }],
  ["append", { kind: "cut", how: "half_close" }],
  ["append", { kind: "cut", how: "reset_stream" }],
  ["append", { kind: "cut", how: "end" }],
  ["append", { kind: "silence" }],
  ["append", { kind: "delay", ms: 100 }],
  ["append", { kind: "delay", ms: 500 }],
  ["append", { kind: "commit_later", ms: 400, timeoutMs: commitTimeoutMs }],
  ["append", { kind: "not_leader" }],
  ["append", { kind: "not_ready" }],
  ["append", { kind: "lie", about: "revision" }],
  ["append", { kind: "lie", about: "nothing_stored" }],
  ["append", { kind: "reply_twice" }],
  ["read", { kind: "silence" }],
  ["read", { kind: "cut", how: "rst" }],
  ["read", { kind: "cut", how: "half_close" }],
  ["read", { kind: "cut", how: "end" }],
  ["read", { kind: "delay", ms: 500 }],
  ["read", { kind: "not_leader" }],
  ["read", { kind: "not_ready" }],
  ["read", { kind: "stale", events: 2 }],
  ["read", { kind: "slow", ms: 200 }],
];

describe("commands of two processes over the wire", () => {
  test.each(faults.map(([at, fault]) => [at, JSON.stringify(fault), fault] as const))(
    "are each written once, with a receipt, when an %s meets %s",
    async (at, _, fault) => {
      const ledger = freshLedger();
      for (const after of [1, 4, 7])
        server.strike({ at, fault, times: 2, after, stream: (name) => name.startsWith(ledger) });
      wholly(ledger, await commandsOfTwo(ledger));
      expect(unhandled).toEqual([]);
    },
  );

  test("are each written once when the quorum is lost in the middle and comes back", async () => {
    const ledger = freshLedger();
    const running = commandsOfTwo(ledger);
    for (let round = 0; round < 3; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      server.setQuorum(false);
      await new Promise((resolve) => setTimeout(resolve, 600));
      server.setQuorum(true);
    }
    wholly(ledger, await running);
  });

  test("are each written once when the server is killed in the middle and started again", async () => {
    const ledger = freshLedger();
    const running = commandsOfTwo(ledger);
    for (let round = 0; round < 3; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      await server.kill();
      await new Promise((resolve) => setTimeout(resolve, 200));
      await server.start();
    }
    wholly(ledger, await running);
  });

  test("of eight processes on one stream are all written, and none of them ends with a conflict", async () => {
    const ledger = freshLedger();
    const processes = await Promise.all(Array.from({ length: 8 }, () => opened(ledger)));
    const command: CounterCommand = { type: "Add", at: "2026-01-01T00:00:00.000Z", amount: 1 };
    const answers = await Promise.all(
      processes.flatMap(({ handler }) =>
        Array.from({ length: 6 }, () => handler.attempt(stream, command, { actor: "ana" })()),
      ),
    );
    expect(answers.filter(({ _tag }) => _tag === "Left")).toEqual([]);
    expect(commandsOnServer(ledger)).toHaveLength(48);
    for (const { store } of processes) await store.close();
  });

  test("that are denied write nothing, and say so", async () => {
    const ledger = freshLedger();
    server.strike({ at: "append", fault: { kind: "access_denied" }, times: 1 });
    const { store, handler } = await opened(ledger);
    await expect(receiptOf(handler, "denied")).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      outcome: "not_written",
    });
    expect(commandsOnServer(ledger)).toEqual([]);
    await store.close();
  });

  test("whose content the server changes are never proven", async () => {
    const ledger = freshLedger();
    const { store, handler } = await opened(ledger);
    await receiptOf(handler, "first");
    server.strike({ at: "append", fault: { kind: "lie", about: "other_content" } });
    await expect(receiptOf(handler, "changed", 6)).rejects.toMatchObject({
      // The readback fails, and what repeats the command meets the changed event.
      code: "LOG_CORRUPT",
      outcome: "unknown",
    });
    await store.close();
  });

  test("take no path of the client but the one with a deadline", () => {
    expect([...server.calls().keys()].filter((name) => /batch/i.test(name))).toEqual([]);
    expect(unhandled).toEqual([]);
  });
});

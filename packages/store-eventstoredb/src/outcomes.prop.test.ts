import { describe, expect, test } from "vitest";
import { type FaultSwitch, faultRun } from "./testing/fault-run.ts";

/** Every fault of a server or of the way to it, one switch each. Lengths reach beyond the deadline of a call and beyond the budget. */
const switches: readonly FaultSwitch[] = [
  { name: "the reply is lost after the commit", at: "append", fault: () => ({ kind: "lose_reply" }) },
  {
    name: "the connection is reset after the commit",
    at: "append",
    fault: () => ({ kind: "commit_then_cut", how: "rst" }),
  },
  {
    name: "the call ends without an answer after the commit",
    at: "append",
    fault: () => ({ kind: "commit_then_cut", how: "end" }),
  },
  {
    name: "the connection is reset before the commit",
    at: "append",
    fault: () => ({ kind: "cut", how: "rst" }),
  },
  { name: "an append meets silence", at: "append", fault: () => ({ kind: "silence" }) },
  { name: "an append arrives late", at: "append", fault: (draw) => ({ kind: "delay", ms: draw(30_000) }) },
  {
    name: "an append times out and is committed later",
    at: "append",
    fault: (draw) => ({ kind: "commit_later", ms: draw(30_000), timeoutMs: 1_000 + draw(3_000) }),
  },
  { name: "another node leads", at: "append", fault: () => ({ kind: "not_leader" }) },
  { name: "the server is not ready to write", at: "append", fault: () => ({ kind: "not_ready" }) },
  { name: "appends are denied", at: "append", fault: () => ({ kind: "access_denied" }) },
  { name: "a reply comes twice", at: "append", fault: () => ({ kind: "reply_twice" }) },
  {
    name: "an acknowledgement names a wrong revision",
    at: "append",
    fault: () => ({ kind: "lie", about: "revision" }),
  },
  {
    name: "nothing is stored of what is acknowledged",
    at: "append",
    fault: () => ({ kind: "lie", about: "nothing_stored" }),
  },
  {
    name: "something else is stored than what is acknowledged",
    at: "append",
    fault: () => ({ kind: "lie", about: "other_content" }),
    lies: true,
  },
  { name: "a read meets silence", at: "read", fault: () => ({ kind: "silence" }) },
  { name: "a read is cut off", at: "read", fault: () => ({ kind: "cut", how: "rst" }) },
  { name: "a read is late", at: "read", fault: (draw) => ({ kind: "delay", ms: draw(8_000) }) },
  { name: "a read is slow", at: "read", fault: (draw) => ({ kind: "slow", ms: draw(1_500) }) },
  { name: "a read is stale", at: "read", fault: (draw) => ({ kind: "stale", events: 1 + draw(3) }) },
  { name: "a read ends early", at: "read", fault: (draw) => ({ kind: "truncate", events: draw(3) }) },
  { name: "a read meets a node that does not lead", at: "read", fault: () => ({ kind: "not_leader" }) },
  { name: "the server is not ready to be read", at: "read", fault: () => ({ kind: "not_ready" }) },
  { name: "reads are denied", at: "read", fault: () => ({ kind: "access_denied" }) },
];

/** `MISSION_LEDGER_SEEDS=1000` for the long run, `MISSION_LEDGER_SEED=<n>` for one again. */
const seeds = Number(process.env.MISSION_LEDGER_SEEDS ?? 25);
const replayed = process.env.MISSION_LEDGER_SEED;
const seedsToRun =
  replayed === undefined ? Array.from({ length: seeds }, (_, index) => index + 1) : [Number(replayed)];

const survives = async (chosen: (seed: number) => readonly FaultSwitch[]): Promise<void> => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  try {
    for (const seed of seedsToRun) {
      const told = await faultRun(seed, chosen(seed)).catch((error: unknown) => [String(error)]);
      expect(told, `run it again with MISSION_LEDGER_SEED=${seed}`).toEqual([]);
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  } finally {
    process.off("unhandledRejection", note);
  }
};

describe("no acknowledged event is missing, none is there twice, and every outcome becomes definite", () => {
  test("where nothing goes wrong", () => survives(() => []));

  test.each(switches.map((one) => [one.name, one] as const))("where %s", (_, one) => survives(() => [one]));

  test("where anything goes wrong at once", () =>
    survives((seed) =>
      switches.filter((one, index) => one.lies !== true && ((seed * 2_654_435_761) >>> index) % 3 === 0),
    ));
});

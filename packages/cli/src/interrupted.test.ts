/** Commands that are interrupted while a server keeps them waiting. */
import { type FaultOrder, startWireServer } from "@mission-ledger/wire-server";
import { describe, expect, onTestFinished, test } from "vitest";
import { runLedger } from "./run/run-ledger.ts";
import { planned, scratch } from "./testing/session.ts";

/** A ledger on a server that may take ten minutes for each call. */
const onServer = async () => {
  const server = await startWireServer();
  onTestFinished(() => server.stop());
  const store = `${server.url}&defaultDeadline=600000`;
  const env = { MISSION_LEDGER_ACTOR: "tester", MISSION_LEDGER_STORE: store, XDG_CACHE_HOME: scratch() };
  const shell = await planned({ env });
  /** Runs until the server holds what it was told to hold, and is interrupted then. */
  const interrupted = async (fault: FaultOrder, ...argv: readonly string[]) => {
    server.strike({ times: Number.POSITIVE_INFINITY, ...fault });
    const stopping = new AbortController();
    const world = shell.io({ signal: stopping.signal });
    const running = runLedger([...argv, "--json"], world);
    await expect.poll(() => server.held()).toBeGreaterThan(0);
    stopping.abort();
    const code = await running;
    server.calm();
    return { code, envelope: JSON.parse(world.text().out) };
  };
  return { server, shell, interrupted };
};

describe("a command that writes, interrupted while the server", () => {
  test.each([
    ["takes the append and says nothing", { at: "append", fault: { kind: "silence" } }],
    ["has written and says nothing", { at: "append", fault: { kind: "lose_reply" } }],
    ["lets nobody read back", { at: "read", fault: { kind: "silence" }, after: 1 }],
  ] as const)("%s, ends with an outcome that is unknown, and its hint does it once", async (_, fault) => {
    const { server, shell, interrupted } = await onServer();
    const before = server.events("mission-p").length;
    const { code, envelope } = await interrupted(fault, "wp", "note", "p/WP01", "seen");
    expect([code, envelope]).toMatchObject([
      130,
      { ok: false, error: { code: "INTERRUPTED", outcome: "unknown", retryable: true } },
    ]);
    const { run, commandId } = envelope.error.details;
    expect(envelope.error.hint).toContain(run);
    expect(run).toBe(`mled wp note p/WP01 seen --request-id ${commandId}`);
    const [, ...again] = run.split(" ");
    expect((await shell.json(...again)).envelope).toMatchObject({ ok: true, data: { commandId } });
    expect(server.events("mission-p")).toHaveLength(before + 1);
  });

  test("is about to answer, gets its receipt", async () => {
    const { interrupted } = await onServer();
    const fault = { at: "append", fault: { kind: "delay", ms: 100 } } as const;
    const { code, envelope } = await interrupted(fault, "wp", "note", "p/WP01", "seen");
    expect([code, envelope]).toMatchObject([0, { ok: true, data: { readback: "verified" } }]);
  });
});

test.each([
  ["board p"],
  ["mission list"],
  ["verify"],
  ["rebuild"],
  ["init"],
  ["doctor"],
  ["archive p --to a.jsonl"],
])("%s, interrupted while the server says nothing, ends and has written nothing", async (argv) => {
  const { interrupted } = await onServer();
  const { code, envelope } = await interrupted(
    { at: "read", fault: { kind: "silence" } },
    ...argv.split(" "),
  );
  expect([code, envelope.error]).toMatchObject([130, { code: "INTERRUPTED", outcome: "not_written" }]);
});

test("copy, interrupted while the target says nothing, ends with how to go on", async () => {
  const { server, interrupted } = await onServer();
  const there = `${server.url}&defaultDeadline=600000&ledger=there`;
  const { code, envelope } = await interrupted(
    { at: "append", fault: { kind: "silence" } },
    "copy",
    server.url,
    there,
  );
  expect([code, envelope.error]).toMatchObject([130, { code: "INTERRUPTED", outcome: "unknown" }]);
  expect(envelope.error.hint).toContain(`mled copy '${server.url}' '${there}'`);
});

test("sync, interrupted before any mission was looked at, does not count those that differ", async () => {
  const { server, shell } = await onServer();
  server.strike({ at: "read", fault: { kind: "silence" }, times: Number.POSITIVE_INFINITY });
  const stopping = new AbortController();
  const world = shell.io({ signal: stopping.signal });
  const running = runLedger(["sync", "file:there"], world);
  await expect.poll(() => server.held()).toBeGreaterThan(0);
  stopping.abort();
  expect(await running).toBe(130);
  server.calm();
  expect(world.text().out).toMatch(
    /^brought nothing to file:.*\nnot compared: not all missions could be looked at\n/,
  );
});

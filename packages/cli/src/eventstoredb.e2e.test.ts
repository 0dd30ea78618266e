/** The program on a server: processes that come and go, what they load, and how they end. */
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { makeCertificates, startWireServer } from "@mission-ledger/wire-server";
import { describe, expect, onTestFinished, test } from "vitest";
import { buildFirst, cli, type Ended, start } from "./testing/built-program.ts";
import { scratch } from "./testing/session.ts";

buildFirst();

/** A process that this one, which holds the server, does not wait for idly. */
const mled = (env: Readonly<Record<string, string>>, ...argv: readonly string[]): Promise<Ended> =>
  start(argv, { env }).ended;

const onServer = async () => {
  const server = await startWireServer();
  onTestFinished(() => server.stop());
  const env = { MISSION_LEDGER_STORE: server.url, XDG_CACHE_HOME: scratch() };
  return { server, env };
};

test("commands that follow each other find what the last one did, and none takes the batch path", async () => {
  const { server, env } = await onServer();
  for (const argv of [
    ["mission", "create", "p", "Passkeys"],
    ["wp", "add", "p", "Login form", "--id", "WP01"],
    ["wp", "claim", "p/WP01"],
    ["wp", "move", "p/WP01", "in_progress"],
    ["board", "p"],
    ["rebuild", "--workers", "2"],
    ["verify"],
  ])
    expect(await mled(env, ...argv), argv.join(" ")).toMatchObject({ status: 0, stderr: "" });
  const refused = await mled(env, "wp", "claim", "p/WP01", "--as", "bob", "--json");
  expect(JSON.parse(refused.stdout)).toMatchObject({ ok: false, error: { code: "CLAIM_HELD" } });
  expect(server.calls().get("Streams/BatchAppend")).toBeUndefined();
});

describe("a server that says nothing", () => {
  test("keeps a command until its deadline, which ends it with what is known", async () => {
    const { server, env } = await onServer();
    await mled(env, "mission", "create", "p", "Passkeys");
    server.strike({ at: "read", fault: { kind: "silence" }, times: 100 });
    const store = `${server.url}&defaultDeadline=300`;
    const { status, stdout, stderr } = await mled(
      { ...env, MISSION_LEDGER_STORE: store },
      "board",
      "p",
      "--json",
    );
    expect({ status, stderr }).toEqual({ status: 7, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      error: { code: "TIMEOUT", outcome: "not_written" },
    });
  });

  test("does not keep one that is interrupted", async () => {
    const { server, env } = await onServer();
    await mled(env, "mission", "create", "p", "Passkeys");
    server.strike({ at: "read", fault: { kind: "silence" }, times: 100 });
    const before = server.calls().get("Streams/Read") ?? 0;
    const { child, ended } = start(["board", "p", "--json"], {
      env: { ...env, MISSION_LEDGER_STORE: `${server.url}&defaultDeadline=60000` },
    });
    await expect.poll(() => server.calls().get("Streams/Read") ?? 0).toBeGreaterThan(before);
    child.kill("SIGINT");
    const { status, stdout, stderr } = await ended;
    expect({ status, stderr }).toEqual({ status: 130, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: "INTERRUPTED" } });
  });

  test("after it took a write leaves the outcome unknown, and the same command id tells it later", async () => {
    const { server, env } = await onServer();
    await mled(env, "mission", "create", "p", "Passkeys");
    server.strike({ at: "append", fault: { kind: "lose_reply" }, times: 100 });
    server.strike({ at: "read", fault: { kind: "silence" }, times: 1000, after: 1 });
    const asked = ["wp", "add", "p", "Login form", "--id", "WP01", "--json"] as const;
    const { child, ended } = start(asked, {
      env: { ...env, MISSION_LEDGER_STORE: `${server.url}&defaultDeadline=600000` },
    });
    await expect.poll(server.held).toBe(1);
    child.kill("SIGINT");
    const unknown = JSON.parse((await ended).stdout);
    expect(unknown).toMatchObject({ ok: false, error: { outcome: "unknown" } });
    const { commandId } = unknown.error.details;
    expect(unknown.error.hint).toContain(commandId);
    server.calm();
    const told = await mled(env, ...asked, "--request-id", commandId);
    expect(told).toMatchObject({ status: 0 });
    // The mission, the package and its lane; each once.
    expect(server.events("mission-p")).toHaveLength(3);
    expect((await mled(env, "verify")).status).toBe(0);
  });
});

test("over TLS to an IP address nothing is said on standard error", async () => {
  const { ca, certificate, key } = makeCertificates();
  const caFile = path.join(scratch(), "ca.pem");
  writeFileSync(caFile, ca);
  const server = await startWireServer({ tls: { key, certificate } });
  onTestFinished(() => server.stop());
  const store = `esdb://127.0.0.1:${server.port}?tlsCAFile=${caFile}`;
  for (const command of ["mission list", "doctor"])
    expect(await mled({}, ...command.split(" "), "--store", store)).toMatchObject({ status: 0, stderr: "" });
});

test("of several processes that claim one package, one gets it", async () => {
  const { env } = await onServer();
  await mled(env, "mission", "create", "p", "Passkeys");
  await mled(env, "wp", "add", "p", "Login form", "--id", "WP01");
  const claims = await Promise.all(
    Array.from({ length: 4 }, (_, index) => mled(env, "wp", "claim", "p/WP01", "--as", `a${index}`)),
  );
  expect(claims.map(({ status }) => status).sort()).toEqual([0, 5, 5, 5]);
});

test("a server that goes away ends a command with what is known, and the next one goes on", async () => {
  const { server, env } = await onServer();
  await mled(env, "mission", "create", "p", "Passkeys");
  await server.kill();
  const gone = await mled(env, "wp", "add", "p", "Login form", "--json");
  expect(gone).toMatchObject({ status: 7, stderr: "" });
  expect(JSON.parse(gone.stdout)).toMatchObject({ ok: false, error: { outcome: "not_written" } });
  await server.start();
  expect(await mled(env, "wp", "add", "p", "Login form")).toMatchObject({ status: 0 });
});

test("a command on files never loads the client of a server", () => {
  const copied = scratch();
  for (const folder of ["bin", "dist/bin"])
    cpSync(path.join(cli, folder), path.join(copied, folder), { recursive: true });
  const dist = path.join(copied, "dist", "bin");
  for (const name of readdirSync(dist))
    if (name.startsWith("mled-eventstoredb")) rmSync(path.join(dist, name));
  const run = (...argv: readonly string[]) =>
    spawnSync(process.execPath, [path.join(copied, "bin", "mled.cjs"), ...argv], { encoding: "utf8" });
  const ledger = path.join(copied, "ledger");
  for (const argv of [["init"], ["mission", "list"], ["ready"], ["verify"], ["where"]])
    expect(run(...argv, "--ledger", ledger), argv.join(" ")).toMatchObject({ status: 0, stderr: "" });
  expect(run("mission", "list", "--store", "esdb://127.0.0.1:1?tls=false").status).toBe(1);
});

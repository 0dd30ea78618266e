/** `pnpm test:esdb` itself: what it leaves alone, what it skips and says so, and what it counts as failed. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { openGateway } from "@mission-ledger/store-eventstoredb";
import { makeCertificates } from "@mission-ledger/wire-server";
import { afterAll, describe, expect, test } from "vitest";
import { type StreamSum, startWireProcess, type WireProcess } from "./esdb/wire-process.ts";

const root = path.resolve(import.meta.dirname, "..");
const folder = mkdtempSync(path.join(tmpdir(), "mission-ledger-esdb-runner-"));
const servers: WireProcess[] = [];
afterAll(async () => {
  for (const server of servers) await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const started = async (...options: Parameters<typeof startWireProcess>): Promise<WireProcess> => {
  const server = await startWireProcess(...options);
  servers.push(server);
  return server;
};

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly passed: number;
  readonly failed: number;
}

const testEsdb = async (
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Ended> => {
  const options = { cwd: root, env: { ...process.env, ...env }, maxBuffer: 64 * 1_048_576 };
  const { code, stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [path.join(root, "scripts/test-esdb.mjs"), ...args],
    options,
  ).then(
    (output) => ({ code: 0, ...output }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
  const out = `${stdout}\n${stderr}`;
  const [, passed, failed] = /^(\d+) passed, (\d+) failed(?:, \d+ skipped)?$/.exec(
    stdout.trimEnd().split("\n").at(-1) as string,
  ) ?? [undefined, "-1", "-1"];
  return { code, out, passed: Number(passed), failed: Number(failed) };
};

const named = (url: string) => ({ MISSION_LEDGER_TEST_ESDB: url, MISSION_LEDGER_REQUIRE_DOCKER: "" });
const timeout = 400_000;

/** What somebody else has on the server: streams with names like those of a ledger, and of other kinds. */
const writeAsOthers = async (url: string): Promise<void> => {
  const gateway = await openGateway({ url });
  for (const stream of [
    "mission-passkeys",
    "orders-1",
    "mission_ledger_streams",
    "mltest",
    "mltest_mission-a",
  ])
    for (let revision = 0; revision < 3; revision += 1)
      await gateway.append({
        stream,
        expected: revision === 0 ? "no_stream" : BigInt(revision - 1),
        events: [{ id: crypto.randomUUID(), type: "Elsewhere", data: { revision }, metadata: {} }],
      });
  await gateway.close();
};

const isOfRun = ({ stream }: StreamSum, run: string): boolean =>
  stream.startsWith(run) || stream.startsWith(`$$${run}`);

describe("the suite on a server that is named", () => {
  test("passes, writes under one name only, and leaves what others have as it was", { timeout }, async () => {
    const { url, streams } = await started();
    await writeAsOthers(url);
    const before = await streams();
    const { code, out, failed, passed } = await testEsdb(
      named(url),
      "test/esdb/conformance",
      "test/esdb/whole-log",
    );
    expect(failed, out).toBe(0);
    expect(code, out).toBe(0);
    expect(passed).toBeGreaterThan(70);
    const run = String(/names that begin with (\w+)/.exec(out)?.[1]);
    const after = await streams();
    expect(after.filter((stream) => !isOfRun(stream, run))).toEqual(before);
    expect(after.filter((stream) => isOfRun(stream, run)).length).toBeGreaterThan(100);
  });

  test("skips by name what needs the whole log, for an account that may not read it, over TLS", {
    timeout,
  }, async () => {
    const { ca, certificate, key } = makeCertificates();
    const caFile = path.join(folder, "ca.pem");
    writeFileSync(caFile, ca);
    const { url } = await started({
      tls: { certificate, key },
      accounts: { ada: { password: "p:a@s/s", may: ["append", "read"] } },
    });
    const address = `${url.replace("esdb://", `esdb://ada:${encodeURIComponent("p:a@s/s")}@`)}&tlsCAFile=${encodeURIComponent(caFile)}`;
    const { code, out, passed, failed } = await testEsdb(
      named(address),
      "test/esdb/conformance",
      "test/esdb/whole-log",
    );
    expect(failed, out).toBe(0);
    expect(code, out).toBe(0);
    expect(passed).toBeGreaterThan(40);
    expect(out).toMatch(/skipped: what reads the whole log, since this account may not/);
    expect(out).toMatch(/passed, 0 failed, \d+ skipped/);
    expect(out).not.toContain("p:a@s/s");
    expect(out).not.toContain(encodeURIComponent("p:a@s/s"));
  });

  test("fails at once, and says why, for an account that may not write", { timeout }, async () => {
    const { ca, certificate, key } = makeCertificates();
    const caFile = path.join(folder, "other-ca.pem");
    writeFileSync(caFile, ca);
    const { url } = await started({ tls: { certificate, key }, accounts: { ada: { password: "right" } } });
    const address = `${url.replace("esdb://", "esdb://ada:wrong@")}&tlsCAFile=${encodeURIComponent(caFile)}`;
    expect(await testEsdb(named(address))).toMatchObject({
      passed: 0,
      failed: 1,
      out: expect.stringMatching(/PERMISSION_DENIED/),
    });
  });
});

describe("the suite in a container", () => {
  const noEngine = { DOCKER_HOST: "unix:///nowhere/docker.sock", MISSION_LEDGER_TEST_ESDB: "" };
  const few = ["test/esdb/laws.prop.test.ts", "-t", "a server in a container"];

  test("is skipped where no engine answers, with the reason", { timeout }, async () => {
    const { code, out, failed } = await testEsdb({ ...noEngine, MISSION_LEDGER_REQUIRE_DOCKER: "" }, ...few);
    expect(failed, out).toBe(0);
    expect(code, out).toBe(0);
    expect(out).toMatch(
      /skipped: random commands on a server in a container, since no Docker engine answers/,
    );
  });

  test("fails where an engine is required and none answers", { timeout }, async () => {
    const { code, out, failed } = await testEsdb({ ...noEngine, MISSION_LEDGER_REQUIRE_DOCKER: "1" }, ...few);
    expect(failed, out).toBe(1);
    expect(code).not.toBe(0);
    expect(out).toMatch(/no Docker engine answers/);
  });
});

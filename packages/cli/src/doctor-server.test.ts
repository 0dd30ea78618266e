/** What doctor says of a server that commands cannot work with, or only in part. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import {
  makeCertificates,
  startWireCluster,
  startWireServer,
  type WireServerOptions,
} from "@mission-ledger/wire-server";
import { describe, expect, onTestFinished, test } from "vitest";
import { scratch, session } from "./testing/session.ts";

const started = async (options: WireServerOptions = {}) => {
  const server = await startWireServer({ commitTimeoutMs: 50, ...options });
  onTestFinished(() => server.stop());
  return server;
};

/** A server with TLS and one account; answers the address under which that account asks. */
const secured = async (may: readonly ("append" | "read" | "read_all")[]) => {
  const tls = makeCertificates();
  const ca = path.join(scratch(), "ca.pem");
  writeFileSync(ca, tls.ca);
  const { port } = await started({ tls, accounts: { ada: { password: "right", may } } });
  return (password: string) => `esdb://ada:${password}@localhost:${port}?tlsCAFile=${encodeURIComponent(ca)}`;
};

const doctorOf = async (url: string) => {
  const cache = scratch();
  const shell = session({
    env: { MISSION_LEDGER_ACTOR: "a", MISSION_LEDGER_STORE: url, XDG_CACHE_HOME: cache },
  });
  const [json, people] = [await shell.json("doctor"), await shell.run("doctor")];
  const failed = (json.data.connection as readonly { readonly ok: boolean }[]).filter(({ ok }) => !ok);
  return { ...json, failed, people };
};

describe("doctor at a server", () => {
  test("says that all is well, before anything was written", async () => {
    const server = await started();
    const { code, failed, people } = await doctorOf(server.url);
    expect({ code, failed }).toEqual({ code: 0, failed: [] });
    expect(people.out).toContain("connection: address, network, tls, leader, account, read, append, quorum");
    expect(server.events().filter(({ stream }) => !stream.startsWith("$"))).toEqual([]);
  });

  test("says that nothing listens, and ends as commands do that find nothing", async () => {
    const { code, envelope, failed, people } = await doctorOf(
      "esdb://127.0.0.1:1?tls=false&defaultDeadline=500",
    );
    expect(code).toBe(7);
    expect(failed).toMatchObject([{ name: "network", code: "nothing_listens", fault: "STORE_UNAVAILABLE" }]);
    expect(envelope.error).toMatchObject({
      code: "STORE_UNAVAILABLE",
      hint: expect.stringContaining("2113"),
      details: { check: "network", found: "nothing_listens" },
    });
    expect(people.out + people.err).toContain("nothing listens on that port");
  });

  test("says which side speaks TLS, and which authority is unknown", async () => {
    const plain = await started();
    expect((await doctorOf(`esdb://127.0.0.1:${plain.port}`)).failed).toMatchObject([
      { name: "tls", code: "server_speaks_plain" },
    ]);
    const secured = await started({ tls: makeCertificates() });
    expect((await doctorOf(`esdb://127.0.0.1:${secured.port}?tls=false`)).failed).toMatchObject([
      { code: "server_speaks_tls" },
    ]);
    expect((await doctorOf(`esdb://localhost:${secured.port}`)).failed).toMatchObject([
      { code: "ca_unknown" },
    ]);
  });

  test("says that a password is wrong without saying it, and which grant reads $all", async () => {
    const as = await secured(["append", "read"]);
    const wrong = await doctorOf(as("geheim"));
    expect(wrong).toMatchObject({ code: 7, failed: [{ name: "account", code: "account_wrong" }] });
    expect(wrong.envelope.error?.code).toBe("PERMISSION_DENIED");
    expect(JSON.stringify(wrong)).not.toContain("geheim");
    const right = await doctorOf(as("right"));
    expect(right.failed).toMatchObject([{ name: "read_all", code: "no_right_to_read_all" }]);
    expect(right.people.out).toContain('setStreamMetadata("$all"');
  });

  test("says that a right to append is lacking, and ends as commands do that write", async () => {
    const as = await secured(["read", "read_all"]);
    const { code, envelope, failed, people } = await doctorOf(as("right"));
    expect(failed).toMatchObject([{ name: "append", code: "no_right_to_append" }]);
    expect(code).toBe(7);
    expect(envelope.error).toMatchObject({
      code: "PERMISSION_DENIED",
      details: { check: "append", found: "no_right_to_append" },
    });
    expect(people.out).toContain("write rights ($w)");
  });

  test("goes on where an account may not read the whole log, and verify does with a warning", async () => {
    const store = (await secured(["append", "read"]))("right");
    const shell = session();
    await shell.run("mission", "create", "p", "Passkeys", "--store", store);
    const { code, data, envelope } = await doctorOf(store);
    expect({ code, error: envelope.error, missions: data.missions }).toEqual({
      code: 0,
      error: null,
      missions: 1,
    });
    const verified = await shell.json("verify", "--store", store);
    expect(verified).toMatchObject({ code: 0, data: { ok: true, totals: { missions: 1, events: 1 } } });
    expect(verified.envelope.warnings).toEqual([
      expect.stringMatching(/^the order of the whole log was not looked at: .*[^.]; next: mled doctor /),
    ]);
    for (const argv of [
      ["log", "--store", store],
      ["watch", "--for", "1s", "--store", store],
      ["copy", store, "file:copy"],
    ]) {
      const { error } = (await shell.json(...argv)).envelope;
      expect(error).toMatchObject({
        code: "PERMISSION_DENIED",
        hint: expect.stringMatching(/may not read \$all.*`mled doctor --store /),
      });
    }
  });

  test("says that a cluster lacks its quorum, and nothing of one that has it", async () => {
    const cluster = await startWireCluster();
    onTestFinished(() => cluster.stop());
    expect(await doctorOf(cluster.url)).toMatchObject({ code: 0, failed: [] });
    for (const node of [0, 1, 2].filter((one) => one !== cluster.leader())) await cluster.kill(node);
    const { code, envelope, failed } = await doctorOf(`${cluster.url}&maxDiscoverAttempts=1`);
    expect(code).toBe(7);
    expect(failed).toMatchObject([{ code: "no_quorum", fault: "TIMEOUT" }]);
    expect(envelope.error).toMatchObject({
      code: "TIMEOUT",
      message: expect.stringContaining("no quorum"),
    });
  });

  test("says that a server is there and not ready", async () => {
    const server = await started();
    server.strike({ at: "read", fault: { kind: "not_ready" }, times: 100 });
    const { code, envelope, failed } = await doctorOf(server.url);
    expect({ code, error: envelope.error?.code }).toEqual({ code: 7, error: "STORE_UNAVAILABLE" });
    expect(failed).toMatchObject([{ code: "not_ready" }]);
  });
});

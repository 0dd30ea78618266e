import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { makeCertificates } from "@mission-ledger/wire-server";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { bundled } from "../testing/bundled.ts";
import { opened } from "../testing/opened.ts";
import { scratchFile } from "../testing/scratch.ts";
import {
  acknowledged,
  confirmation,
  eventMessage,
  refusal,
  type Script,
  scriptedServer,
} from "../testing/scripted-server.ts";
import { silentServer } from "../testing/silent-server.ts";

let child: string;

beforeAll(async () => {
  const program = await bundled("gateway-child");
  child = program.file;
  return program.remove;
});

const tests = opened();
afterEach(() => tests.close());

interface Ended {
  readonly code: number | string | null;
  readonly lines: readonly string[];
  readonly printed: string;
}

/** Runs it to its own end; whoever is still there after half a minute was kept alive by something. */
const run = (url: string, what: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [child, url, what],
      { timeout: 120_000, env: { ...process.env, ...env } },
      (error, stdout, stderr) =>
        resolve({
          code: error === null ? 0 : (error.signal ?? error.code ?? null),
          lines: stdout.trim().split("\n"),
          printed: stdout + stderr,
        }),
    );
  });

const answering: Script = {
  append: (answer) => answer(null, acknowledged(0)),
  read: (call) => {
    const isLive = call.request.getOptions()?.hasSubscription() === true;
    if (isLive) call.write(confirmation());
    call.write(eventMessage({ revision: 0, data: '{"word":"payload-in-clear"}' }));
    if (!isLive) call.end();
  },
};

describe("a process with a gateway", () => {
  test("ends by itself after all kinds of calls, with nothing left that keeps it alive", async () => {
    const { server } = await tests.with(answering);
    const { code, lines } = await run(server.url, "work");
    expect([...lines].sort()).toEqual([
      "after: closed",
      "alive: nothing",
      "append: Acknowledged",
      "read all: Events",
      "read: Events",
      "subscribe: Event",
    ]);
    expect(code).toBe(0);
  });

  test.each([
    ["one server", (port: number) => `esdb://127.0.0.1:${port}?tls=false`],
    ["one server with TLS", (port: number) => `esdb://127.0.0.1:${port}`],
    ["a cluster", (port: number) => `esdb://127.0.0.1:${port},localhost:${port}?tls=false`],
  ])("ends by itself when it is closed while %s says nothing", async (_name, url) => {
    const silent = await silentServer();
    tests.later(silent.stop);
    const { code, lines } = await run(url(silent.port), "hang");
    expect([...lines].sort()).toEqual([
      "after: closed",
      "alive: nothing",
      "append: closed",
      "read all: closed",
      "read: closed",
      "subscribe: closed",
    ]);
    expect(code).toBe(0);
  });

  // Other systems queue connections in other ways.
  test.skipIf(process.platform !== "linux")(
    "ends by itself when it is closed while no connection comes about",
    async () => {
      // A server that is stopped, and whose queue for connections is full.
      const listen =
        "require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port); })";
      const stopped = spawn(process.execPath, ["-e", listen], { stdio: ["ignore", "pipe", "ignore"] });
      tests.later(() => stopped.kill("SIGKILL"));
      const port = Number(String(((await once(stopped.stdout, "data")) as [Buffer])[0]));
      stopped.kill("SIGSTOP");
      const queue = Array.from({ length: 8 }, () =>
        connect({ host: "127.0.0.1", port }).on("error", () => {}),
      );
      tests.later(() => {
        for (const socket of queue) socket.destroy();
      });
      const { code, lines } = await run(`esdb://127.0.0.1:${port}?tls=false`, "hang");
      expect(lines).toContain("append: closed");
      expect(lines).toContain("alive: nothing");
      expect(code).toBe(0);
    },
  );

  test.each([
    ["one server", ""],
    ["a cluster", ",localhost:1"],
  ])("ends by itself where nobody listens: %s", async (_name, more) => {
    const { code, lines } = await run(`esdb://127.0.0.1:1${more}?tls=false&maxDiscoverAttempts=2`, "fail");
    expect(lines).toEqual(["append: unavailable", "after: closed", "alive: nothing"]);
    expect(code).toBe(0);
  });

  test("prints nothing by itself, and no password, key or payload where the client is debugged", async () => {
    const tls = makeCertificates();
    const server = await scriptedServer(answering, { tls });
    tests.later(server.stop);
    const [ca, certificate, key] = [
      scratchFile("ca.pem", tls.ca),
      scratchFile("leaf.pem", tls.certificate),
      scratchFile("leaf.key", tls.key),
    ].map(encodeURIComponent);
    const account = "admin:pass%3Aword%40home";
    const url = `kurrentdb://${account}@localhost:${server.port}?tlsCAFile=${ca}&userCertFile=${certificate}&userKeyFile=${key}&ledger=x&nodePreference=follower`;
    const quiet = await run(url, "work");
    expect(
      quiet.printed
        .split("\n")
        .filter((line) => !/^(append|read|read all|subscribe|after|alive): |^$/.test(line)),
    ).toEqual([]);
    expect(quiet.lines).toContain("append: Acknowledged");

    const { printed } = await run(url, "work", { DEBUG: "esdb:*", DEBUG_DEPTH: "10" });
    expect(printed).toContain("esdb:command appendToStream");
    const basic = Buffer.from("admin:pass:word@home").toString("base64");
    for (const secret of ["pass:word", "pass%3Aword", basic, "payload-in-clear", account])
      expect(printed).not.toContain(secret);
    // The first bytes of a buffer are shown as numbers.
    expect(printed).not.toContain(Buffer.from("-----BEGIN PRIVATE").toString("hex").match(/../g)?.join(" "));
  });

  test("survives a server that ends every call in a way the client throws on", async () => {
    const { server } = await tests.with({
      append: (answer) => answer(refusal(5, "?", { exception: "not-leader" })),
      read: (call) => call.emit("error", refusal(9, "?", { exception: "stream-deleted" })),
    });
    const { code, lines } = await run(server.url, "work");
    expect([...lines].sort()).toEqual([
      "after: closed",
      "alive: nothing",
      "append: not_leader",
      "read all: stream_deleted",
      "read: stream_deleted",
      "subscribe: ended",
    ]);
    expect(code).toBe(0);
  });
});

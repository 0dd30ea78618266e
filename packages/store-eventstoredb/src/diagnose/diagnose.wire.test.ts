import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { Server as GrpcServer, ServerCredentials } from "@grpc/grpc-js";
import {
  makeCertificates,
  startWireServer,
  type WireServer,
  type WireServerOptions,
} from "@mission-ledger/wire-server";
import { afterEach, describe, expect, test } from "vitest";
import { manualTimers } from "../testing/manual-timers.ts";
import { opened } from "../testing/opened.ts";
import { scratchFile } from "../testing/scratch.ts";
import {
  eventMessage,
  members,
  refusal,
  type Script,
  scriptedServer,
  wrongRevision,
} from "../testing/scripted-server.ts";
import { silentServer } from "../testing/silent-server.ts";
import { datedTimers } from "../timers.ts";
import { checkNames, type Diagnosis, diagnose } from "./diagnose.ts";
import type { CheckCode, CheckName } from "./findings.ts";

const tests = opened();
afterEach(() => tests.close());

const wire = async (options: WireServerOptions = {}): Promise<WireServer> => {
  const server = await startWireServer({ commitTimeoutMs: 50, ...options });
  tests.later(() => server.stop());
  return server;
};
const listening = async (server: Server): Promise<number> => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  tests.later(() => server.close());
  return (server.address() as AddressInfo).port;
};

/** The one that failed and its code, after all before it were fine and before any later one was asked. */
const onlyFailure = ({ checks }: Diagnosis): readonly [CheckName, CheckCode] | undefined => {
  const failing = checks.filter(({ status }) => status === "failed");
  expect(failing.length).toBeLessThan(2);
  for (const { message, nextStep } of failing) {
    expect(message).toMatch(/^[A-Z$].*\.$/);
    expect(nextStep).toMatch(/^[A-Z].*\.$/);
  }
  return failing[0] === undefined ? undefined : [failing[0].check, failing[0].code];
};
const found = async (url: string, deadlineMs = 20_000) => onlyFailure(await diagnose({ url, deadlineMs }));

describe("a look at a server", () => {
  test("finds nothing where all is well, asks everything in its order, and writes nothing", async () => {
    const server = await wire();
    const before = server.events().length;
    const { checks, isHealthy, server: shown } = await diagnose({ url: server.url });
    expect(checks.map(({ check, status }) => [check, status])).toEqual(
      checkNames.map((check) => [check, "ok"]),
    );
    expect(isHealthy).toBe(true);
    expect(shown).toBe(`esdb://127.0.0.1:${server.port}?tls=false`);
    expect(server.events().length).toBe(before);
    expect([...server.calls().keys()].sort()).toEqual(["Gossip/Read", "Streams/Append", "Streams/Read"]);
  });

  test("writes nothing into a ledger that has streams already, and asks at its right revision", async () => {
    const server = await wire();
    const gateway = await tests.open({ url: server.url });
    await gateway.append({
      stream: "x_mission_ledger_streams",
      expected: "no_stream",
      events: [{ id: "6b1e9f8e-3f0a-4c58-9a55-0a4c7a3f2b10", type: "StreamAdded", data: {}, metadata: {} }],
    });
    const before = server.events();
    expect(await found(`${server.url}&ledger=x`)).toBeUndefined();
    expect(await found(`${server.url}&ledger=y`)).toBeUndefined();
    expect(server.events()).toEqual(before);
  });

  test("says what is wrong with an address, and nothing of it", async () => {
    const unread = await diagnose({ url: "esdb://admin:geheim@node1:99999" });
    expect(onlyFailure(unread)).toEqual(["address", "address_unreadable"]);
    expect(JSON.stringify(unread)).not.toMatch(/geheim|admin/);
    expect(unread.checks.slice(1).every(({ status }) => status === "skipped")).toBe(true);
    expect(await found("esdb://node1?tlsCAFile=%2Fnowhere%2Fca.pem")).toEqual(["address", "file_unreadable"]);
  });

  test("says that nothing listens, that a name is unknown, and that one host of several is enough", async () => {
    expect(await found("esdb://127.0.0.1:1?tls=false")).toEqual(["network", "nothing_listens"]);
    expect(await found("esdb://no-such-host.invalid?tls=false", 3000)).toEqual(["network", "name_unknown"]);
    const server = await wire();
    const several = await diagnose({ url: `esdb://127.0.0.1:1,127.0.0.1:${server.port}?tls=false` });
    expect(several.checks[1]).toMatchObject({
      status: "ok",
      details: { hosts: [{ found: "nothing_listens" }, { found: "ok" }] },
    });
  });

  test("says that somebody accepts connections and says nothing, with TLS and without", async () => {
    const silent = await silentServer();
    tests.later(silent.stop);
    for (const settings of ["?tls=false", ""]) {
      const timers = manualTimers();
      let isOver = false;
      const looking = diagnose({ url: `esdb://127.0.0.1:${silent.port}${settings}`, timers }).finally(() => {
        isOver = true;
      });
      while (!isOver) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        // Only once it is connected: the first wait is for that.
        timers.pass(silent.connections() > 1 ? 5000 : 0);
      }
      expect(onlyFailure(await looking)).toEqual(["tls", "no_answer"]);
    }
  });

  test("says which side speaks TLS and which does not", async () => {
    const plain = await wire();
    expect(await found(`esdb://127.0.0.1:${plain.port}`)).toEqual(["tls", "server_speaks_plain"]);
    const tls = await wire({ tls: makeCertificates() });
    expect(await found(`esdb://127.0.0.1:${tls.port}?tls=false`)).toEqual(["tls", "server_speaks_tls"]);
  });

  test("says what is wrong with a certificate: its authority, its name, its time", async () => {
    const tls = makeCertificates();
    const ca = encodeURIComponent(scratchFile("ca.pem", tls.ca));
    const server = await wire({ tls });
    expect(await found(`esdb://localhost:${server.port}?tlsCAFile=${ca}`)).toBeUndefined();
    expect(await found(`esdb://localhost:${server.port}`)).toEqual(["tls", "ca_unknown"]);
    const other = encodeURIComponent(scratchFile("ca.pem", makeCertificates().ca));
    expect(await found(`esdb://localhost:${server.port}?tlsCAFile=${other}`)).toEqual(["tls", "ca_unknown"]);
    expect(await found(`esdb://127.1:${server.port}?tlsCAFile=${ca}`)).toEqual([
      "tls",
      "certificate_wrong_name",
    ]);
    const old = makeCertificates({ validFromMs: 0, validToMs: Date.parse("2020-01-01T00:00:00Z") });
    const expired = await wire({ tls: old });
    const oldCa = encodeURIComponent(scratchFile("ca.pem", old.ca));
    expect(await found(`esdb://localhost:${expired.port}?tlsCAFile=${oldCa}`)).toEqual([
      "tls",
      "certificate_expired",
    ]);
  });

  test("says that something else listens", async () => {
    const http = createHttpServer((_, response) => response.end("hello"));
    expect(await found(`esdb://127.0.0.1:${await listening(http)}?tls=false`)).toEqual([
      "tls",
      "not_eventstoredb",
    ]);
    const greeter = createServer((socket) => {
      socket.on("error", () => {});
      socket.end("220 mail.example ESMTP ready\r\n");
    });
    expect(await found(`esdb://127.0.0.1:${await listening(greeter)}?tls=false`)).toEqual([
      "tls",
      "not_eventstoredb",
    ]);
  });

  test("says that another server of the same kind of wire listens", async () => {
    const other = new GrpcServer();
    tests.later(() => other.forceShutdown());
    const port = await new Promise<number>((resolve, reject) => {
      other.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    expect(await found(`esdb://127.0.0.1:${port}?tls=false`)).toEqual(["leader", "not_eventstoredb"]);
  });

  test("says what an account lacks, one right at a time, and how to grant it", async () => {
    const tls = makeCertificates();
    const ca = encodeURIComponent(scratchFile("ca.pem", tls.ca));
    const server = await wire({
      tls,
      accounts: {
        all: { password: "p:w" },
        reader: { password: "x", may: ["read", "read_all"] },
        writer: { password: "x", may: ["append", "read_all"] },
        user: { password: "x", may: ["append", "read"] },
      },
    });
    const asked = (account: string) => `esdb://${account}localhost:${server.port}?tlsCAFile=${ca}`;
    expect(await found(asked("all:p%3Aw@"))).toBeUndefined();
    expect(await found(asked("all:wrong@"))).toEqual(["account", "account_wrong"]);
    expect(await found(asked("nobody:x@"))).toEqual(["account", "account_wrong"]);
    expect(await found(asked(""))).toEqual(["account", "account_missing"]);
    expect(await found(asked("reader:x@"))).toEqual(["append", "no_right_to_append"]);
    expect(await found(asked("writer:x@"))).toEqual(["read", "no_right_to_read"]);
    expect(await found(asked("user:x@"))).toEqual(["read_all", "no_right_to_read_all"]);
    const { checks } = await diagnose({ url: asked("user:x@") });
    expect(checks.find(({ check }) => check === "read_all")?.nextStep).toContain('setStreamMetadata("$all"');
    expect(server.events()).toEqual([]);
    const wrong = await diagnose({ url: asked("all:geheim@") });
    expect(JSON.stringify(wrong)).not.toMatch(/geheim|Z2VoZWlt/);
  });

  test("says that there is no quorum where an append of nothing is not stored in time", async () => {
    let turn = 0;
    const server = await scriptedServer({
      gossip: (answer) => answer(null, members([1, 8, true])),
      read: (call) => {
        call.write(eventMessage({ revision: 4 }));
        call.end();
      },
      append: (answer, requests) => {
        turn += 1;
        expect(requests).toHaveLength(1);
        // The first asks for the right only, at a revision that cannot be.
        if (turn === 1) answer(null, wrongRevision(4));
        else {
          expect(requests[0]?.getOptions()?.getRevision()).toBe("4");
          answer(refusal(10, "Commit phase timeout"));
        }
      },
    });
    tests.later(server.stop);
    const { checks } = await diagnose({ url: server.url });
    expect(checks.map(({ check, code }) => `${check} ${code}`)).toContain("quorum no_quorum");
    expect(checks.map(({ check, code }) => `${check} ${code}`)).toContain("append ok");
  });

  test("says that a node is not ready", async () => {
    const server = await wire();
    server.strike({ at: "read", fault: { kind: "not_ready" }, times: 3 });
    expect(await found(server.url)).toEqual(["read", "not_ready"]);
  });

  describe("at a cluster", () => {
    const at = async (script: Script): Promise<string> => {
      const server = await scriptedServer(script);
      tests.later(server.stop);
      return `${server.url}&maxDiscoverAttempts=1`;
    };
    test("says that nobody leads, or that too few are alive", async () => {
      const electing = await at({
        gossip: (answer) => answer(null, members([1, 6, true], [2, 6, true], [3, 8, false])),
      });
      expect(await found(electing)).toEqual(["leader", "no_leader"]);
      const alone = await at({
        gossip: (answer) => answer(null, members([1, 6, true], [2, 6, false], [3, 8, false])),
      });
      expect(await found(alone)).toEqual(["leader", "no_quorum"]);
    });

    test("counts no member that has no vote", async () => {
      const url = await at({
        gossip: (answer) =>
          answer(null, members([1, 6, true], [2, 8, false], [3, 6, false], [4, 14, true], [5, 9, true])),
      });
      expect(await found(url)).toEqual(["leader", "no_quorum"]);
    });

    test("says that the named leader cannot be reached from here", async () => {
      const url = await at({
        gossip: (answer) => answer(null, members([1, 8, true])),
        read: (call) =>
          call.emit(
            "error",
            refusal(5, "?", {
              exception: "not-leader",
              "leader-endpoint-host": "127.0.0.1",
              "leader-endpoint-port": "1",
            }),
          ),
      });
      expect(await found(url)).toEqual(["read", "leader_unreachable"]);
      const several = url.replace("?", ",localhost:1?");
      expect(await found(several)).toEqual(["read", "leader_unreachable"]);
    });

    test("goes where the leader is said to be", async () => {
      const leader = await wire();
      const url = await at({
        gossip: (answer) => answer(null, members([leader.port, 8, true])),
        read: (call) =>
          call.emit(
            "error",
            refusal(5, "?", {
              exception: "not-leader",
              "leader-endpoint-host": "127.0.0.1",
              "leader-endpoint-port": String(leader.port),
            }),
          ),
      });
      expect(await found(url)).toBeUndefined();
    });
  });

  test.each([
    ["behind", -60_000, 60_000],
    ["ahead", 60_000, -60_000],
  ])("says that the clocks are far apart: this machine's is %s", async (_name, ours, theirs) => {
    const server = await wire();
    const timers = { ...datedTimers, now: () => Date.now() + ours };
    const { checks } = await diagnose({ url: server.url, timers });
    const clock = checks.find(({ check }) => check === "clock");
    expect(clock).toMatchObject({ status: "failed", code: "clock_off" });
    expect(Math.sign(Number(clock?.details.offsetMs))).toBe(Math.sign(theirs));
  });

  test("says that a node's clock is ahead", async () => {
    const server = await wire({ clockOffsetMs: 3_600_000 });
    expect(await found(server.url)).toEqual(["clock", "clock_off"]);
  });

  test("says that there is no quorum where nothing can be stored", async () => {
    const server = await wire();
    server.setQuorum(false);
    expect(await found(server.url)).toEqual(["quorum", "no_quorum"]);
    server.setQuorum(true);
    expect(await found(server.url)).toBeUndefined();
    expect(server.events().filter(({ stream }) => !stream.startsWith("$"))).toEqual([]);
  });
});

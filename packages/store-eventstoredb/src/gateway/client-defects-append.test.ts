import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { parseAddress } from "../address/parse-address.ts";
import { failureOf } from "../testing/failing.ts";
import { manualTimers } from "../testing/manual-timers.ts";
import { happened, opened } from "../testing/opened.ts";
import { acknowledged, members, refusal, scriptedServer } from "../testing/scripted-server.ts";
import { silentServer } from "../testing/silent-server.ts";
import { createClient } from "./client.ts";

// An unhandled rejection or an exception outside of every promise fails the whole run: vitest reports both.
const tests = opened();
afterEach(() => tests.close());

const first = { stream: "s-1", expected: "no_stream", events: [happened] } as const;

describe("the path of an append", () => {
  test("is the one with a deadline, with an account and without, and the server is never asked for another", async () => {
    for (const account of ["", "admin:word@"]) {
      const { gateway, server } = await tests.with({ append: (answer) => answer(null, acknowledged(0)) });
      const named = await tests.open({ url: server.url.replace("esdb://", `esdb://${account}`) });
      for (const one of [gateway, named])
        for (let revision = 0n; revision < 3n; revision += 1n)
          await one.append({ ...first, expected: revision === 0n ? "no_stream" : revision });
      expect(new Set(server.calls)).toEqual(new Set(["append"]));
    }
  });

  test("is the one with a deadline also after a refusal, an error and a lost connection", async () => {
    let turn = 0;
    const { gateway, server } = await tests.with({
      append: (answer) => {
        turn += 1;
        if (turn === 1) answer(refusal(9, "deleted", { exception: "stream-deleted", "stream-name": "s-1" }));
        else if (turn === 2) answer(refusal(2, "Exception was thrown by handler."));
        else if (turn === 3) answer(refusal(14, "Server Is Not Ready"));
        else answer(null, acknowledged(0));
      },
    });
    for (const kind of ["stream_deleted", "unknown", "unavailable"])
      expect(await failureOf(gateway.append(first))).toMatchObject({ kind });
    await gateway.append(first);
    expect(server.calls).toEqual(["append", "append", "append", "append"]);
  });

  test("is closed in the client itself: an append that forgot its account fails, and asks the server nothing", async () => {
    const { server } = await tests.with({});
    const client = await createClient({
      address: parseAddress(server.url),
      route: async () => ({ host: "127.0.0.1", port: server.port }),
    });
    await expect(client.appendToStream("s-1", [])).rejects.toThrow("never go by the batch path");
    await client.shut();
    expect(server.calls).toEqual([]);
  });

  test("stands in the sources: every append has credentials and a revision, and nothing else appends", () => {
    const sources = path.resolve(import.meta.dirname, "..");
    const files = readdirSync(sources, { recursive: true, encoding: "utf8" }).filter(
      (file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.startsWith("testing"),
    );
    const textOf = (file: string): string =>
      readFileSync(path.join(sources, file), "utf8").replace(/\/\*.*?\*\/|^\s*\/\/.*?$/gms, "");
    const texts = files.map(textOf).join("\n");
    // Other packages may not import the client at all; that is one of the walls.
    expect(
      files.filter((file) => textOf(file).includes("@eventstore/db-client") && !file.startsWith("gateway")),
    ).toEqual([]);
    const calls = [...texts.matchAll(/\.appendToStream\([^;]*?\}\s*\)/gs)].map(([call]) => call);
    expect(calls.length).toBeGreaterThan(0);
    expect(texts.match(/\.appendToStream\(/g)).toHaveLength(calls.length);
    for (const call of calls) {
      expect(call).toMatch(/\bcredentials\b/);
      expect(call).toMatch(/\bexpectedRevision\b/);
      expect(call).toMatch(/requiresLeader: true/);
    }
    expect(texts).not.toMatch(/batchAppend|multiStreamAppend|\.setStreamMetadata\(|StreamsClient|\bas any\b/);
    expect(texts).not.toMatch(/"any"|"stream_exists"|\bANY\b|STREAM_EXISTS/);
  });

  test("sends the revision, the event's own id and the wish for the leader with every append", async () => {
    const { gateway } = await tests.with({
      append: (answer, [options, proposed], headers) => {
        expect(options?.getOptions()?.getRevision()).toBe("41");
        expect(proposed?.getProposedMessage()?.getId()?.getString()).toBe(happened.id);
        expect(headers.get("requires-leader")).toEqual(["true"]);
        answer(null, acknowledged(42));
      },
    });
    expect(await gateway.append({ ...first, expected: 41n })).toMatchObject({ revision: 42n });
  });

  test("has a deadline on a server that took the append and never answers", async () => {
    const timers = manualTimers();
    let arrived = (): void => {};
    const there = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const { gateway } = await tests.with({ append: () => arrived() }, { timers });
    const failing = failureOf(gateway.append(first));
    await there;
    timers.pass(5000);
    expect(await failing).toMatchObject({ kind: "deadline", isDefinite: false });
    expect(timers.waiting()).toBe(0);
  });

  test("has a deadline on a server that accepts the connection and says nothing at all", async () => {
    const timers = manualTimers();
    const silent = await silentServer();
    tests.later(silent.stop);
    const gateway = await tests.open({ url: `esdb://127.0.0.1:${silent.port}?tls=false`, timers });
    const failing = failureOf(gateway.append(first));
    await silent.connected;
    timers.pass(5000);
    expect(await failing).toMatchObject({ kind: "deadline", isDefinite: false });
  });

  test("has a deadline on a reply that is neither yes nor no, which the client waits on for ever", async () => {
    const timers = manualTimers();
    const { gateway } = await tests.with(
      {
        append: (answer) => {
          const reply = acknowledged(0);
          reply.clearSuccess();
          answer(null, reply);
          setTimeout(() => timers.pass(5000), 20);
        },
      },
      { timers },
    );
    expect(await failureOf(gateway.append(first))).toMatchObject({ kind: "deadline", isDefinite: false });
  });

  test("outlives the connection that another call gave up", async () => {
    const timers = manualTimers();
    let answered: (() => void) | undefined;
    const { gateway, server } = await tests.with(
      {
        read: () => {},
        append: (answer) => {
          answered = () => answer(null, acknowledged(7));
        },
      },
      { timers },
    );
    const reading = failureOf(
      gateway.readRange({ stream: "s-1", from: "start", direction: "forwards", maxCount: 1 }),
    );
    while (server.calls.length < 1) await new Promise((resolve) => setTimeout(resolve, 1));
    timers.pass(4000);
    const appending = gateway.append(first);
    while (answered === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
    timers.pass(1000);
    expect(await reading).toMatchObject({ kind: "deadline" });
    await new Promise((resolve) => setTimeout(resolve, 20));
    answered();
    expect(await appending).toMatchObject({ revision: 7n });
  });

  test("keeps the appends of two gateways apart: one whose connection breaks rejects nothing of the other", async () => {
    let release: (() => void) | undefined;
    const slow = await tests.with({
      append: (answer) => {
        release = () => answer(null, acknowledged(7));
      },
    });
    const broken = await tests.with({ append: () => {} });
    const waiting = slow.gateway.append(first);
    const breaking = failureOf(broken.gateway.append(first));
    while (broken.server.calls.length === 0 || release === undefined)
      await new Promise((resolve) => setImmediate(resolve));
    broken.server.stop();
    expect(await breaking).toMatchObject({ kind: "unavailable", isDefinite: false });
    release?.();
    expect(await waiting).toMatchObject({ revision: 7n });
  });

  test("looks for the leader again where the node it went to knows of none any more", async () => {
    const next = await tests.with({ append: (answer) => answer(null, acknowledged(3)) });
    let leader = 0;
    const left = await scriptedServer({
      append: (answer) => answer(refusal(2, "No leader info available in response")),
      gossip: (answer) => answer(null, members([leader, 8, true])),
    });
    tests.later(left.stop);
    leader = left.port;
    const gateway = await tests.open({ url: `${left.url.replace("esdb:", "esdb+discover:")}` });
    expect(await failureOf(gateway.append(first))).toMatchObject({ details: { reason: "no_leader" } });
    leader = next.server.port;
    expect(await gateway.append(first)).toMatchObject({ revision: 3n });
  });

  test("goes to the node that is asked for next where a node says it does not lead, whether or not it knows who does", async () => {
    const leader = await tests.with({ append: (answer) => answer(null, acknowledged(3)) });
    let knows = false;
    const { gateway, server } = await tests.with({
      append: (answer) =>
        answer(
          refusal(5, "Leader info available", {
            exception: "not-leader",
            ...(knows
              ? { "leader-endpoint-host": "127.0.0.1", "leader-endpoint-port": String(leader.server.port) }
              : {}),
          }),
        ),
    });
    expect(await failureOf(gateway.append(first))).toMatchObject({ kind: "not_leader", isDefinite: true });
    knows = true;
    expect(await failureOf(gateway.append(first))).toMatchObject({
      kind: "not_leader",
      isDefinite: true,
      details: { leader: `127.0.0.1:${leader.server.port}` },
    });
    expect(await gateway.append(first)).toMatchObject({ revision: 3n });
    expect(server.calls).toEqual(["append", "append"]);
  });
});

describe("what an append carries", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  test.each([
    ["a BigInt", { a: 1n }],
    ["a cycle", cyclic],
    ["NaN", { a: Number.NaN }],
    ["an integer that loses digits", { a: 2 ** 53 }],
    ["half a character", { a: "\ud800" }],
    ["a date", { a: new Date(0) }],
    ["a function", { a: () => {} }],
    [
      "a value that throws when it is serialised",
      {
        get a() {
          throw new Error("secret");
        },
      },
    ],
  ])("is refused before the client sees it where it is %s", async (_name, data) => {
    const { gateway, server } = await tests.with({ append: (answer) => answer(null, acknowledged(0)) });
    for (const event of [
      { ...happened, data },
      { ...happened, metadata: data },
    ]) {
      const broken = { ...first, events: [event as unknown as typeof happened] };
      expect(await failureOf(gateway.append(broken))).toMatchObject({ kind: "refused", isDefinite: true });
    }
    expect(server.calls).toEqual([]);
  });

  test.each([
    ["an id that is no UUID", { id: "1" }],
    [
      "an id in capitals, which the server would give back in another spelling",
      { id: happened.id.toUpperCase() },
    ],
    ["the zero id", { id: "00000000-0000-0000-0000-000000000000" }],
    ["no type", { type: "" }],
    ["half a character in its type", { type: "a\ud800" }],
  ])("is refused where an event has %s", async (_name, change) => {
    const { gateway, server } = await tests.with({});
    const failure = await failureOf(gateway.append({ ...first, events: [{ ...happened, ...change }] }));
    expect(failure).toMatchObject({ kind: "refused", isDefinite: true });
    expect(server.calls).toEqual([]);
  });

  test("is refused without a stream, without an event, and with a revision that cannot be", async () => {
    const { gateway, server } = await tests.with({});
    for (const change of [
      { stream: "" },
      { stream: "a\udc00" },
      { events: [] },
      { expected: -1n },
      { expected: 2n ** 64n },
    ])
      expect(await failureOf(gateway.append({ ...first, ...change }))).toMatchObject({
        kind: "refused",
        isDefinite: true,
      });
    expect(server.calls).toEqual([]);
  });

  test("arrives as it was given, whatever its keys are called", async () => {
    const data = { toJSON: 1, "\r": [1, null, "\u2028", { "": 1e-7 }], "1": 2 ** 53 - 1 };
    const { gateway } = await tests.with({
      append: (answer, [, proposed]) => {
        const message = proposed?.getProposedMessage();
        expect(JSON.parse(Buffer.from(message?.getData_asU8() ?? []).toString())).toEqual(data);
        expect(JSON.parse(Buffer.from(message?.getCustomMetadata_asU8() ?? []).toString())).toEqual(data);
        expect(message?.getMetadataMap().get("content-type")).toBe("application/json");
        answer(null, acknowledged(0));
      },
    });
    await gateway.append({ ...first, events: [{ ...happened, data, metadata: data }] });
  });
});

import { randomUUID } from "node:crypto";
import { type Fault, startWireServer, type WireServer } from "@mission-ledger/wire-server";
import { afterEach, describe, expect, test } from "vitest";
import { type Gateway, type GatewayAppend, GatewayFailure } from "../gateway-port.ts";
import { failureOf } from "../testing/failing.ts";
import { opened } from "../testing/opened.ts";

const tests = opened();
afterEach(() => tests.close());

const event = () => ({ id: randomUUID(), type: "Happened", data: { a: 1 }, metadata: { b: 2 } });
const first = (stream: string): GatewayAppend => ({ stream, expected: "no_stream", events: [event()] });
const range = (stream: string) => ({ stream, from: "start", direction: "forwards", maxCount: 10 }) as const;
const all = { from: "start", direction: "forwards", maxCount: 10 } as const;

/** Milliseconds; long where a call is ended by an answer, which a busy machine may be late with. */
const deadlineFor = (kinds: readonly string[]): number => (kinds.includes("deadline") ? 1_000 : 20_000);

const there = async (deadlineMs = 20_000): Promise<{ server: WireServer; gateway: Gateway }> => {
  const server = await startWireServer({ commitTimeoutMs: 100 });
  tests.later(() => server.stop());
  return { server, gateway: await tests.open({ url: server.url, deadlineMs }) };
};

/**
 * Asks again while the answer is late on a busy machine, or while nothing was sent: what is definite may have moved us to another
 * node, which is not there in these tests.
 */
const answered = async <A>(ask: () => Promise<A>): Promise<A> => {
  for (;;)
    try {
      return await ask();
    } catch (error) {
      const { kind, isDefinite } = error as GatewayFailure;
      if (kind !== "deadline" && !(kind === "unavailable" && isDefinite)) throw error;
    }
};

/** Every fault that an append can meet, and what it may be told as. Source: section 5 of what is known of the server. */
const onAppend: readonly (readonly [fault: Fault, kinds: readonly string[], isDefinite: boolean])[] = [
  [{ kind: "lose_reply" }, ["deadline"], false],
  [{ kind: "silence" }, ["deadline"], false],
  [{ kind: "delay", ms: 60_000 }, ["deadline"], false],
  [{ kind: "commit_then_cut", how: "rst" }, ["unavailable"], false],
  [{ kind: "commit_then_cut", how: "half_close" }, ["unavailable", "deadline"], false],
  [{ kind: "commit_then_cut", how: "reset_stream" }, ["unavailable", "unknown"], false],
  [{ kind: "commit_then_cut", how: "end" }, ["unknown", "deadline"], false],
  [{ kind: "cut", how: "rst" }, ["unavailable"], false],
  [{ kind: "cut", how: "half_close" }, ["unavailable", "deadline"], false],
  [{ kind: "cut", how: "reset_stream" }, ["unavailable", "unknown"], false],
  [{ kind: "cut", how: "end" }, ["unknown", "deadline"], false],
  [{ kind: "commit_later", ms: 60_000, timeoutMs: 20 }, ["server_timeout"], false],
  // Nobody leads, says the node, in a way that leaves open what became of the append.
  [{ kind: "not_leader" }, ["unavailable"], false],
  [{ kind: "not_leader", endpoint: { host: "127.0.0.1", port: 1 } }, ["not_leader"], true],
  [{ kind: "not_ready" }, ["unavailable"], false],
  [{ kind: "access_denied" }, ["access_denied"], true],
];

const onRead: readonly (readonly [fault: Fault, kinds: readonly string[]])[] = [
  [{ kind: "silence" }, ["deadline"]],
  [{ kind: "delay", ms: 60_000 }, ["deadline"]],
  [{ kind: "slow", ms: 60_000 }, ["deadline"]],
  [{ kind: "cut", how: "rst" }, ["unavailable"]],
  [{ kind: "cut", how: "half_close" }, ["unavailable", "deadline"]],
  [{ kind: "cut", how: "reset_stream" }, ["unavailable", "unknown"]],
  [{ kind: "not_leader" }, ["unavailable"]],
  [{ kind: "not_leader", endpoint: { host: "127.0.0.1", port: 1 } }, ["not_leader"]],
  [{ kind: "not_ready" }, ["unavailable"]],
  [{ kind: "access_denied" }, ["access_denied"]],
];

const onSubscribe: readonly Fault[] = [
  { kind: "silence" },
  { kind: "cut", how: "rst" },
  { kind: "cut", how: "half_close" },
  { kind: "cut", how: "reset_stream" },
  { kind: "not_leader" },
  { kind: "not_ready" },
];

describe("an append over the wire", () => {
  test.each(onAppend)(
    "that meets %o ends in time, and the identical one afterwards is stored once",
    async (fault, kinds, isDefinite) => {
      const { server, gateway } = await there(deadlineFor(kinds));
      server.strike({ at: "append", fault });
      const append = first("s-1");
      const failure = await failureOf(gateway.append(append));
      expect(kinds).toContain(failure.kind);
      expect(failure.isDefinite).toBe(isDefinite);
      server.calm();
      expect(await answered(() => gateway.append(append))).toMatchObject({
        _tag: "Acknowledged",
        revision: 0n,
      });
      expect(await answered(() => gateway.readRange(range("s-1")))).toMatchObject({
        events: [{ id: append.events[0]?.id }],
      });
      expect(server.events("s-1")).toHaveLength(1);
    },
  );

  test("of a thousand events that is cut off in the middle ends, and is stored whole afterwards", async () => {
    const { server, gateway } = await there(60_000);
    const events = Array.from({ length: 1000 }, () => ({ ...event(), data: { text: "x".repeat(500) } }));
    const append: GatewayAppend = { stream: "s-1", expected: "no_stream", events };
    for (const how of ["rst", "half_close", "reset_stream"] as const) {
      server.strike({ at: "append", fault: { kind: "cut", how } });
      expect(await failureOf(gateway.append(append))).toBeInstanceOf(GatewayFailure);
    }
    expect(await gateway.append(append)).toMatchObject({ revision: 999n });
    const read = await gateway.readRange({ ...range("s-1"), maxCount: 2000 });
    expect(read).toMatchObject({ events: events.map(({ id }) => ({ id })) });
  });

  test("after the gateway was closed, once or twice, is refused", async () => {
    const { server, gateway } = await there();
    await gateway.append(first("s-1"));
    await gateway.close();
    await gateway.close();
    expect(await failureOf(gateway.append(first("s-2")))).toMatchObject({ kind: "closed", isDefinite: true });
    expect(await failureOf(gateway.readRange(range("s-1")))).toMatchObject({ kind: "closed" });
    expect(server.calls().get("Streams/Append")).toBe(1);
  });

  test("goes on over a server that was killed and started again", async () => {
    const { server, gateway } = await there();
    await gateway.append(first("s-1"));
    await server.kill();
    const failure = await failureOf(gateway.append(first("s-2")));
    expect(failure.kind).toBe("unavailable");
    expect(await failureOf(gateway.append(first("s-2")))).toMatchObject({ isDefinite: true });
    await server.start();
    expect(await gateway.append(first("s-2"))).toMatchObject({ revision: 0n });
    expect(await gateway.readRange(range("s-1"))).toMatchObject({ events: [{ revision: 0n }] });
  });

  test("says which revision a stream has where another was expected", async () => {
    const { gateway } = await there();
    await gateway.append(first("s-1"));
    expect(await gateway.append(first("s-1"))).toEqual({ _tag: "WrongRevision", actual: 0n });
    expect(await gateway.append({ ...first("s-2"), expected: 4n })).toEqual({
      _tag: "WrongRevision",
      actual: "no_stream",
    });
  });

  test("that is too large is refused for good, with the most the server takes", async () => {
    const { gateway } = await there(60_000);
    const large = { ...event(), data: { text: "x".repeat(1_100_000) } };
    expect(await failureOf(gateway.append({ ...first("s-1"), events: [large] }))).toMatchObject({
      kind: "too_large",
      isDefinite: true,
      details: { maxBytes: 1_048_576 },
    });
  });
});

describe("a read over the wire", () => {
  test.each(onRead)("that meets %o ends in time, and the next one is whole", async (fault, kinds) => {
    const { server, gateway } = await there(deadlineFor(kinds));
    const three: GatewayAppend = { ...first("s-1"), events: [event(), event(), event()] };
    await answered(() => gateway.append(three));
    for (const read of [() => gateway.readRange(range("s-1")), () => gateway.readAll(all)]) {
      server.strike({ at: "read", fault });
      expect(kinds).toContain((await failureOf(read())).kind);
      server.calm();
      // Where another node was named, the next call goes there, finds nobody, and the one after it comes back.
      await gateway.readRange(range("s-1")).catch(() => {});
    }
    expect(await answered(() => gateway.readRange(range("s-1")))).toMatchObject({
      events: [{ revision: 0n }, { revision: 1n }, { revision: 2n }],
    });
  });

  test("gives a stream from anywhere in both directions, and says when there is none", async () => {
    const { gateway } = await there();
    await gateway.append({ ...first("s-1"), events: [event(), event(), event()] });
    const revisions = async (change: object) => {
      const read = await gateway.readRange({ ...range("s-1"), ...change });
      return read._tag === "Events" ? read.events.map(({ revision }) => Number(revision)) : read._tag;
    };
    expect(await revisions({})).toEqual([0, 1, 2]);
    expect(await revisions({ from: 1n, maxCount: 1 })).toEqual([1]);
    expect(await revisions({ from: "end", direction: "backwards" })).toEqual([2, 1, 0]);
    expect(await revisions({ from: 7n })).toEqual([]);
    expect(await revisions({ stream: "s-none" })).toBe("Missing");
  });
});

describe("a subscription over the wire", () => {
  test.each(onSubscribe)("that meets %o ends, and the next one hears all", async (fault) => {
    const { server, gateway } = await there(deadlineFor(fault.kind === "silence" ? ["deadline"] : []));
    const append = first("s-1");
    await answered(() => gateway.append(append));
    server.strike({ at: "subscribe", fault });
    const told: string[] = [];
    for await (const { _tag } of gateway.subscribe({ after: "start", prefixes: ["s-"] })) told.push(_tag);
    expect(told).toEqual([]);
    server.calm();
    for await (const news of gateway.subscribe({ after: "start", prefixes: ["s-"] }))
      if (news._tag === "Event") {
        expect(news.event.stream).toBe("s-1");
        break;
      }
  });

  test("ends when the server is killed", async () => {
    const { server, gateway } = await there();
    await gateway.append(first("s-1"));
    const news = gateway.subscribe({ after: "start", prefixes: ["s-"] })[Symbol.asyncIterator]();
    expect(await news.next()).toMatchObject({ value: { _tag: "Event" } });
    const rest = (async () => {
      for (;;) if ((await news.next()).done === true) return "ended";
    })();
    await server.kill();
    expect(await rest).toBe("ended");
  });
});

const firstEvent = async (gateway: Gateway): Promise<void> => {
  for await (const { _tag } of gateway.subscribe({ after: "start" })) if (_tag === "Event") return;
};

describe("the batch path", () => {
  test("is taken by no call of a gateway, whatever happens to it: the server never sees one, nor is asked for it", async () => {
    const { server, gateway } = await there(150);
    const faults = [
      ...onAppend.map(([fault]) => ({ at: "append" as const, fault })),
      ...onRead.map(([fault]) => ({ at: "read" as const, fault })),
      ...onSubscribe.map((fault) => ({ at: "subscribe" as const, fault })),
    ];
    // Whatever becomes of the others, there is an event to subscribe to.
    await expect
      .poll(() =>
        gateway.append(first("s")).then(
          ({ _tag }) => _tag,
          () => "failed",
        ),
      )
      .not.toBe("failed");
    for (const [turn, order] of faults.entries()) {
      server.strike(order);
      await gateway.append(first(`s-${turn}`)).catch(() => {});
      await gateway.readRange(range(`s-${turn}`)).catch(() => {});
      await gateway.readAll(all).catch(() => {});
      await firstEvent(gateway).catch(() => {});
      server.calm();
      if (turn % 8 === 7) {
        await server.kill();
        await gateway.append(first(`s-${turn}`)).catch(() => {});
        await server.start();
      }
    }
    const calls = server.calls();
    // On a busy machine the deadline passes before some calls have left.
    expect(calls.get("Streams/Append")).toBeGreaterThan(faults.length / 2);
    expect([...calls.keys()].sort()).toEqual(["Streams/Append", "Streams/Read"]);
  });
});

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Replicated, replicationOf, type WriteOnTheWay } from "./quorum.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** The smallest log that keeps the rule of revisions: its answer is the last revision, or "conflict". */
const cluster = () => {
  const streams = new Map<string, string[]>();
  const of = (stream: string): string[] => streams.get(stream) ?? [];
  const last = (stream: string): bigint => BigInt(of(stream).length) - 1n;
  const check = ({ stream, expected, ids }: WriteOnTheWay): string | undefined => {
    if (typeof expected !== "bigint" || expected === last(stream)) return undefined;
    const from = Number(expected) + 1;
    return ids.every((id, at) => of(stream)[from + at] === id) ? `${from + ids.length - 1}` : "conflict";
  };
  const replication = replicationOf<WriteOnTheWay, string>({
    lastRevision: last,
    idAt: (stream, revision) => of(stream)[Number(revision)],
    check,
    append: (write) => {
      const answer = check(write);
      if (answer !== undefined) return answer;
      streams.set(write.stream, [...of(write.stream), ...write.ids]);
      return `${last(write.stream)}`;
    },
  });
  const send = (
    expected: WriteOnTheWay["expected"],
    ids: readonly string[],
    { stream = "a", ...options }: { stream?: string; holdMs?: number; timeoutMs?: number } = {},
  ) => told(replication.submit({ stream, expected, ids }, options));
  return { replication, send, of };
};

/** What a caller knows by now. */
const told = (submitted: Promise<Replicated<string>>) => {
  let known = "open";
  void submitted.then((said) => {
    known =
      said._tag === "Answered"
        ? said.answer
        : said._tag === "TimedOut"
          ? "timeout"
          : `wrong, at ${said.current}`;
  });
  return async (): Promise<string> => {
    await vi.advanceTimersByTimeAsync(0);
    return known;
  };
};

describe("with a quorum", () => {
  test("a write is answered by the log and seen at once", async () => {
    const { send, of } = cluster();
    expect(await send(-1n, ["x"])()).toBe("0");
    expect(of("a")).toEqual(["x"]);
  });

  test("an identical write after the answer is the log's business", async () => {
    const { send } = cluster();
    await send(-1n, ["x"])();
    expect(await send(-1n, ["x"])()).toBe("0");
    expect(await send(-1n, ["y"])()).toBe("conflict");
  });
});

describe("without a quorum", () => {
  test("a write times out after two seconds, is seen by nobody, and appears once the quorum is back", async () => {
    const { replication, send, of } = cluster();
    replication.setQuorum(false);
    const first = send(-1n, ["x"]);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(await first()).toBe("open");
    await vi.advanceTimersByTimeAsync(1);
    expect(await first()).toBe("timeout");
    expect(of("a")).toEqual([]);
    replication.setQuorum(true);
    expect(of("a")).toEqual(["x"]);
  });

  test("the identical retry times out too, and succeeds once the quorum is back; one event is there", async () => {
    const { replication, send, of } = cluster();
    replication.setQuorum(false);
    send(-1n, ["x"]);
    await vi.advanceTimersByTimeAsync(2_000);
    const retry = send(-1n, ["x"]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await retry()).toBe("timeout");
    replication.setQuorum(true);
    expect(await send(-1n, ["x"])()).toBe("0");
    expect(of("a")).toEqual(["x"]);
  });

  test("a write that still waits when the quorum comes back is answered", async () => {
    const { replication, send } = cluster();
    replication.setQuorum(false);
    const first = send(-1n, ["x"]);
    await vi.advanceTimersByTimeAsync(500);
    replication.setQuorum(true);
    expect(await first()).toBe("0");
  });

  test("another write for the same place is told at once that it is taken", async () => {
    const { replication, send } = cluster();
    replication.setQuorum(false);
    send(-1n, ["x", "y"]);
    expect(await send(-1n, ["z"])()).toBe("wrong, at 1");
    expect(await send(5n, ["z"])()).toBe("wrong, at 1");
  });

  test("the next write queues behind, and both appear in order", async () => {
    const { replication, send, of } = cluster();
    replication.setQuorum(false);
    send(-1n, ["x"]);
    const next = send(0n, ["y"]);
    replication.setQuorum(true);
    expect(await next()).toBe("1");
    expect(of("a")).toEqual(["x", "y"]);
  });

  test("what was acknowledged before is still recognised, and refused where it differs", async () => {
    const { replication, send } = cluster();
    await send(-1n, ["x"])();
    replication.setQuorum(false);
    send(0n, ["y"]);
    expect(await send(-1n, ["x"])()).toBe("0");
    expect(await send(-1n, ["z"])()).toBe("conflict");
  });

  test("a write over both what is seen and what is not is recognised too", async () => {
    const { replication, send } = cluster();
    await send(-1n, ["x"])();
    replication.setQuorum(false);
    send(0n, ["y"]);
    const both = send(-1n, ["x", "y"]);
    expect(await both()).toBe("open");
    expect(await send(-1n, ["x", "z"])()).toBe("wrong, at 1");
  });

  test("a write without an expectation is recognised by its ids alone", async () => {
    const { replication, send, of } = cluster();
    replication.setQuorum(false);
    send("any", ["x"]);
    send("any", ["x"]);
    send("any", ["y"]);
    replication.setQuorum(true);
    expect(of("a")).toEqual(["x", "y"]);
  });

  test("a leader that is deposed takes its writes with it", async () => {
    const { replication, send, of } = cluster();
    replication.setQuorum(false);
    const lost = send(-1n, ["x"]);
    replication.abandon();
    replication.setQuorum(true);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await lost()).toBe("timeout");
    expect(of("a")).toEqual([]);
    expect(await send(-1n, ["x"])()).toBe("0");
  });
});

describe("a write that is held for a time", () => {
  test("an identical one that overlaps it is dropped, and ends with a timeout; one event is stored", async () => {
    const { send, of } = cluster();
    const [first, second] = [send(-1n, ["x"], { holdMs: 5 }), send(-1n, ["x"], { holdMs: 5 })];
    await vi.advanceTimersByTimeAsync(5);
    expect(await first()).toBe("0");
    expect(await second()).toBe("open");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await second()).toBe("timeout");
    expect(of("a")).toEqual(["x"]);
  });

  test("it appears after its caller was told of a timeout", async () => {
    const { send, of } = cluster();
    const late = send(-1n, ["x"], { holdMs: 3_000, timeoutMs: 100 });
    await vi.advanceTimersByTimeAsync(100);
    expect(await late()).toBe("timeout");
    expect(of("a")).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_900);
    expect(of("a")).toEqual(["x"]);
  });

  test("later writes of its stream wait for it, others do not", async () => {
    const { send, of } = cluster();
    send(-1n, ["x"], { holdMs: 50 });
    const [behind, other] = [send(0n, ["y"]), send(-1n, ["z"], { stream: "b" })];
    expect(await other()).toBe("0");
    expect(await behind()).toBe("open");
    await vi.advanceTimersByTimeAsync(50);
    expect(await behind()).toBe("1");
    expect(of("a")).toEqual(["x", "y"]);
  });

  test("released, it is seen at once; without a quorum it goes on waiting", async () => {
    const { replication, send, of } = cluster();
    send(-1n, ["x"], { holdMs: 50 });
    replication.release();
    expect(of("a")).toEqual(["x"]);
    replication.setQuorum(false);
    send(0n, ["y"], { holdMs: 50 });
    replication.release();
    expect(of("a")).toEqual(["x"]);
    expect(replication.waiting()).toBe(1);
  });
});

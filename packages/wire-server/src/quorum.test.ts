import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Expected } from "./log/commit-check.ts";
import { openLog } from "./log/log.ts";
import { openWriter, type WriteOutcome } from "./log/writer.ts";
import { type CommitOptions, replicationOf } from "./quorum.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const idOf = (word: string): Uint8Array => createHash("md5").update(word).digest();

const node = (options: CommitOptions = {}) => {
  const log = openLog();
  const replication = replicationOf(log, openWriter(log), options);
  const none = new Uint8Array();
  const send = (
    expected: Expected,
    words: readonly string[],
    { stream = "a", ...commit }: CommitOptions & { readonly stream?: string } = {},
  ) =>
    told(
      replication.commit(
        {
          stream,
          expected,
          events: words.map((word) => ({
            id: idOf(word),
            type: word,
            isJson: true,
            data: Buffer.from("{}"),
            metadata: none,
          })),
        },
        commit,
      ),
    );
  /** The types a reader of the stream sees. */
  const seen = (stream = "a"): string =>
    (log.stream(stream)?.records ?? [])
      .filter((record) => record < log.visible())
      .map((record) => log.typeAt(log.typeOf(record)))
      .join("");
  return { ...replication, send, seen };
};

/** What the caller knows by now. */
const told = (committed: Promise<WriteOutcome>) => {
  let known = "open";
  committed.then(
    (outcome) => {
      known =
        outcome._tag === "Written" || outcome._tag === "Repeated"
          ? `${outcome._tag} ${outcome.revision}`
          : outcome._tag;
    },
    (error: { readonly code: number }) => {
      known = `code ${error.code}`;
    },
  );
  return async (): Promise<string> => {
    await vi.advanceTimersByTimeAsync(0);
    return known;
  };
};

describe("with a quorum", () => {
  test("a write is acknowledged and seen at once, and its repetition recognised", async () => {
    const { send, seen } = node();
    expect(await send(-1, ["x"])()).toBe("Written 0");
    expect(seen()).toBe("x");
    expect(await send(-1, ["x"])()).toBe("Repeated 0");
    expect(await send(-1, ["y"])()).toBe("WrongExpectedVersion");
  });
});

describe("without a quorum", () => {
  test("a write ends with code 10 after two seconds, is seen by nobody, and appears once the quorum is back", async () => {
    const { setQuorum, send, seen } = node();
    setQuorum(false);
    const first = send(-1, ["x"]);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(await first()).toBe("open");
    await vi.advanceTimersByTimeAsync(1);
    expect(await first()).toBe("code 10");
    expect(seen()).toBe("");
    setQuorum(true);
    expect(seen()).toBe("x");
  });

  test("the identical retry ends with code 10 too, and succeeds once the quorum is back; one event is there", async () => {
    const { setQuorum, send, seen } = node();
    setQuorum(false);
    send(-1, ["x"]);
    await vi.advanceTimersByTimeAsync(2_000);
    const retry = send(-1, ["x"]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await retry()).toBe("code 10");
    setQuorum(true);
    expect(await send(-1, ["x"])()).toBe("Repeated 0");
    expect(seen()).toBe("x");
  });

  test("a write that still waits when the quorum comes back is acknowledged, its repetition is not", async () => {
    const { setQuorum, send } = node();
    setQuorum(false);
    const [first, second] = [send(-1, ["x"]), send(-1, ["x"])];
    await vi.advanceTimersByTimeAsync(500);
    setQuorum(true);
    expect(await first()).toBe("Written 0");
    await vi.advanceTimersByTimeAsync(1_499);
    expect(await second()).toBe("open");
    await vi.advanceTimersByTimeAsync(1);
    expect(await second()).toBe("code 10");
  });

  test("another write for the same place is told at once that it is taken", async () => {
    const { setQuorum, send } = node();
    setQuorum(false);
    send(-1, ["x", "y"]);
    expect(await send(-1, ["z"])()).toBe("WrongExpectedVersion");
  });

  test("the next write queues behind, and both appear in order", async () => {
    const { setQuorum, send, seen } = node();
    setQuorum(false);
    send(-1, ["x"]);
    const next = send(0, ["y"]);
    expect(await next()).toBe("open");
    setQuorum(true);
    expect(await next()).toBe("Written 1");
    expect(seen()).toBe("xy");
  });

  test("a write of nothing waits for the quorum like any other", async () => {
    const { setQuorum, send } = node();
    await send(-1, ["x"])();
    setQuorum(false);
    const lost = send(0, []);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await lost()).toBe("code 10");
    expect(await send(5, [])()).toBe("WrongExpectedVersion");
    const late = send(0, []);
    expect(await late()).toBe("open");
    setQuorum(true);
    expect(await late()).toBe("Written 0");
    expect(await send(0, [])()).toBe("Written 0");
  });

  test("what no reader has seen is gone with an election, and its place free", async () => {
    const { abandon, setQuorum, send, seen } = node();
    await send(-1, ["x"])();
    setQuorum(false);
    const lost = send(0, ["y", "z"]);
    const other = send(-1, ["o"], { stream: "b" });
    abandon();
    setQuorum(true);
    expect(await send(0, ["w"])()).toBe("Written 1");
    expect(await send(0, ["y"])()).toBe("WrongExpectedVersion");
    expect(await send(-1, ["o"], { stream: "b" })()).toBe("Written 0");
    expect([seen(), seen("b")]).toEqual(["xw", "o"]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect([await lost(), await other()]).toEqual(["code 10", "code 10"]);
  });

  test("an id that went with an election is new to a write without an expectation", async () => {
    const { abandon, setQuorum, send, seen } = node();
    setQuorum(false);
    send("any", ["x"]);
    abandon();
    setQuorum(true);
    expect(await send("any", ["x"])()).toBe("Written 0");
    expect(seen()).toBe("x");
  });

  test("what was acknowledged before is still recognised", async () => {
    const { setQuorum, send } = node();
    await send(-1, ["x"])();
    setQuorum(false);
    send(0, ["y"]);
    expect(await send(-1, ["x"])()).toBe("Repeated 0");
  });
});

describe("a write that is held for a time", () => {
  test("an identical one that overlaps it is dropped, and ends with code 10; one event is stored", async () => {
    const { send, seen } = node({ holdMs: 5 });
    const [first, second] = [send(-1, ["x"]), send(-1, ["x"])];
    expect([await first(), seen()]).toEqual(["open", ""]);
    await vi.advanceTimersByTimeAsync(5);
    expect([await first(), seen()]).toEqual(["Written 0", "x"]);
    expect(await second()).toBe("open");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await second()).toBe("code 10");
    expect(seen()).toBe("x");
  });

  test("writes that come all the time are each seen when their own time is over", async () => {
    const { send } = node({ holdMs: 5 });
    const calls: (() => Promise<string>)[] = [];
    for (let n = 0; n < 20; n += 1) {
      calls.push(send(n - 1, [`e${n}`]));
      await vi.advanceTimersByTimeAsync(1);
    }
    const answers = await Promise.all(calls.map((call) => call()));
    expect(answers.indexOf("open")).toBe(16);
  });

  test("it appears after its caller was told of a timeout", async () => {
    const { send, seen } = node();
    const late = send(-1, ["x"], { holdMs: 3_000, timeoutMs: 100 });
    await vi.advanceTimersByTimeAsync(100);
    expect([await late(), seen()]).toEqual(["code 10", ""]);
    await vi.advanceTimersByTimeAsync(2_900);
    expect(seen()).toBe("x");
  });

  test("a write that is refused, or recognised, holds nobody up", async () => {
    const { send, seen } = node();
    await send(-1, ["x"])();
    expect(await send(-1, ["z"], { holdMs: 9_000 })()).toBe("WrongExpectedVersion");
    expect(await send(-1, ["x"], { holdMs: 9_000 })()).toBe("Repeated 0");
    expect(await send(0, ["y"])()).toBe("Written 1");
    expect(seen()).toBe("xy");
  });

  test("released, it is seen at once; without a quorum it goes on waiting", async () => {
    const { release, setQuorum, send, seen } = node();
    send(-1, ["x"], { holdMs: 50 });
    release();
    expect(seen()).toBe("x");
    setQuorum(false);
    send(0, ["y"], { holdMs: 50 });
    release();
    expect(seen()).toBe("x");
    setQuorum(true);
    expect(seen()).toBe("xy");
  });
});

import { describe, expect, test } from "vitest";
import { eventLoopTurns, readingInTurns } from "./event-loop-turns.ts";
import type { EventBatch } from "./event-store.ts";

/** More than is read before anybody asks for a turn, and an end, so that a reader who never turns is found out and not waited for. */
const batches = 3_000_000;

async function* endless(
  _: unknown,
  { signal }: { readonly signal?: { throwIfAborted(): void } } = {},
): AsyncGenerator<EventBatch> {
  for (let index = 0; index < batches; index += 1) {
    signal?.throwIfAborted();
    yield [];
  }
}

test.each(["read", "readAll"] as const)(
  "an interrupt ends a %s that never waits for anything",
  async (reading) => {
    const readAll = (options = {}) => endless(undefined, options);
    const store = readingInTurns({ read: endless, readAll });
    const interrupt = new AbortController();
    setImmediate(() => interrupt.abort());
    const options = { signal: interrupt.signal };
    const drain = async (): Promise<void> => {
      for await (const _ of reading === "read" ? store.read("mission-p", options) : store.readAll(options));
    };
    await expect(drain()).rejects.toThrow(/abort/i);
  },
);

describe("the event loop's turn", () => {
  test("is due when it has not turned for 25 ms, and not before", async () => {
    let now = 0;
    const due = eventLoopTurns(() => now);
    expect(due()).toBeUndefined();
    now = 24;
    expect(due()).toBeUndefined();
    now = 25;
    const turn = due();
    expect(turn).toBeInstanceOf(Promise);
    await turn;
    expect(due()).toBeUndefined();
  });

  test("is not due in a process that pauses by itself", async () => {
    let now = 0;
    const due = eventLoopTurns(() => now);
    for (let index = 0; index < 5; index += 1) {
      expect(due()).toBeUndefined();
      now += 1_000;
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
});

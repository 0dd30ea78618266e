import { expect, test } from "vitest";
import { readingInTurns } from "./event-loop-turns.ts";
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

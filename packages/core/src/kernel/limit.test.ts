import { cancelSource } from "@mission-ledger/testkit";
import { expect, test } from "vitest";
import { limitOf } from "./limit.ts";
import type { Timers } from "./ports.ts";

/** Timers that run when a test says so. */
const heldTimers = () => {
  const waiting = new Map<() => void, number>();
  const timers: Timers = {
    after: (milliseconds, run) => {
      waiting.set(run, milliseconds);
      return () => waiting.delete(run);
    },
  };
  return {
    timers,
    waiting,
    run: () => {
      for (const run of [...waiting.keys()]) {
        waiting.delete(run);
        run();
      }
    },
  };
};

const never = new Promise<never>(() => {});

test("what does not answer is waited for until the time is over", async () => {
  const { timers, run, waiting } = heldTimers();
  const limit = limitOf({ withinMs: 2_000, timers });
  expect([...waiting.values()]).toEqual([2_000]);
  const waited = limit.within(never);
  run();
  await expect(waited).rejects.toMatchObject({ name: "LimitReached", by: "time" });
  await expect(limit.within(Promise.resolve(1))).rejects.toMatchObject({ by: "time" });
  expect(limit.signal.aborted).toBe(true);
});

test("a signal ends it as well, also one that was aborted before", async () => {
  const source = cancelSource();
  const limit = limitOf({ signal: source.signal });
  const waited = limit.within(never);
  source.abort();
  await expect(waited).rejects.toMatchObject({ by: "signal" });
  await expect(limitOf({ signal: source.signal }).within(never)).rejects.toMatchObject({ by: "signal" });
});

test("an answer in time is the answer, and a failure the failure", async () => {
  const limit = limitOf();
  expect(await limit.within(Promise.resolve(7))).toBe(7);
  await expect(limit.within(Promise.reject(new Error("no")))).rejects.toThrow("no");
});

test("what fails when nobody waits for it any more goes unnoticed", async () => {
  const unhandled: unknown[] = [];
  const process = (globalThis as unknown as { process: NodeProcess }).process;
  const note = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  const { timers, run } = heldTimers();
  const limit = limitOf({ withinMs: 1, timers });
  let fail = (_: Error): void => {};
  const waited = limit.within(new Promise((_, reject) => (fail = reject)));
  run();
  await expect(waited).rejects.toMatchObject({ by: "time" });
  fail(new Error("late"));
  await new Promise<void>((resolve) => void systemTurn(resolve));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

interface NodeProcess {
  on(event: string, listener: (reason: unknown) => void): void;
  off(event: string, listener: (reason: unknown) => void): void;
}
const systemTurn = (run: () => void): unknown =>
  (globalThis as unknown as { setImmediate(run: () => void): unknown }).setImmediate(run);

test("an iterable that hangs is left, told so, and not waited for", async () => {
  const { timers, run } = heldTimers();
  const limit = limitOf({ withinMs: 1, timers });
  let told = false;
  const hanging: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => {
      let given = 0;
      return {
        next: () => (given++ === 0 ? Promise.resolve({ value: 1, done: false }) : never),
        return: () => {
          told = true;
          return never;
        },
      };
    },
  };
  const taken: number[] = [];
  await expect(
    (async () => {
      for await (const one of limit.each(hanging)) {
        taken.push(one);
        queueMicrotask(run);
      }
    })(),
  ).rejects.toMatchObject({ by: "time" });
  expect([taken, told]).toEqual([[1], true]);
});

test("a pause is over after its time, and cut short by the limit", async () => {
  const { timers, run, waiting } = heldTimers();
  const source = cancelSource();
  const limit = limitOf({ signal: source.signal, timers });
  const pause = limit.pause(50);
  run();
  await pause;
  const second = limit.pause(50);
  source.abort();
  await expect(second).rejects.toMatchObject({ by: "signal" });
  expect(waiting.size).toBe(0);
});

test("when it has ended, neither time nor signal cuts anything off", async () => {
  const { timers, waiting } = heldTimers();
  const source = cancelSource();
  const limit = limitOf({ withinMs: 5, signal: source.signal, timers });
  limit.end();
  source.abort();
  expect(waiting.size).toBe(0);
  expect(await limit.within(Promise.resolve(1))).toBe(1);
});

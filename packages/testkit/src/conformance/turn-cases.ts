/** Cases about who reads without pause: whatever else the process has to do is not kept waiting. */
import type { EventBatch, EventStore } from "@mission-ledger/core";
import { claim } from "./failure.ts";
import type { StoreCase } from "./harness.ts";
import { appendNext, notes } from "./writer.ts";

const host = globalThis as unknown as {
  readonly performance: { now(): number };
  setTimeout(run: () => void, milliseconds: number): unknown;
};

/** Milliseconds of reading in which a timer of one millisecond has to ring. */
const patienceMs = 2_000;

/** Reads again and again until a timer rings; answers whether it did. */
const ringsWhile = async (read: () => AsyncIterable<EventBatch>): Promise<boolean> => {
  let rang = false;
  host.setTimeout(() => {
    rang = true;
  }, 1);
  // A machine that stands still in between reads nothing: of each pause a millisecond counts.
  let [readMs, last] = [0, host.performance.now()];
  const count = (): void => {
    const now = host.performance.now();
    readMs += Math.min(now - last, 1);
    last = now;
  };
  while (!rang && readMs < patienceMs) {
    for await (const _ of read()) count();
    count();
  }
  return rang;
};

const readings: readonly (readonly [string, (store: EventStore) => AsyncIterable<EventBatch>])[] = [
  ["a stream", (store) => store.read("mission-a")],
  ["the log", (store) => store.readAll()],
];

export const turnCases: readonly StoreCase[] = [
  {
    name: "reading without pause lets timers ring",
    run: async ({ store }) => {
      for (let count = 0; count < 10; count += 1) await appendNext(store, "mission-a", { events: notes(50) });
      for (const [what, reading] of readings)
        claim(
          await ringsWhile(() => reading(store)),
          `whoever reads ${what} without pause keeps timers, signals and sockets waiting`,
        );
    },
  },
];

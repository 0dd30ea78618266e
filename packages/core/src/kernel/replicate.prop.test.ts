/** Whatever fails and whenever it ends: a replica is a beginning of its source at any time, and equal in the end. */
import { cancelSource, seededRandomness } from "@mission-ledger/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Commit, type EventEnvelope, sealCommit } from "./event.ts";
import type { EventStore } from "./event-store.ts";
import { type Outcome, StoreFault } from "./faults.ts";
import { openMemoryStore } from "./memory-store.ts";
import type { Timers } from "./ports.ts";
import { replicate } from "./replicate.ts";
import { memoryViews } from "./view-store.ts";

const categories = ["mission"];
const missions = ["a", "b", "c", "d"].map((name) => `mission-${name}`);

/** Nothing is waited for. */
const timers: Timers = {
  after: (_, run) => {
    let off = false;
    queueMicrotask(() => off || run());
    return () => {
      off = true;
    };
  },
};

interface World {
  readonly below: (limit: number) => number;
  readonly from: EventStore;
  readonly to: EventStore;
}

let commands = 0;
const write = async ({ below, from }: World): Promise<Commit> => {
  const stream = missions[below(missions.length)] as string;
  const head = await from.head(stream);
  commands += 1;
  const context = {
    stream,
    commandId: `c${commands}`,
    commandDigest: "0".repeat(64),
    recordedAt: "2026-01-02T03:04:05.678Z",
    actor: "agent-1",
  };
  const noted = Array.from({ length: 1 + below(4) }, (_, index) => ({
    type: "Noted",
    version: 1,
    data: { index },
  }));
  const commit = sealCommit(head, context, noted);
  await from.append({ commit, expected: head.revision < 0 ? "no_stream" : head.revision });
  return commit;
};

const fault = (code: "STORE_UNAVAILABLE" | "TIMEOUT", outcome: Outcome): StoreFault =>
  new StoreFault(code, `${code} at 127.0.0.1:${commands}`, { outcome, retryable: true });

/** Each call may fail before or after it was done; some never answer, so that only the caller's signal ends the run. */
const failing = (to: EventStore, below: (limit: number) => number, stop: () => void): EventStore => {
  const strike = async <A>(act: () => Promise<A>): Promise<A> => {
    switch (below(12)) {
      case 0:
        throw fault("STORE_UNAVAILABLE", "not_written");
      case 1: {
        await act();
        throw fault("TIMEOUT", "unknown");
      }
      case 2: {
        if (below(4) > 0) return act();
        if (below(2) === 0) await act();
        queueMicrotask(stop);
        return new Promise(() => {});
      }
      default:
        return act();
    }
  };
  return {
    ...to,
    append: (request) => strike(() => to.append(request)),
    readBack: (appended) => strike(() => to.readBack(appended)),
    head: (stream) => strike(() => to.head(stream)),
    streams: (category) => strike(() => to.streams(category)),
  };
};

const eventsOf = async (store: EventStore, stream: string): Promise<readonly EventEnvelope[]> => {
  const events: EventEnvelope[] = [];
  for await (const batch of store.read(stream))
    events.push(...batch.map(({ position: _, ...event }) => event));
  return events;
};

const expectBeginning = async ({ from, to }: World): Promise<void> => {
  for (const stream of missions) {
    const [ours, theirs] = [await eventsOf(from, stream), await eventsOf(to, stream)];
    expect(theirs).toEqual(ours.slice(0, theirs.length));
  }
};

test("cut off and failing anywhere, it ends equal once the target answers again", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 2_147_483_646 }), fc.boolean(), async (seed, remembers) => {
      const { fraction } = seededRandomness(seed);
      const below = (limit: number): number => Math.floor(fraction() * limit);
      const world: World = { below, from: openMemoryStore(), to: openMemoryStore() };
      const { from, to } = world;
      const memory = remembers ? { memory: { views: memoryViews(), target: "there" } } : {};
      for (let round = 0; round < 6; round += 1) {
        const commits: Commit[] = [];
        for (let left = below(30); left > 0; left -= 1) commits.push(await write(world));
        const stopping = cancelSource();
        // As of the process that ends here: its own writes, among those of others.
        const written = commits.slice(below(commits.length + 1));
        await replicate(from, failing(to, below, stopping.abort), {
          categories,
          written,
          timers,
          signal: stopping.signal,
          ...memory,
        });
        await expectBeginning(world);
      }
      expect(await replicate(from, to, { categories, timers, ...memory })).toMatchObject({
        complete: true,
        warnings: [],
      });
      for (const stream of missions) {
        expect(await eventsOf(to, stream)).toEqual(await eventsOf(from, stream));
        expect(await to.head(stream)).toEqual(await from.head(stream));
      }
    }),
    { numRuns: 150 },
  );
});

import { expect, test } from "vitest";
import { copyLedger } from "./copy-ledger.ts";
import { type Commit, emptyHead, headOfCommit, type StreamHead, sealCommit } from "./event.ts";
import type { EventStore } from "./event-store.ts";
import { StoreFault } from "./faults.ts";
import { openMemoryStore } from "./memory-store.ts";
import { storeTransfer } from "./store-transfer.ts";

const commitOn = (head: StreamHead, stream: string, commandId: string, events: number): Commit =>
  sealCommit(
    head,
    {
      stream,
      commandId,
      commandDigest: "0".repeat(64),
      recordedAt: "2026-01-02T03:04:05.678Z",
      actor: "agent-1",
      correlationId: "why",
    },
    Array.from({ length: events }, (_, index) => ({ type: "Noted", version: 1, data: { index } })),
  );

/** Two missions in turns, with commands of up to 64 events, so that batches of any size cut some in two. */
const filled = async (commands: number): Promise<EventStore> => {
  const store = openMemoryStore();
  const heads = new Map<string, StreamHead>();
  for (let index = 0; index < commands; index += 1) {
    const stream = `mission-m${index % 2}`;
    const head = heads.get(stream) ?? emptyHead;
    const commit = commitOn(head, stream, `c${index}`, 1 + ((index * 21) % 64));
    await store.append({ commit, expected: head.revision < 0 ? "no_stream" : head.revision });
    heads.set(stream, headOfCommit(commit));
  }
  return store;
};

const eventsOf = async (store: EventStore): Promise<readonly unknown[]> => {
  const events: unknown[] = [];
  for await (const batch of store.readAll()) events.push(...batch);
  return events;
};

const over = (store: EventStore) => storeTransfer(store, ["mission"]);

test("a store that knows only the port gets every command with its id, its digest and its order", async () => {
  const [from, to] = [await filled(40), openMemoryStore()];
  const report = await copyLedger({ from: over(from), to: over(to) });
  expect(await eventsOf(to)).toEqual(await eventsOf(from));
  for (const [stream, commandId] of [
    ["mission-m0", "c38"],
    ["mission-m1", "c39"],
  ] as const)
    expect(await to.findCommand(stream, commandId)).toEqual(await from.findCommand(stream, commandId));
  expect(report).toMatchObject({
    records: 40,
    kept: "commits",
    equal: true,
    copied: { records: 40, streams: 2 },
  });
});

test("what the source takes in while it is copied comes with the next copy", async () => {
  const [from, to] = [await filled(4), openMemoryStore()];
  const target = over(to);
  const busy = {
    ...target,
    take: async (...batch: Parameters<typeof target.take>) => {
      const head = await from.head("mission-m0");
      const commit = commitOn(head, "mission-m0", "meanwhile", 1);
      await from.append({ commit, expected: head.revision });
      return target.take(...batch);
    },
  };
  expect(await copyLedger({ from: over(from), to: busy })).toMatchObject({ records: 4, equal: true });
  expect(await copyLedger({ from: over(from), to: target })).toMatchObject({
    records: 5,
    copied: { records: 1 },
  });
});

test("a chosen mission is copied beside others that are left alone", async () => {
  const [from, to] = [await filled(6), openMemoryStore()];
  await to.append({ commit: commitOn(emptyHead, "mission-other", "o", 1), expected: "no_stream" });
  const report = await copyLedger({ from: over(from), to: over(to), streams: ["mission-m1"] });
  expect(report.streams.map(({ stream }) => stream)).toEqual(["mission-m1"]);
  expect(await to.streams("mission")).toEqual(["mission-m1", "mission-other"]);
  await expect(copyLedger({ from: over(from), to: over(to) })).rejects.toMatchObject({
    code: "COPY_DIVERGED",
    outcome: "not_written",
    details: { stream: "mission-other" },
  });
});

test("progress counts what is read, copied and compared, and names the phase", async () => {
  const [from, to] = [await filled(40), openMemoryStore()];
  let now = 0;
  const phases = new Set<string>();
  await copyLedger({
    from: over(from),
    to: over(to),
    clock: { now: () => (now += 200) },
    onProgress: ({ phase, events }) => {
      phases.add(phase);
      expect(events).toBeGreaterThan(0);
    },
  });
  expect([...phases]).toEqual(["reading", "copying", "verifying"]);
});

test("once something was copied no fault says that nothing was written", async () => {
  const target = over(openMemoryStore());
  let isTaken = false;
  const forbidden = {
    ...target,
    take: async (...batch: Parameters<typeof target.take>) => {
      await target.take(...batch);
      isTaken = true;
    },
    extents: async () => {
      if (!isTaken) return target.extents();
      throw new StoreFault("PERMISSION_DENIED", "no", {
        outcome: "not_written",
        retryable: false,
        hint: "Ask.",
      });
    },
  };
  await expect(copyLedger({ from: over(await filled(4)), to: forbidden })).rejects.toMatchObject({
    code: "PERMISSION_DENIED",
    outcome: "unknown",
    hint: expect.stringMatching(/^Ask\. Run the same copy again/),
  });
});

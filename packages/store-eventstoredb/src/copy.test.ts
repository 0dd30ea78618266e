import {
  commandHandler,
  copyLedger,
  type EventStore,
  openMemoryStore,
  storeTransfer,
} from "@mission-ledger/core";
import { counter, counterCodec } from "@mission-ledger/testkit";
import { startWireServer } from "@mission-ledger/wire-server";
import { afterAll, describe, expect, test } from "vitest";
import { openEventStoreDb } from "./index.ts";

const server = await startWireServer();
afterAll(() => server.stop());

const categories = ["counter"];

const filled = async (store: EventStore): Promise<void> => {
  const handler = commandHandler({ store, decider: counter, codec: counterCodec });
  for (let round = 0; round < 6; round += 1)
    for (const stream of ["counter-a", "counter-b", "counter-é c"])
      await handler.attempt(
        stream,
        { type: "Add", at: "2026-01-01T00:00:00.000Z", amount: 1 + round * 7 },
        { actor: "ana", commandId: `c-${round}`, correlationId: "corr" },
      )();
};

const contentOf = async (store: EventStore) => {
  const events = [];
  for await (const batch of store.readAll())
    for (const { position: _, mark: __, ...event } of batch) events.push(event);
  return events;
};

describe("a ledger copied to a server", () => {
  test("holds the same events, ids, times, digests and order, and comes back equal", async () => {
    const source = openMemoryStore();
    await filled(source);
    const remote = await openEventStoreDb({ url: `${server.url}&ledger=copied` });
    const there = await copyLedger({
      from: storeTransfer(source, categories),
      to: storeTransfer(remote, categories),
    });
    expect(there).toMatchObject({ equal: true, copied: { streams: 3, records: 18 } });
    expect(await contentOf(remote)).toEqual(await contentOf(source));
    expect(await remote.findCommand("counter-b", "c-5")).toEqual(
      await source.findCommand("counter-b", "c-5"),
    );

    const back = openMemoryStore();
    const other = await openEventStoreDb({ url: `${server.url}&ledger=copied` });
    const again = await copyLedger({
      from: storeTransfer(other, categories),
      to: storeTransfer(back, categories),
    });
    expect(again.sum).toBe(there.sum);
    expect(await contentOf(back)).toEqual(await contentOf(source));
    await remote.close();
    await other.close();
  });

  test("is gone on with where it was cut off, under faults, and ends equal", async () => {
    const source = openMemoryStore();
    await filled(source);
    const url = `${server.url}&ledger=cut_off`;
    const remote = await openEventStoreDb({ url, deadlineMs: 500, budgetMs: 30_000 });
    server.strike({ at: "append", fault: { kind: "lose_reply" }, times: 2, after: 3 });
    server.strike({ at: "append", fault: { kind: "cut", how: "rst" }, times: 2, after: 6 });
    server.strike({ at: "append", fault: { kind: "access_denied" }, after: 9 });
    const copy = () =>
      copyLedger({ from: storeTransfer(source, categories), to: storeTransfer(remote, categories) });
    await expect(copy()).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    expect(await copy()).toMatchObject({ equal: true });
    expect(await copy()).toMatchObject({ equal: true, copied: { records: 0 } });
    expect(await contentOf(remote)).toEqual(await contentOf(source));
    await remote.close();
  });
});

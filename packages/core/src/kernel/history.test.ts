import { additions, counter, counterCodec } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { deciderFold, emptyFold, foldOnto } from "./fold.ts";
import { commandHandler } from "./handle.ts";
import { changesOf, type ValueChange, whichEventMade } from "./history.ts";
import { openMemoryStore } from "./memory-store.ts";
import { projectionFold } from "./projection.ts";

const stream = "counter-1";
const at = "2026-01-01T00:00:00.000Z";
const spec = deciderFold(counter, counterCodec);
const view = projectionFold(additions, counterCodec);

const grown = async (...amounts: readonly number[]) => {
  const store = openMemoryStore();
  const handler = commandHandler({ store, decider: counter, codec: counterCodec });
  for (const [index, amount] of amounts.entries())
    await handler.attempt(stream, { type: "Add", at, amount }, { actor: index % 2 === 0 ? "ana" : "ben" })();
  await handler.attempt(stream, { type: "Close", at }, { actor: "ana" })();
  return store;
};

const listed = async (changes: AsyncIterable<ValueChange>): Promise<readonly ValueChange[]> => {
  const all: ValueChange[] = [];
  for await (const change of changes) all.push(change);
  return all;
};

describe("the changes of a value", () => {
  test("are the events that changed it, with what stood there before and after", async () => {
    const store = await grown(1, 2, 3);
    const changes = await listed(changesOf(store, stream, spec, ["total"]));
    expect(changes.map(({ before, after, event }) => [before, after, event.revision])).toEqual([
      [0, 1, 0],
      [1, 3, 1],
      [3, 6, 2],
    ]);
    expect(changes[1]?.event.actor).toBe("ben");
  });

  test("leave out events that changed other values", async () => {
    const store = await grown(1, 2, 3);
    const changes = await listed(changesOf(store, stream, spec, ["closed"]));
    expect(changes).toMatchObject([{ event: { type: "Closed", revision: 3 }, before: false, after: true }]);
  });

  test("begin with nothing where the value was not there at first", async () => {
    const store = await grown(1, 2);
    const changes = await listed(changesOf(store, stream, view, [stream, "times"]));
    expect(changes.map(({ before, after }) => [before, after])).toEqual([
      [undefined, 1],
      [1, 2],
    ]);
  });

  test("end at the revision asked for", async () => {
    const store = await grown(1, 2, 3);
    expect(await listed(changesOf(store, stream, spec, ["total"], { to: 1 }))).toHaveLength(2);
  });

  test("are none for a value that no event touched and for a path that leads nowhere", async () => {
    const store = await grown(1);
    expect(await listed(changesOf(store, stream, spec, ["constructor", "name"]))).toEqual([]);
    expect(await listed(changesOf(store, "counter-2", spec, []))).toEqual([]);
  });

  test("keep what they said when the fold goes on", async () => {
    const store = await grown(1, 2);
    const changes = await listed(changesOf(store, stream, view, [stream]));
    expect(changes[0]?.after).toMatchObject({ times: 1, by: "ana" });
    expect(changes[1]?.before).toMatchObject({ times: 1, by: "ana" });
  });

  test("end with the event that made the value what it is", async () => {
    const store = await grown(1, 2, 3);
    const made = await whichEventMade(store, stream, view, [stream, "by"]);
    const { state } = await foldOnto(store, stream, view, emptyFold(view));
    expect(made?.after).toBe(state[stream]?.by);
    expect(made?.event.revision).toBe(2);
    expect(await whichEventMade(store, stream, view, ["nobody"])).toBeUndefined();
  });

  test("stop when the signal aborts", async () => {
    const store = await grown(1, 2);
    const stop = new AbortController();
    stop.abort();
    await expect(listed(changesOf(store, stream, spec, [], { signal: stop.signal }))).rejects.toThrow();
  });
});

/** A category of missions on a server, read in pages that are far smaller than it; `pnpm bench category` does the same at full size. */
import {
  type Commit,
  canonicalJson,
  type EventEnvelope,
  type FoldSpec,
  foldMany,
  memorySnapshots,
  openMemoryStore,
  projectionFold,
  type RecordedEvent,
} from "@mission-ledger/core";
import { board, claims, ledgerOver, missionCodec, ready, reviews } from "@mission-ledger/core/mission";
import { rebuildViews } from "@mission-ledger/rebuild";
import { type Gateway, openEventStoreDb, openGateway } from "@mission-ledger/store-eventstoredb";
import { startWireServer } from "@mission-ledger/wire-server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { planMission } from "./planned-mission.ts";

const category = "mission";
const missions = 12;
const pageSize = 8;
const folds: readonly FoldSpec<unknown>[] = [
  projectionFold(board, missionCodec) as FoldSpec<unknown>,
  projectionFold(ready, missionCodec) as FoldSpec<unknown>,
  projectionFold(claims, missionCodec) as FoldSpec<unknown>,
  projectionFold(reviews, missionCodec) as FoldSpec<unknown>,
];

const server = await startWireServer();
afterAll(() => server.stop());

/** Pages of the whole log that were asked for. */
let pages = 0;
const counting = (gateway: Gateway): Gateway => ({
  append: (request) => gateway.append(request),
  readRange: (request) => gateway.readRange(request),
  readAll: (request) => {
    pages += 1;
    return gateway.readAll(request);
  },
  subscribe: (request) => gateway.subscribe(request),
  close: () => gateway.close(),
});
const store = await openEventStoreDb({
  gateway: counting(await openGateway({ url: server.url })),
  namespace: "large",
  pageSize,
});
afterAll(() => store.close());

const readAll = async (after?: string): Promise<readonly RecordedEvent[]> => {
  const read: RecordedEvent[] = [];
  for await (const batch of store.readAll({ category, ...(after === undefined ? {} : { after }) }))
    read.push(...batch);
  return read;
};

let all: readonly RecordedEvent[] = [];
beforeAll(async () => {
  // Another ledger on the same server, in between.
  const other = await openEventStoreDb({ url: server.url, namespace: "other" });
  const ledgers = [ledgerOver({ store, actor: "ana" }), ledgerOver({ store: other, actor: "bob" })];
  for (let mission = 0; mission < missions; mission += 1)
    for (const ledger of ledgers) {
      await planMission(ledger, `m${mission}`, "A mission of many", [
        { workPackageId: "WP01", title: "First" },
        { workPackageId: "WP02", title: "Second" },
      ]);
      if (mission % 2 === 0)
        await ledger.mission(`m${mission}`).execute({
          type: "MoveWorkPackage",
          workPackageId: "WP01",
          to: "blocked",
          reason: "waits for somebody",
        });
    }
  await other.close();
  all = await readAll();
});

test("reading goes on from every position, and gives what came behind it", async () => {
  expect(all.length).toBeGreaterThan(4 * pageSize);
  const positions = all.map(({ position }) => position);
  expect(positions).toEqual([...positions].sort());
  for (const [index, { position }] of all.entries())
    expect((await readAll(position)).map(({ id }) => id)).toEqual(all.slice(index + 1).map(({ id }) => id));
});

test("reading asks for a page when the one before was taken, and holds no more", async () => {
  const before = pages;
  const reading = store.readAll({ category })[Symbol.asyncIterator]();
  const { value } = await reading.next();
  expect(value.length).toBeLessThanOrEqual(pageSize);
  // Where the log ends, and the page.
  expect(pages - before).toBe(2);
  await reading.return?.();
  expect(pages - before).toBe(2);
});

/** What was read, in a store of another kind. */
const inMemory = async () => {
  const memory = openMemoryStore();
  const commits = new Map<string, EventEnvelope[]>();
  for (const { position: _, mark: __, ...event } of all) {
    const key = JSON.stringify([event.stream, event.commandId]);
    const events = commits.get(key);
    if (events === undefined) commits.set(key, [event]);
    else events.push(event);
  }
  for (const events of commits.values()) {
    const { stream, commandId, recordedAt, actor, previous, revision } = events[0] as EventEnvelope;
    const commandDigest = "0".repeat(64);
    const commit: Commit = {
      stream,
      commandId,
      commandDigest,
      firstRevision: revision,
      previous,
      recordedAt,
      actor,
      events,
    };
    await memory.append({ commit, expected: revision === 0 ? "no_stream" : revision - 1 });
  }
  return memory;
};

test("a rebuild from a server makes the views that another store makes of the same events", async () => {
  const snapshots = memorySnapshots();
  const { streams, events, problems } = await rebuildViews({ store, snapshots, folds, scope: { category } });
  expect({ streams, events, problems }).toEqual({ streams: missions, events: all.length, problems: [] });
  const memory = await inMemory();
  for (const stream of await memory.streams(category)) {
    const made = await foldMany(memory, stream, folds);
    for (const [index, { name, version }] of folds.entries()) {
      const snapshot = await snapshots.load({ stream, name, version });
      expect(canonicalJson(snapshot?.state ?? null)).toBe(canonicalJson(made[index]?.state));
      expect(snapshot?.head.digest).toBe(made[index]?.head.digest);
    }
  }
});

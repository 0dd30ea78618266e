/** A local ledger brought to each server, and what is made of it there: the whole log, subscriptions, views made anew. */
import {
  copyLedger,
  deciderFold,
  type EventStore,
  type FoldSpec,
  openMemoryStore,
  projectionFold,
  type RecordedEvent,
  replicate,
  type SnapshotStore,
  storeTransfer,
} from "@mission-ledger/core";
import {
  board,
  claims,
  ledgerOver,
  mission,
  missionCodec,
  ready,
  reviews,
} from "@mission-ledger/core/mission";
import { rebuildViews } from "@mission-ledger/rebuild";
import { memorySnapshotSets, virtualClock } from "@mission-ledger/testkit";
import { expect, test } from "vitest";
import { planMission } from "../planned-mission.ts";
import { readWhole } from "../stores/chain.mjs";
import { requestOf } from "../workers/kill-plan.mjs";
import { persist } from "../workers/persist.mjs";
import { describeTargets, type Ground } from "./targets.ts";

const missions = 4;
const stepsPerMission = 9;
const categories = ["mission"];
const cannotReadAll = "this account may not read the whole log";

/** Missions in memory, written in turns. */
const localLedger = async (): Promise<EventStore> => {
  const store = openMemoryStore();
  const ledger = ledgerOver({ store, actor: "ada", clock: virtualClock() });
  const slugs = Array.from({ length: missions }, (_, index) => `m${index}`);
  for (const slug of slugs) await planMission(ledger, slug, slug, [{ workPackageId: "WP1", title: "Walk" }]);
  for (let step = 0; step < stepsPerMission; step += 1)
    for (const slug of slugs) await ledger.mission(slug).execute(requestOf("WP1", step));
  return store;
};

const wholeLog = async (store: EventStore, after?: string): Promise<readonly RecordedEvent[]> => {
  const { answer } = await persist(async () => {
    const events: RecordedEvent[] = [];
    for await (const batch of store.readAll(after === undefined ? {} : { after })) events.push(...batch);
    return events;
  });
  return answer;
};

const sealed = (events: readonly RecordedEvent[]) =>
  events.map(({ position: _, mark: __, ...event }) => event);

/** Until the target has everything; a server that is away is asked again, as a program would. */
const bring = async (from: EventStore, to: EventStore): Promise<number> => {
  let sent = 0;
  const givesUpAt = performance.now() + 120_000;
  for (;;) {
    const report = await replicate(from, to, { categories });
    sent += report.events;
    if (report.complete || performance.now() > givesUpAt) {
      expect(report).toMatchObject({ complete: true, equal: missions });
      return sent;
    }
  }
};

const expectEqual = async (to: EventStore, from: EventStore): Promise<void> => {
  const { answer: streams } = await persist(() => to.streams("mission"));
  expect(streams).toEqual(await from.streams("mission"));
  for (const stream of streams)
    expect(sealed(await readWhole(to, stream))).toEqual(sealed(await readWhole(from, stream)));
};

/** A ledger on the server that is equal to one in memory. */
const broughtTo = async ({ open, place }: Ground) => {
  const local = await localLedger();
  const at = place();
  const store = await open(at);
  await bring(local, store);
  return { local, store, at };
};

describeTargets("a local ledger that was brought to a server", (ground) => {
  const timeout = 240_000;

  test("is equal there, and is not sent again", { timeout }, async () => {
    const { wire, mayVanish, open, place } = ground();
    if (mayVanish) await wire?.interruptEvery(700);
    const local = await localLedger();
    const store = await open(place());
    const events = (await wholeLog(local)).length;
    expect(await bring(local, store)).toBeGreaterThanOrEqual(events);
    await wire?.calm();
    await expectEqual(store, local);
    expect(await bring(local, store)).toBe(0);
    await store.close();
  });

  test("is equal there when it was copied, and copying again finds nothing", { timeout }, async () => {
    const local = await localLedger();
    const { open, place } = ground();
    const store = await open(place());
    const copy = () =>
      persist(() =>
        copyLedger({ from: storeTransfer(local, categories), to: storeTransfer(store, categories) }),
      );
    const { answer: first } = await copy();
    expect(first).toMatchObject({ equal: true, events: (await wholeLog(local)).length });
    const { answer: second } = await copy();
    expect(second).toMatchObject({ equal: true, sum: first.sum, copied: { events: 0 } });
    await expectEqual(store, local);
    await store.close();
  });

  test("is written on from there, under the commands it knows", { timeout }, async () => {
    const { local, store } = await broughtTo(ground());
    const ledger = ledgerOver({ store, actor: "ada", clock: virtualClock() });
    const [first] = await readWhole(local, "mission-m0");
    const { answer: receipt } = await persist(
      (commandId) =>
        ledger
          .mission("m0")
          .execute(
            { type: "CreateMission", slug: "m0", title: "m0", missionId: "m0", dependencyMetAt: "approved" },
            { commandId: String(commandId) },
          ),
      { commandId: String(first?.commandId) },
    );
    expect(receipt).toMatchObject({ repeated: true, readback: "verified", revision: 0 });
    const { answer: next } = await persist((id) =>
      ledger
        .mission("m0")
        .execute(requestOf("WP1", stepsPerMission), id === undefined ? {} : { commandId: id }),
    );
    expect(next).toMatchObject({ readback: "verified" });
    await ledger.close();
  });

  test("is read as one log, from any position on", { timeout }, async ({ skip }) => {
    if (!ground().mayReadAll) skip(cannotReadAll);
    const { wire, mayVanish } = ground();
    const { local, store } = await broughtTo(ground());
    const all = await wholeLog(store);
    expect(all.length).toBe((await wholeLog(local)).length);
    if (mayVanish) await wire?.interruptEvery(900);
    for (const stream of await local.streams("mission"))
      expect(sealed(all.filter((event) => event.stream === stream))).toEqual(
        sealed(await readWhole(local, stream)),
      );
    const step = Math.max(1, Math.floor(all.length / 12));
    for (let index = 0; index < all.length; index += step)
      expect(await wholeLog(store, all[index]?.position)).toEqual(all.slice(index + 1));
    await wire?.calm();
    await store.close();
  });

  test("is followed from any position on, while others write", { timeout }, async ({ skip }) => {
    if (!ground().mayReadAll) skip(cannotReadAll);
    const { wire, mayVanish, open } = ground();
    const { store, at } = await broughtTo(ground());
    const all = await wholeLog(store);
    const from = Math.floor(all.length / 2);
    const live = 12;
    if (mayVanish) await wire?.interruptEvery(900);
    const other = await open(at);
    const ledger = ledgerOver({ store: other, actor: "bob" });
    const writing = (async () => {
      for (let index = 0; index < live; index += 1) {
        const note = { type: "CreateMission", title: "Late", dependencyMetAt: "approved" } as const;
        const slug = `late${index}`;
        await persist((commandId) =>
          ledger
            .mission(slug)
            .execute({ ...note, slug, missionId: slug }, commandId === undefined ? {} : { commandId }),
        );
      }
    })();
    /** What came, each once: a subscription that breaks is begun again after the last event, by whoever reads it. */
    const seen = new Map<string, RecordedEvent>();
    const givesUpAt = performance.now() + 150_000;
    let after = all[from]?.position as string;
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), 150_000);
    const isDone = () => seen.size >= all.length - from - 1 + live;
    while (!isDone() && performance.now() < givesUpAt)
      await persist(async () => {
        for await (const batch of store.subscribe({ after, category: "mission", signal: stop.signal })) {
          for (const event of batch) {
            if (!seen.has(event.id)) expect(event.position > after).toBe(true);
            seen.set(event.id, event);
          }
          after = batch.at(-1)?.position as string;
          if (isDone()) return;
        }
      });
    clearTimeout(timer);
    await writing;
    await wire?.calm();
    expect(sealed([...seen.values()])).toEqual(sealed((await wholeLog(store)).slice(from + 1)));
    await ledger.close();
    await store.close();
  });

  test("gives the views that the local one gives, made anew", { timeout }, async () => {
    const { local, store } = await broughtTo(ground());
    const folds = [
      deciderFold(mission, missionCodec),
      ...[board, claims, ready, reviews].map((view) => projectionFold(view as typeof board, missionCodec)),
    ] as readonly FoldSpec<unknown>[];
    const streams = await local.streams("mission");
    const viewsOf = async (from: EventStore): Promise<unknown> => {
      const snapshots: SnapshotStore = memorySnapshotSets();
      const { answer: report } = await persist(async () =>
        rebuildViews({ store: from, snapshots, folds, scope: { category: "mission" } }),
      );
      expect(report).toMatchObject({ streams: missions, problems: [] });
      const views = [];
      for (const stream of streams)
        for (const { name, version } of folds) {
          const { head, state } = (await snapshots.load({ stream, name, version })) ?? {};
          views.push({ stream, name, state, revision: head?.revision, digest: head?.digest });
        }
      return views;
    };
    expect(await viewsOf(store)).toEqual(await viewsOf(local));
    await store.close();
  });
});

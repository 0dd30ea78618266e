/** What every `ViewStore` keeps. */
import type { Projected, ViewStore } from "@mission-ledger/core";
import {
  type CacheCase,
  type CacheConformanceOptions,
  type OpenedCache,
  registerCacheCases,
} from "./cache-harness.ts";
import { claim, same } from "./failure.ts";

const projectedOf = (view: unknown, events = 4): Projected<unknown> => ({
  view,
  position: `000000000000000${events}:mission-m1:000`,
  events,
  last: { stream: "mission-m1", revision: events - 1, digest: "ab", mark: "1:2:3:00000000" },
  category: "mission",
});

const first = projectedOf({ WP02: { lane: "done" }, WP01: { lane: "planned" } });
const second = projectedOf({ WP02: { lane: "done" }, WP01: { lane: "done" } }, 5);

/** Names that a file system, a query or a pattern could take for another, or for something else. */
const strangeNames = [
  "board",
  "Board",
  "BOARD",
  "board.1",
  "board 1",
  "board (underway)",
  "../board",
  "con",
  "%",
  "'; DROP TABLE views; --",
  "größe",
  "größe".normalize("NFD"),
  "",
];

export const viewStoreCases: readonly CacheCase<ViewStore>[] = [
  {
    name: "a view that was never saved is missing",
    run: async ({ cache }) => {
      claim((await cache.load("board", 1)) === undefined, "nothing was saved");
    },
  },
  {
    name: "a view comes back as it was saved",
    run: async ({ cache }) => {
      await cache.save("board", 1, first);
      same(await cache.load("board", 1), first, "the view");
      const untold: Projected<unknown> = { view: [], position: null, events: 0, last: null };
      await cache.save("board", 1, untold);
      const loaded = await cache.load("board", 1);
      same(loaded, untold, "a view of nothing");
      claim(loaded !== undefined && !("category" in loaded), "a view of all streams has no category");
    },
  },
  {
    name: "a view keeps the order of its members",
    run: async ({ cache }) => {
      await cache.save("board", 1, first);
      const loaded = await cache.load("board", 1);
      same(JSON.stringify(loaded?.view), JSON.stringify(first.view), "the text of the view");
    },
  },
  {
    name: "a view may hold any text, and much of it",
    run: async ({ cache }) => {
      const view = {
        '"\\\u0000\n\u2028é😀': `'${"x".repeat(2_000_000)}`,
        __proto__x: null,
        n: [1e21, -0.5],
      };
      await cache.save("board", 1, projectedOf(view));
      same((await cache.load("board", 1))?.view, view, "the view");
    },
  },
  {
    name: "views are apart by name and by version",
    run: async ({ cache }) => {
      for (const [index, name] of strangeNames.entries())
        for (const version of [1, 2, 12]) await cache.save(name, version, projectedOf(index * 100 + version));
      for (const [index, name] of strangeNames.entries())
        for (const version of [1, 2, 12])
          same((await cache.load(name, version))?.view, index * 100 + version, `${name} ${version}`);
      claim((await cache.load("board", 3)) === undefined, "no version stands in for another");
      claim((await cache.load("boar", 1)) === undefined, "no name stands in for a longer one");
    },
  },
  {
    name: "a saved view takes the former one's place, also with an earlier one",
    run: async ({ cache }) => {
      await cache.save("board", 1, first);
      await cache.save("board", 1, second);
      same(await cache.load("board", 1), second, "the second");
      await cache.save("board", 1, first);
      same(await cache.load("board", 1), first, "the first again");
    },
  },
  {
    name: "what was saved and what was loaded are copies",
    run: async ({ cache }) => {
      const mine = JSON.parse(JSON.stringify(first)) as Projected<Record<string, unknown>>;
      await cache.save("board", 1, mine);
      mine.view.WP01 = "changed";
      const loaded = (await cache.load<Record<string, unknown>>("board", 1)) ?? mine;
      loaded.view.WP02 = "changed";
      same(await cache.load("board", 1), first, "the view");
    },
  },
  {
    name: "a view and its place in the log are never of two saves",
    run: async ({ cache }) => {
      const saves = Array.from({ length: 20 }, (_, index) =>
        cache.save("board", 1, projectedOf(index, index)),
      );
      const loads = Array.from({ length: 20 }, () => cache.load<number>("board", 1));
      await Promise.all(saves);
      for (const loaded of [...(await Promise.all(loads)), await cache.load<number>("board", 1)]) {
        if (loaded === undefined) continue;
        same(loaded, projectedOf(loaded.view, loaded.view), "view and place");
      }
    },
  },
  {
    name: "two view stores share nothing",
    run: async ({ cache, another }) => {
      const other = await another();
      await cache.save("board", 1, first);
      claim((await other.load("board", 1)) === undefined, "the other store is empty");
    },
  },
  {
    name: "a view that was dropped is missing, and others are not",
    needs: "drop",
    run: async ({ cache }) => {
      await cache.drop?.("board", 1);
      await cache.save("board", 1, first);
      await cache.save("board", 2, second);
      await cache.drop?.("board", 1);
      await cache.drop?.("board", 1);
      claim((await cache.load("board", 1)) === undefined, "it was dropped");
      same(await cache.load("board", 2), second, "the other version");
      await cache.save("board", 1, second);
      same(await cache.load("board", 1), second, "it can be saved again");
    },
  },
  {
    name: "another handle sees what was saved and what was dropped",
    needs: "reopen",
    run: async ({ cache, reopen }) => {
      const early = await reopen();
      claim((await early.load("board", 1)) === undefined, "nothing was saved yet");
      await cache.save("board", 1, first);
      for (const other of [early, await reopen()]) same(await other.load("board", 1), first, "the first");
      await early.save("board", 1, second);
      same(await cache.load("board", 1), second, "the second");
    },
  },
  {
    name: "a damaged view is missing, and can be saved again",
    needs: "damage",
    run: async ({ cache, damage, reopen }) => {
      await cache.save("board", 1, first);
      await damage();
      for (const handle of [cache, await reopen()])
        claim((await handle.load("board", 1)) === undefined, "it is damaged");
      await cache.save("board", 1, second);
      same(await cache.load("board", 1), second, "the second");
    },
  },
];

/** Registers the cases of view stores with the caller's test runner. */
export const viewStoreConformance = <Opened extends OpenedCache<ViewStore>>(
  options: CacheConformanceOptions<ViewStore, Opened>,
): void => registerCacheCases(viewStoreCases, "a view store", options);

/** What every `SnapshotStore` keeps, one by one and in sets. */
import type { Snapshot, SnapshotEntry, SnapshotKey, SnapshotSet, SnapshotStore } from "@mission-ledger/core";
import {
  type CacheCase,
  type CacheConformanceOptions,
  type OpenedCache,
  registerCacheCases,
} from "./cache-harness.ts";
import { ConformanceFailure, claim, same } from "./failure.ts";

const keyOf = (stream: string, name = "board", version = 1): SnapshotKey => ({ stream, name, version });

const snapshotOf = (state: Snapshot["state"], revision = 3): Snapshot => ({
  head: { revision, digest: "ab", mark: "1:2:3:00000000" },
  state,
  unknownEvents: 2,
});

const key = keyOf("mission-m1");
const first = snapshotOf({ WP02: { lane: "done" }, WP01: { lane: "planned" } });
const second = snapshotOf({ WP02: { lane: "done" }, WP01: { lane: "done" } }, 7);

const strangeNames = [
  "mission-m1",
  "mission-M1",
  "mission-m1.board",
  "../m1",
  "mission-größe",
  "%",
  "'; --",
  "",
];

const begin = async (cache: SnapshotStore, plan = "a", part?: string): Promise<SnapshotSet> => {
  const set = await cache.beginSet?.({ plan, ...(part === undefined ? {} : { part }) });
  if (set === undefined) throw new ConformanceFailure("the store offers no sets");
  return set;
};

/** All snapshots of a stream: its board and its claims. */
const entriesOf = (stream: string, snapshot: Snapshot): readonly SnapshotEntry[] =>
  ["board", "claims"].map((name) => ({ key: keyOf(stream, name), snapshot }));

const addAll = async (set: SnapshotSet, streams: readonly string[], snapshot: Snapshot): Promise<void> => {
  for (const stream of streams) await set.add(stream, entriesOf(stream, snapshot));
};

const streamsOf = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `mission-${prefix}${index}`);

const finishedIn = async (set: SnapshotSet): Promise<readonly string[]> =>
  [...(await set.finished()).keys()].sort();

export const snapshotStoreCases: readonly CacheCase<SnapshotStore>[] = [
  {
    name: "a snapshot that was never saved is missing",
    run: async ({ cache }) => claim((await cache.load(key)) === undefined, "nothing was saved"),
  },
  {
    name: "a snapshot comes back as it was saved",
    run: async ({ cache }) => {
      await cache.save(key, first);
      same(await cache.load(key), first, "the snapshot");
      const bare: Snapshot = { head: { revision: -1, digest: null }, state: null, unknownEvents: 0 };
      await cache.save(key, bare);
      same(await cache.load(key), bare, "a snapshot of nothing");
    },
  },
  {
    name: "a snapshot keeps the order of its members",
    run: async ({ cache }) => {
      await cache.save(key, first);
      same(
        JSON.stringify((await cache.load(key))?.state),
        JSON.stringify(first.state),
        "the text of the state",
      );
    },
  },
  {
    name: "a snapshot may hold any text, and much of it",
    run: async ({ cache }) => {
      const state = { '"\\\u0000\n\u2028é😀': `'${"x".repeat(1_000_000)}`, n: [1e21, -0.5, null] };
      await cache.save(key, snapshotOf(state));
      same((await cache.load(key))?.state, state, "the state");
    },
  },
  {
    name: "snapshots are apart by stream, by name and by version",
    run: async ({ cache }) => {
      const keys = strangeNames.flatMap((stream) =>
        ["board", "Board", "board.1"].flatMap((name) =>
          [1, 11].map((version) => keyOf(stream, name, version)),
        ),
      );
      for (const [index, one] of keys.entries()) await cache.save(one, snapshotOf(index));
      for (const [index, one] of keys.entries())
        same((await cache.load(one))?.state, index, `${one.stream} ${one.name} ${one.version}`);
      claim((await cache.load({ ...key, version: 2 })) === undefined, "no version stands in for another");
      claim((await cache.load({ ...key, name: "boar" })) === undefined, "no name stands in for a longer one");
    },
  },
  {
    name: "a saved snapshot takes the former one's place, also with an earlier one",
    run: async ({ cache }) => {
      for (const snapshot of [first, second, first]) {
        await cache.save(key, snapshot);
        same(await cache.load(key), snapshot, "what was saved last");
      }
    },
  },
  {
    name: "what was saved and what was loaded are copies",
    run: async ({ cache }) => {
      const mine = JSON.parse(JSON.stringify(first)) as { state: Record<string, unknown> } & Snapshot;
      await cache.save(key, mine);
      mine.state.WP01 = "changed";
      const loaded = (await cache.load(key)) as { state: Record<string, unknown> } & Snapshot;
      loaded.state.WP02 = "changed";
      same(await cache.load(key), first, "the snapshot");
    },
  },
  {
    name: "two snapshot stores share nothing",
    run: async ({ cache, another }) => {
      const other = await another();
      await cache.save(key, first);
      claim((await other.load(key)) === undefined, "the other store is empty");
    },
  },
  {
    name: "another handle sees what was saved",
    needs: "reopen",
    run: async ({ cache, reopen }) => {
      const early = await reopen();
      claim((await early.load(key)) === undefined, "nothing was saved yet");
      await cache.save(key, first);
      for (const other of [early, await reopen()]) same(await other.load(key), first, "the first");
      await early.save(key, second);
      same(await cache.load(key), second, "the second");
    },
  },
  {
    name: "a damaged snapshot is missing, and can be saved again",
    needs: "damage",
    run: async ({ cache, damage, reopen }) => {
      await cache.save(key, first);
      await damage();
      for (const handle of [cache, await reopen()])
        claim((await handle.load(key)) === undefined, "it is damaged");
      await cache.save(key, second);
      same(await cache.load(key), second, "the second");
    },
  },
  {
    name: "a snapshot that cannot be kept is no error",
    needs: "unwritable",
    run: async ({ unwritable }) => {
      const cache = await unwritable();
      await cache.save(key, first);
      claim((await cache.load(key)) === undefined, "it was not kept");
    },
  },
  {
    name: "nothing of a set is seen before it is activated, and all of it afterwards",
    needs: "sets",
    run: async ({ cache }) => {
      const streams = streamsOf("s", 40);
      for (const stream of streams) await cache.save(keyOf(stream), first);
      const set = await begin(cache);
      await addAll(set, streams, second);
      await set.flush();
      for (const stream of streams) {
        same(await cache.load(keyOf(stream)), first, "before");
        claim((await cache.load(keyOf(stream, "claims"))) === undefined, "before, what is new");
      }
      await set.activate();
      for (const stream of streams)
        for (const name of ["board", "claims"])
          same(await cache.load(keyOf(stream, name)), second, "afterwards");
      await set.close();
    },
  },
  {
    name: "of the former snapshots none is left when a set is activated",
    needs: "sets",
    run: async ({ cache }) => {
      await cache.save(keyOf("mission-gone"), first);
      const former = await begin(cache, "former");
      await addAll(former, ["mission-older"], first);
      await former.activate();
      await former.close();
      await cache.save(keyOf("mission-late"), first);
      const set = await begin(cache);
      await addAll(set, ["mission-new"], second);
      await set.activate();
      await set.close();
      for (const stream of ["mission-gone", "mission-older", "mission-late"])
        claim((await cache.load(keyOf(stream))) === undefined, `${stream} is of the former ones`);
      same(await cache.load(keyOf("mission-new")), second, "the new one");
    },
  },
  {
    name: "a snapshot saved after a set was activated takes its place",
    needs: "sets",
    run: async ({ cache }) => {
      const set = await begin(cache);
      await addAll(set, ["mission-m1", "mission-m2"], first);
      await set.activate();
      await set.close();
      await cache.save(key, second);
      same(await cache.load(key), second, "the saved one");
      same(await cache.load(keyOf("mission-m1", "claims")), first, "its neighbour");
      same(await cache.load(keyOf("mission-m2")), first, "another stream's");
    },
  },
  {
    name: "a snapshot can be saved while a set is made, and is seen until it is activated",
    needs: "sets",
    run: async ({ cache }) => {
      const set = await begin(cache);
      await addAll(set, ["mission-m1"], second);
      await cache.save(key, first);
      same(await cache.load(key), first, "the saved one");
      await set.activate();
      same(await cache.load(key), second, "the set's");
      await set.close();
    },
  },
  {
    name: "an interrupted set of the same plan is gone on with",
    needs: "sets",
    run: async ({ cache }) => {
      const set = await begin(cache);
      await addAll(set, ["mission-m1", "mission-m2"], first);
      await set.flush();
      await set.close();
      const again = await begin(cache);
      same(await finishedIn(again), ["mission-m1", "mission-m2"], "what is finished");
      same((await again.finished()).get("mission-m1"), first.head, "how far it is");
      await addAll(again, ["mission-m3"], second);
      await again.activate();
      await again.close();
      same(await cache.load(keyOf("mission-m2")), first, "from before the interruption");
      same(await cache.load(keyOf("mission-m3")), second, "from after it");
    },
  },
  {
    name: "an interrupted set of another plan is dropped",
    needs: "sets",
    run: async ({ cache }) => {
      await cache.save(key, first);
      const set = await begin(cache, "a");
      await addAll(set, ["mission-m1", "mission-m2"], second);
      await set.flush();
      await set.close();
      const other = await begin(cache, "b");
      same(await finishedIn(other), [], "what is finished");
      await other.close();
      const again = await begin(cache, "a");
      same(await finishedIn(again), [], "what is finished under the first plan");
      await again.close();
      same(await cache.load(key), first, "the present snapshot");
    },
  },
  {
    name: "a stream that is added again counts once, as it was added last",
    needs: "sets",
    run: async ({ cache }) => {
      const set = await begin(cache);
      await addAll(set, ["mission-m1"], first);
      await set.flush();
      await set.add("mission-m1", [{ key, snapshot: second }]);
      await set.flush();
      same((await set.finished()).get("mission-m1"), second.head, "how far it is");
      await set.activate();
      await set.close();
      same(await cache.load(key), second, "the board");
    },
  },
  {
    name: "a discarded set changes nothing, and nothing of it is gone on with",
    needs: "sets",
    run: async ({ cache }) => {
      await cache.save(key, first);
      const set = await begin(cache);
      await addAll(set, ["mission-m1", "mission-m2"], second);
      await set.flush();
      await set.discard();
      await set.close();
      same(await cache.load(key), first, "the present snapshot");
      const again = await begin(cache);
      same(await finishedIn(again), [], "what is finished");
      await again.close();
    },
  },
  {
    name: "an activated set is not gone on with",
    needs: "sets",
    run: async ({ cache }) => {
      const set = await begin(cache);
      await addAll(set, ["mission-m1"], first);
      await set.activate();
      await set.close();
      const next = await begin(cache);
      same(await finishedIn(next), [], "what is finished");
      await addAll(next, ["mission-m2"], second);
      await next.activate();
      await next.close();
      claim((await cache.load(key)) === undefined, "the first set is gone");
      same(await cache.load(keyOf("mission-m2")), second, "the second one is there");
    },
  },
  {
    name: "an empty set takes the place of all snapshots too",
    needs: "sets",
    run: async ({ cache }) => {
      await cache.save(key, first);
      const set = await begin(cache);
      await set.activate();
      await set.close();
      claim((await cache.load(key)) === undefined, "there is none any more");
    },
  },
  {
    name: "parts that are written side by side are activated together",
    needs: "sets",
    run: async ({ cache }) => {
      const lead = await begin(cache, "a", "0");
      const parts = [await begin(cache, "a", "1"), await begin(cache, "a", "2")];
      const written = parts.map((_, part) => streamsOf(`p${part}-`, 30));
      await Promise.all(
        parts.map(async (part, index) => {
          await addAll(part, written[index] ?? [], second);
          await part.flush();
          await part.close();
        }),
      );
      await addAll(lead, ["mission-lead"], second);
      await lead.flush();
      same(await finishedIn(lead), [...written.flat(), "mission-lead"].sort(), "what is finished");
      await lead.activate();
      await lead.close();
      for (const stream of [...written.flat(), "mission-lead"])
        same(await cache.load(keyOf(stream)), second, stream);
    },
  },
  {
    name: "a set may be large",
    needs: "sets",
    run: async ({ cache }) => {
      const large = snapshotOf("x".repeat(50_000));
      const streams = streamsOf("l", 100);
      const set = await begin(cache);
      await addAll(set, streams, large);
      await set.activate();
      await set.close();
      for (const stream of [streams[0] ?? "", streams[99] ?? ""])
        same((await cache.load(keyOf(stream)))?.state, large.state, stream);
    },
  },
  {
    name: "closing a set never throws, not even twice",
    needs: "sets",
    run: async ({ cache }) => {
      const set = await begin(cache);
      await addAll(set, ["mission-m1"], first);
      await set.close();
      await set.close();
      claim((await cache.load(key)) === undefined, "nothing was activated");
    },
  },
  {
    name: "every handle sees the set that was activated",
    needs: "sets",
    run: async ({ cache, reopen }) => {
      const early = await reopen();
      await cache.save(key, first);
      same(await early.load(key), first, "before");
      const set = await begin(cache);
      await addAll(set, ["mission-m1"], second);
      await set.activate();
      await set.close();
      for (const handle of [early, await reopen()]) {
        same(await handle.load(key), second, "afterwards");
        same(await handle.load(keyOf("mission-m1", "claims")), second, "afterwards, what is new");
      }
    },
  },
];

/** Registers the cases of snapshot stores with the caller's test runner. */
export const snapshotStoreConformance = <Opened extends OpenedCache<SnapshotStore>>(
  options: CacheConformanceOptions<SnapshotStore, Opened>,
): void => registerCacheCases(snapshotStoreCases, "a snapshot store", options);

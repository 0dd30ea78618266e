/** View and snapshot stores that are broken on purpose, each in one way, and the case that must catch it. */
import type {
  Projected,
  Snapshot,
  SnapshotKey,
  SnapshotSet,
  SnapshotStore,
  ViewStore,
} from "@mission-ledger/core";

export interface BrokenCache<Cache> {
  readonly name: string;
  readonly caughtBy: string;
  readonly breakIt: (healthy: Cache) => Cache;
}

export const brokenViewStores: readonly BrokenCache<ViewStore>[] = [
  {
    name: "views are kept by name alone",
    caughtBy: "views are apart by name and by version",
    breakIt: (views) => ({
      ...views,
      load: (name) => views.load(name, 0),
      save: (name, _, projected) => views.save(name, 0, projected),
    }),
  },
  {
    name: "names are folded together as some file systems do",
    caughtBy: "views are apart by name and by version",
    breakIt: (views) => ({
      ...views,
      load: (name, version) => views.load(name.toLowerCase(), version),
      save: (name, version, projected) => views.save(name.toLowerCase(), version, projected),
    }),
  },
  {
    name: "the category is not kept",
    caughtBy: "a view comes back as it was saved",
    breakIt: (views) => ({
      ...views,
      save: (name, version, { category: _, ...projected }) => views.save(name, version, projected),
    }),
  },
  {
    name: "members are sorted",
    caughtBy: "a view keeps the order of its members",
    breakIt: (views) => ({
      ...views,
      save: (name, version, projected) =>
        views.save(name, version, { ...projected, view: sorted(projected.view) as typeof projected.view }),
    }),
  },
  {
    name: "an earlier view does not replace a later one",
    caughtBy: "a saved view takes the former one's place, also with an earlier one",
    breakIt: (views) => ({
      ...views,
      save: async (name, version, projected) => {
        const present = await views.load(name, version);
        if ((present?.events ?? 0) <= projected.events) await views.save(name, version, projected);
      },
    }),
  },
  {
    name: "the view itself is kept, and not a copy",
    caughtBy: "what was saved and what was loaded are copies",
    breakIt: () => {
      const kept = new Map<string, Projected<unknown>>();
      return {
        load: async <View>(name: string, version: number) =>
          kept.get(`${name} ${version}`) as Projected<View> | undefined,
        save: async (name, version, projected) => {
          kept.set(`${name} ${version}`, projected);
        },
      };
    },
  },
  {
    name: "the place in the log is stored after the view",
    caughtBy: "a view and its place in the log are never of two saves",
    breakIt: (views) => {
      const places = new Map<string, Projected<unknown>>();
      return {
        load: async <View>(name: string, version: number) => {
          const loaded = await views.load<View>(name, version);
          const { position = null, events = 0, last = null } = places.get(`${name} ${version}`) ?? {};
          return loaded === undefined ? undefined : { ...loaded, position, events, last };
        },
        save: async (name, version, projected) => {
          await views.save(name, version, projected);
          await Promise.resolve();
          places.set(`${name} ${version}`, projected);
        },
      };
    },
  },
  {
    name: "dropping forgets nothing",
    caughtBy: "a view that was dropped is missing, and others are not",
    breakIt: (views) => ({ ...views, drop: async () => {} }),
  },
  {
    name: "dropping forgets all versions",
    caughtBy: "a view that was dropped is missing, and others are not",
    breakIt: (views) => ({
      ...views,
      drop: async (name) => {
        for (const version of [1, 2]) await views.drop?.(name, version);
      },
    }),
  },
];

const replacingSet = (
  snapshots: SnapshotStore,
  replaced: (set: SnapshotSet, snapshots: SnapshotStore) => Partial<SnapshotSet>,
): SnapshotStore => ({
  ...snapshots,
  beginSet: async (options) => {
    const set = await (snapshots.beginSet as NonNullable<SnapshotStore["beginSet"]>)(options);
    return { ...set, ...replaced(set, snapshots) };
  },
});

export const brokenSnapshotStores: readonly BrokenCache<SnapshotStore>[] = [
  {
    name: "the version of the state is not part of the key",
    caughtBy: "snapshots are apart by stream, by name and by version",
    breakIt: (snapshots) => ({
      ...snapshots,
      load: (key) => snapshots.load({ ...key, version: 0 }),
      save: (key, snapshot) => snapshots.save({ ...key, version: 0 }, snapshot),
    }),
  },
  {
    name: "stream and name are joined without a border",
    caughtBy: "snapshots are apart by stream, by name and by version",
    breakIt: (snapshots) => {
      const joined = ({ stream, name, version }: SnapshotKey) => ({
        stream: `${stream}.${name}`,
        name: "",
        version,
      });
      const split = (key: SnapshotKey) => ({
        ...joined(key),
        stream: joined(key).stream.split(".")[0] ?? "",
      });
      return {
        ...snapshots,
        load: (key) => snapshots.load(split(key)),
        save: (key, snapshot) => snapshots.save(split(key), snapshot),
      };
    },
  },
  {
    name: "the head's digest is not kept",
    caughtBy: "a snapshot comes back as it was saved",
    breakIt: (snapshots) => ({
      ...snapshots,
      save: (key, snapshot) => snapshots.save(key, { ...snapshot, head: { ...snapshot.head, digest: null } }),
    }),
  },
  {
    name: "a snapshot is never replaced",
    caughtBy: "a saved snapshot takes the former one's place, also with an earlier one",
    breakIt: (snapshots) => ({
      ...snapshots,
      save: async (key, snapshot) => {
        if ((await snapshots.load(key)) === undefined) await snapshots.save(key, snapshot);
      },
    }),
  },
  {
    name: "what is added to a set is seen at once",
    caughtBy: "nothing of a set is seen before it is activated, and all of it afterwards",
    breakIt: (snapshots) =>
      replacingSet(snapshots, () => ({
        add: async (_, entries) => {
          for (const { key, snapshot } of entries) await snapshots.save(key, snapshot);
        },
      })),
  },
  {
    name: "activating writes the set over the present snapshots and leaves the others",
    caughtBy: "of the former snapshots none is left when a set is activated",
    breakIt: (snapshots) => {
      const added: (readonly [SnapshotKey, Snapshot])[] = [];
      return replacingSet(snapshots, () => ({
        add: async (_, entries) => {
          for (const { key, snapshot } of entries) added.push([key, snapshot]);
        },
        activate: async () => {
          for (const [key, snapshot] of added) await snapshots.save(key, snapshot);
        },
      }));
    },
  },
  {
    name: "an activated set can no longer be changed",
    caughtBy: "a snapshot saved after a set was activated takes its place",
    breakIt: (snapshots) => {
      let sealed = false;
      return {
        ...replacingSet(snapshots, (set) => ({
          activate: async () => {
            await set.activate();
            sealed = true;
          },
        })),
        save: async (key, snapshot) => (sealed ? undefined : snapshots.save(key, snapshot)),
      };
    },
  },
  {
    name: "a set is begun anew each time",
    caughtBy: "an interrupted set of the same plan is gone on with",
    breakIt: (snapshots) => {
      let count = 0;
      return {
        ...snapshots,
        beginSet: async (options) => {
          count += 1;
          return (snapshots.beginSet as NonNullable<SnapshotStore["beginSet"]>)({
            ...options,
            plan: `${options.plan} ${count}`,
          });
        },
      };
    },
  },
  {
    name: "the plan is not looked at",
    caughtBy: "an interrupted set of another plan is dropped",
    breakIt: (snapshots) => ({
      ...snapshots,
      beginSet: async (options) =>
        (snapshots.beginSet as NonNullable<SnapshotStore["beginSet"]>)({ ...options, plan: "any" }),
    }),
  },
  {
    name: "a stream that is added again is left as it was",
    caughtBy: "a stream that is added again counts once, as it was added last",
    breakIt: (snapshots) => {
      const seen = new Set<string>();
      return replacingSet(snapshots, (set) => ({
        add: async (stream, entries) => {
          if (!seen.has(stream)) await set.add(stream, entries);
          seen.add(stream);
        },
      }));
    },
  },
  {
    name: "discarding forgets only what was not flushed",
    caughtBy: "a discarded set changes nothing, and nothing of it is gone on with",
    breakIt: (snapshots) => replacingSet(snapshots, () => ({ discard: async () => {} })),
  },
  {
    name: "closing discards the set",
    caughtBy: "an interrupted set of the same plan is gone on with",
    breakIt: (snapshots) => replacingSet(snapshots, (set) => ({ close: () => set.discard() })),
  },
  {
    name: "only the part that activates is activated",
    caughtBy: "parts that are written side by side are activated together",
    breakIt: (snapshots) => ({
      ...snapshots,
      beginSet: async ({ plan, part = "0" }) =>
        (snapshots.beginSet as NonNullable<SnapshotStore["beginSet"]>)({ plan: `${plan} ${part}`, part }),
    }),
  },
  {
    name: "closing twice throws",
    caughtBy: "closing a set never throws, not even twice",
    breakIt: (snapshots) => {
      let closed = false;
      return replacingSet(snapshots, (set) => ({
        close: async () => {
          if (closed) throw new Error("closed");
          closed = true;
          await set.close();
        },
      }));
    },
  },
];

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
};

/** Snapshots in memory with sets: the reference of what `beginSet` means, and what rebuilds are tried out on. */
import {
  memorySnapshots,
  type Snapshot,
  type SnapshotEntry,
  type SnapshotSet,
  type SnapshotStore,
  type StreamHead,
} from "@mission-ledger/core";

interface Making {
  readonly plan: string;
  /** By stream, as text, so that nobody else holds it. */
  readonly streams: Map<string, string>;
}

export const memorySnapshotSets = (): SnapshotStore => {
  let live = memorySnapshots();
  let making: Making | undefined;
  const begin = (plan: string): SnapshotSet => {
    if (making?.plan !== plan) making = { plan, streams: new Map() };
    const own = making;
    const pending = new Map<string, string>();
    const flush = async (): Promise<void> => {
      for (const [stream, text] of pending) own.streams.set(stream, text);
      pending.clear();
    };
    return {
      finished: async () => {
        await flush();
        return new Map([...own.streams].flatMap(([stream, text]) => headIn(stream, entriesIn(text))));
      },
      add: async (stream, entries) => {
        pending.set(stream, JSON.stringify(entries));
      },
      flush,
      activate: async () => {
        await flush();
        const next = memorySnapshots();
        for (const text of own.streams.values())
          for (const { key, snapshot } of entriesIn(text)) await next.save(key, snapshot);
        live = next;
        making = undefined;
      },
      discard: async () => {
        pending.clear();
        making = undefined;
      },
      close: async () => pending.clear(),
    };
  };
  return {
    load: (key) => live.load(key),
    save: (key, snapshot) => live.save(key, snapshot),
    beginSet: async ({ plan }) => begin(plan),
  };
};

const entriesIn = (text: string): readonly SnapshotEntry[] => JSON.parse(text) as readonly SnapshotEntry[];

/** Of several snapshots the one that has seen least. */
const headIn = (
  stream: string,
  entries: readonly { readonly snapshot: Snapshot }[],
): readonly (readonly [string, StreamHead])[] => {
  const heads = entries.map(({ snapshot }) => snapshot.head);
  const [least] = heads.sort((left, right) => left.revision - right.revision);
  return least === undefined ? [] : [[stream, least]];
};

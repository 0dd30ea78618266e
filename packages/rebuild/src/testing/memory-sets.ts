/** Snapshots in memory, with sets. */
import {
  memorySnapshots,
  type Snapshot,
  type SnapshotKey,
  type SnapshotStore,
  type StreamHead,
} from "@mission-ledger/core";

type Kept = readonly [SnapshotKey, text: string];

interface Begun {
  readonly plan: string;
  readonly parts: Map<string, Map<string, readonly Kept[]>>;
}

export const memorySets = (): SnapshotStore => {
  let live = memorySnapshots();
  let begun: Begun | undefined;
  const keptIn = ({ parts }: Begun): readonly Kept[] =>
    [...parts.values()].flatMap((streams) => [...streams.values()].flat());
  return {
    load: (key) => live.load(key),
    save: (key, snapshot) => live.save(key, snapshot),
    beginSet: async ({ plan, part = "0" }) => {
      if (begun?.plan !== plan) begun = { plan, parts: new Map() };
      const set = begun;
      const own = set.parts.get(part) ?? new Map<string, readonly Kept[]>();
      set.parts.set(part, own);
      return {
        finished: async () =>
          new Map<string, StreamHead>(
            keptIn(set).map(([{ stream }, text]) => [stream, (JSON.parse(text) as Snapshot).head]),
          ),
        add: async (stream, entries) => {
          own.set(
            stream,
            entries.map(({ key, snapshot }) => [key, JSON.stringify(snapshot)] as const),
          );
        },
        flush: async () => {},
        activate: async () => {
          const next = memorySnapshots();
          for (const [key, text] of keptIn(set)) await next.save(key, JSON.parse(text) as Snapshot);
          live = next;
          begun = undefined;
        },
        discard: async () => {
          begun = undefined;
        },
        close: async () => {},
      };
    },
  };
};

/** One writer's part of a set that is being made. */
import type { SnapshotEntry, SnapshotSet, SnapshotStore } from "@mission-ledger/core";

export interface Part {
  readonly set: SnapshotSet;
  add(stream: string, entries: readonly SnapshotEntry[]): Promise<void>;
  /** Makes outlive the process what was added. */
  flush(): Promise<void>;
  /** The same for what was added longer ago than `flushEveryMs`. */
  tick(): Promise<void>;
  /** Flushes what is left, for whoever goes on with it, and lets go. Never throws. */
  leave(): Promise<void>;
}

export type BeginSet = NonNullable<SnapshotStore["beginSet"]>;

export const partOf = (set: SnapshotSet, flushEveryMs: number): Part => {
  let flushedAt = performance.now();
  let pending = false;
  const flush = async (): Promise<void> => {
    if (!pending) return;
    await set.flush();
    pending = false;
    flushedAt = performance.now();
  };
  return {
    set,
    flush,
    add: async (stream, entries) => {
      await set.add(stream, entries);
      pending = true;
    },
    tick: async () => {
      if (performance.now() - flushedAt >= flushEveryMs) await flush();
    },
    leave: async () => {
      await flush().catch(() => {});
      await set.close();
    },
  };
};

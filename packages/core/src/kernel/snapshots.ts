/** Snapshots: folds remembered at a revision. A cache; deleting all of them changes nothing but time. */

import type { StreamHead } from "./event.ts";
import type { Json } from "./json.ts";

/** Which fold of which stream: a name and the version of its meaning. A raised version makes old snapshots unknown. */
export interface SnapshotKey {
  readonly stream: string;
  readonly name: string;
  readonly version: number;
}

export interface Snapshot {
  /** The last event folded in. Its digest is compared with the log before the state is believed. */
  readonly head: StreamHead;
  readonly state: Json;
  /** Events before `head` that the writer of the snapshot did not know. */
  readonly unknownEvents: number;
}

export interface SnapshotStore {
  /** A missing, damaged or foreign snapshot answers `undefined`. Never throws: a cache may cost time, never truth. */
  load(key: SnapshotKey): Promise<Snapshot | undefined>;
  /**
   * Whether something is kept under the key that `load` does not believe, which it does not say. For those who look for damage;
   * absent where nobody can tell. Never throws.
   */
  isDamaged?(key: SnapshotKey): Promise<boolean>;
  /**
   * Streams of a category of which anything is kept, sorted. For those who look for streams that the log lost as a whole; absent
   * where that takes more than a look into an index. Never throws: what cannot be read remembers nothing.
   */
  streams?(category: string): Promise<readonly string[]>;
  /** Never throws either; what could not be kept is missing next time. */
  save(key: SnapshotKey, snapshot: Snapshot): Promise<void>;
  /** Begins a set of snapshots beside the present ones, or goes on with one that was interrupted. Throws {@link StoreFault}. */
  beginSet?(options: SnapshotSetOptions): Promise<SnapshotSet>;
}

export interface SnapshotSetOptions {
  /** What the set is made of and by. An interrupted set of another plan is dropped, one of the same plan is gone on with. */
  readonly plan: string;
  /** Who writes, where several write one set side by side: each part has one writer. @defaultValue `"0"` */
  readonly part?: string;
}

export interface SnapshotEntry {
  readonly key: SnapshotKey;
  readonly snapshot: Snapshot;
}

/**
 * Snapshots on their way to take the place of all present ones in one step. `load` sees none of them before `activate` and
 * none of the former ones afterwards. Every method but `close` throws {@link StoreFault}.
 */
export interface SnapshotSet {
  /** Streams whose snapshots are in the set already, from all parts and from before an interruption, with their heads. */
  finished(): Promise<ReadonlyMap<string, StreamHead>>;
  /** Adds all snapshots of one stream, or none of them. */
  add(stream: string, entries: readonly SnapshotEntry[]): Promise<void>;
  /** Makes what was added outlive the process, so that an interrupted rebuild goes on from here. */
  flush(): Promise<void>;
  /** Called once, after every other part was flushed and closed. Readers see the former set or this one, never a mixture. */
  activate(): Promise<void>;
  /** Drops the set with all its parts; the present snapshots stay as they are. */
  discard(): Promise<void>;
  /** Lets go of descriptors and leaves the set to be gone on with. Never throws. */
  close(): Promise<void>;
}

export const noSnapshots: SnapshotStore = { load: async () => undefined, save: async () => {} };

export const memorySnapshots = (): SnapshotStore => {
  const kept = new Map<string, string>();
  const nameOf = ({ stream, name, version }: SnapshotKey): string => JSON.stringify([stream, name, version]);
  return {
    load: async (key) => {
      const text = kept.get(nameOf(key));
      return text === undefined ? undefined : (JSON.parse(text) as Snapshot);
    },
    save: async (key, snapshot) => {
      kept.set(nameOf(key), JSON.stringify(snapshot));
    },
  };
};

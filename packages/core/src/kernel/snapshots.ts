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

/** Loading a missing, damaged or foreign snapshot answers `undefined`. Neither method throws: a cache may cost time, never truth. */
export interface SnapshotStore {
  load(key: SnapshotKey): Promise<Snapshot | undefined>;
  save(key: SnapshotKey, snapshot: Snapshot): Promise<void>;
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

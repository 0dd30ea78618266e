/** Snapshots in the cache beside a ledger's database. `load` and `save` never throw; what cannot be believed counts as missing. */
import type { Json, Snapshot, SnapshotKey, SnapshotStore } from "@mission-ledger/core";
import { type CacheOptions, cacheDatabase } from "./cache-database.ts";
import {
  columnsOf,
  isSoundRow,
  liveSet,
  putSnapshot,
  type SnapshotRow,
  selectSnapshot,
} from "./snapshot-rows.ts";
import { beginSnapshotSet } from "./snapshot-set.ts";

export interface SqliteSnapshotsOptions extends CacheOptions {
  /** A larger state is not kept. @defaultValue 16777216 */
  readonly maxBytes?: number;
  /** Milliseconds that `save` waits for other writers of the cache before it gives up. @defaultValue 4 */
  readonly saveWaitMs?: number;
  /** Milliseconds that a set waits for them. @defaultValue 10000 */
  readonly lockTimeoutMs?: number;
}

export interface SqliteSnapshots extends SnapshotStore {
  readonly beginSet: NonNullable<SnapshotStore["beginSet"]>;
  readonly streams: NonNullable<SnapshotStore["streams"]>;
  /** Lets go of the database. The next call opens it again. */
  close(): void;
}

export const sqliteSnapshots = ({
  maxBytes = 16_777_216,
  saveWaitMs = 4,
  lockTimeoutMs = 10_000,
  ...options
}: SqliteSnapshotsOptions): SqliteSnapshots => {
  const cache = cacheDatabase(options);
  // Apart, since it is not flushed: a set that a power cut takes is made again.
  const sets = cacheDatabase(options, "OFF");
  return {
    load: async (key) => {
      try {
        const { stream, name, version } = key;
        const row = cache.read(({ rows }) => rows(selectSnapshot).get(stream, name, version));
        return row === undefined ? undefined : snapshotOf(row as SnapshotRow, key);
      } catch {
        return undefined;
      }
    },
    isDamaged: async (key) => {
      let row: unknown;
      try {
        const { stream, name, version } = key;
        row = cache.read(({ rows }) => rows(selectSnapshot).get(stream, name, version));
      } catch {
        return false;
      }
      try {
        return row !== undefined && snapshotOf(row as SnapshotRow, key) === undefined;
      } catch {
        return true;
      }
    },
    streams: async (category) => {
      try {
        const rows = cache.read((connection) =>
          connection.rows(selectStreams).all(liveSet(connection), `${category}-`, `${category}.`),
        );
        return ((rows ?? []) as readonly (readonly [string])[]).map(([stream]) => stream);
      } catch {
        return [];
      }
    },
    save: async (key: SnapshotKey, snapshot: Snapshot) => {
      try {
        const text = JSON.stringify(snapshot.state);
        if (text.length > maxBytes) return;
        await cache.write(saveWaitMs, (connection) => {
          putSnapshot(connection, columnsOf(liveSet(connection), key, snapshot, text));
        });
      } catch {
        // As promised: the next fold is longer, nothing else.
      }
    },
    beginSet: (set) => beginSnapshotSet(sets, set, { maxBytes, lockTimeoutMs }),
    close: () => {
      cache.close();
      sets.close();
    },
  };
};

/** From the index alone. The dot is the character behind the dash. */
const selectStreams = `SELECT DISTINCT stream FROM cache_snapshots
  WHERE set_id = ? AND stream >= ? AND stream < ? ORDER BY stream`;

const snapshotOf = (row: SnapshotRow, key: SnapshotKey): Snapshot | undefined => {
  if (!isSoundRow(row)) return undefined;
  const [, stream, name, version, revision, digest, mark, unknownEvents, , state] = row;
  // A damaged index leads to a row that is sound, and another's.
  if (stream !== key.stream || name !== key.name || version !== key.version) return undefined;
  return {
    head: { revision, digest, ...(mark === null ? {} : { mark }) },
    state: JSON.parse(state) as Json,
    unknownEvents,
  };
};

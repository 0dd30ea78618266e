/** Snapshots as rows, each with the checksum of all that it says. */
import type { Snapshot, SnapshotKey } from "@mission-ledger/core";
import type { SqlValue } from "../driver/driver.ts";
import { crcOfColumns } from "../schema/checksum.ts";
import type { CacheConnection } from "./cache-database.ts";

export type SnapshotRow = readonly [
  set: number,
  stream: string,
  name: string,
  version: number,
  revision: number,
  digest: string | null,
  mark: string | null,
  unknownEvents: number,
  crc: number,
  state: string,
];

const columnNames = "set_id, stream, name, version, revision, digest, mark, unknown_events, crc, state";

/** Of the live set: which one that is may have changed since the last call. */
export const selectSnapshot: string = `SELECT ${columnNames} FROM cache_snapshots
  WHERE set_id = (SELECT id FROM cache_sets WHERE phase = 'live') AND stream = ? AND name = ? AND version = ?`;

export const columnsOf = (
  set: number,
  { stream, name, version }: SnapshotKey,
  { head: { revision, digest, mark }, unknownEvents }: Snapshot,
  state: string,
): SnapshotRow => {
  const said = [set, stream, name, version, revision, digest, mark ?? null, unknownEvents] as const;
  return [...said, crcOfColumns([...said, state]), state];
};

export const isSoundRow = (row: SnapshotRow): boolean =>
  row[8] === crcOfColumns([...row.slice(0, 8), row[9]]);

/** The set that `load` sees. A cache without one lost it with the power, and is as damaged as one with broken pages. */
export const liveSet = ({ rows }: CacheConnection): number => {
  const row = rows("SELECT id FROM cache_sets WHERE phase = 'live'").get() as readonly [number] | undefined;
  if (row === undefined)
    throw Object.assign(new Error("the cache has no live set"), { code: "SQLITE_CORRUPT" });
  return row[0];
};

export const putSnapshot = ({ prepare }: CacheConnection, row: readonly SqlValue[]): void => {
  prepare(
    `INSERT OR REPLACE INTO cache_snapshots (${columnNames}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(...row);
};

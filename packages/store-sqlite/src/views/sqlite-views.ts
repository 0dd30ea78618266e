/** Views of the whole log in the cache beside a ledger's database. A view and its place in the log are one row: neither is ever without the other. */
import { type LastSeen, type Projected, StoreFault, type ViewStore } from "@mission-ledger/core";
import type { SqlValue } from "../driver/driver.ts";
import { crcOfColumns } from "../schema/checksum.ts";
import { type CacheOptions, cacheDatabase } from "./cache-database.ts";

export interface SqliteViewsOptions extends CacheOptions {
  /** Milliseconds that `save` waits for other writers of the cache. @defaultValue 10000 */
  readonly lockTimeoutMs?: number;
  /** A larger view is refused with `LIMIT_EXCEEDED`. @defaultValue 268435456 */
  readonly maxBytes?: number;
}

export interface SqliteViews extends ViewStore {
  /** Lets go of the database. The next call opens it again. */
  close(): void;
}

export const sqliteViews = ({
  lockTimeoutMs = 10_000,
  maxBytes = 268_435_456,
  ...options
}: SqliteViewsOptions): SqliteViews => {
  const cache = cacheDatabase(options);
  return {
    load: async <View>(name: string, version: number) => {
      try {
        const row = cache.read(({ rows }) => rows(selectView).get(name, version)) as ViewRow | undefined;
        return row === undefined ? undefined : projectedOf<View>(row, name, version);
      } catch {
        return undefined;
      }
    },
    save: async (name, version, { view, position, events, last, category }) => {
      const text = JSON.stringify(view);
      if (text.length > maxBytes) throw viewTooLarge(name, text.length, maxBytes);
      const columns: readonly SqlValue[] = [
        name,
        version,
        category ?? null,
        position,
        events,
        last?.stream ?? null,
        last?.revision ?? null,
        last?.digest ?? null,
        last?.mark ?? null,
      ];
      const crc = crcOfColumns([...columns, text]);
      await cache.write(lockTimeoutMs, ({ prepare }) => prepare(replaceView).run(...columns, crc, text));
    },
    drop: async (name, version) => {
      if (cache.read(() => true) !== true) return;
      await cache.write(lockTimeoutMs, ({ prepare }) =>
        prepare("DELETE FROM cache_views WHERE name = ? AND version = ?").run(name, version),
      );
    },
    close: cache.close,
  };
};

type ViewRow = readonly [
  name: string,
  version: number,
  category: string | null,
  position: string | null,
  events: number,
  stream: string | null,
  revision: number | null,
  digest: string | null,
  mark: string | null,
  crc: number,
  view: string,
];

const columnNames =
  "name, version, category, position, events, last_stream, last_revision, last_digest, last_mark, crc, view";
const selectView = `SELECT ${columnNames} FROM cache_views WHERE name = ? AND version = ?`;
const replaceView = `INSERT OR REPLACE INTO cache_views (${columnNames}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const projectedOf = <View>(row: ViewRow, name: string, version: number): Projected<View> | undefined => {
  const [rowName, rowVersion, category, position, events, stream, revision, digest, mark, crc, view] = row;
  if (crc !== crcOfColumns([...row.slice(0, 9), view])) return undefined;
  // A damaged index leads to a row that is sound, and another's.
  if (rowName !== name || rowVersion !== version) return undefined;
  const last: LastSeen | null =
    stream === null || revision === null
      ? null
      : { stream, revision, digest, ...(mark === null ? {} : { mark }) };
  return {
    view: JSON.parse(view) as View,
    position,
    events,
    last,
    ...(category === null ? {} : { category }),
  };
};

const viewTooLarge = (view: string, characters: number, limit: number): StoreFault =>
  new StoreFault("LIMIT_EXCEEDED", `the view ${view} is too large to be stored (${characters} characters)`, {
    outcome: "not_written",
    retryable: false,
    hint: "Keep less in it, split it by category, or raise maxBytes.",
    details: { view, characters, limit },
  });

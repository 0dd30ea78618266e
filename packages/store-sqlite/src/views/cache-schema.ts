/** The tables of the cache beside a ledger's database. Documented for readers in docs/format.md. */

/** "mlec" in ASCII: what `PRAGMA application_id` answers for a cache. */
export const cacheApplicationId = 0x6d6c6563;
/** What `PRAGMA user_version` answers. The cache of another version is left alone and not used. */
export const cacheVersion = 1;

/**
 * Rows have ids of their own and the state last: large rows in a table without row ids would be copied about with every key.
 * Ids of sets are never given out twice, so that nobody adds to a set that took the place of theirs.
 */
export const cacheSchemaSql = `
CREATE TABLE cache_sets (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  plan TEXT NOT NULL,
  phase TEXT NOT NULL CHECK (phase IN ('making', 'live', 'former'))
) STRICT;
INSERT INTO cache_sets (plan, phase) VALUES ('', 'live');
CREATE TABLE cache_snapshots (
  id INTEGER PRIMARY KEY,
  set_id INTEGER NOT NULL,
  stream TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  digest TEXT,
  mark TEXT,
  unknown_events INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  state TEXT NOT NULL,
  UNIQUE (set_id, stream, name, version)
) STRICT;
CREATE TABLE cache_views (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  category TEXT,
  position TEXT,
  events INTEGER NOT NULL,
  last_stream TEXT,
  last_revision INTEGER,
  last_digest TEXT,
  last_mark TEXT,
  crc INTEGER NOT NULL,
  view TEXT NOT NULL,
  UNIQUE (name, version)
) STRICT;
`;

/** The tables, and how a database says that it is ours. Documented for readers in docs/format.md. */

/** "mled" in ASCII: what `PRAGMA application_id` answers for a ledger. */
export const applicationId = 0x6d6c6564;
/** What `PRAGMA user_version` answers. Raised when an older program could no longer read or write the tables. */
export const schemaVersion = 1;

/**
 * Dirties the first page, so that the commit flushes the write-ahead log, and changes nothing. A row that is written as it was
 * would not do: SQLite leaves a page alone that would stay the same.
 */
export const touchSql: string = `PRAGMA user_version = ${schemaVersion}`;

const appendOnly = (table: string): string =>
  ["UPDATE", "DELETE"]
    .map(
      (act) =>
        `CREATE TRIGGER ${table}_no_${act.toLowerCase()} BEFORE ${act} ON ${table} BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;`,
    )
    .join("\n");

/**
 * Names of everything that belongs to the log. Beside it there may be what is called `cache_…`, which may be dropped at any
 * time, and nothing else.
 */
export const schemaSql: string = `
CREATE TABLE meta (
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE commands (
  position INTEGER PRIMARY KEY,
  stream TEXT NOT NULL,
  first_revision INTEGER NOT NULL,
  command_id TEXT NOT NULL,
  command_digest TEXT NOT NULL,
  previous TEXT,
  recorded_at TEXT NOT NULL,
  actor TEXT NOT NULL,
  correlation_id TEXT,
  causation_id TEXT,
  events INTEGER NOT NULL,
  origin TEXT NOT NULL,
  origin_seq INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  UNIQUE (stream, command_id)
) STRICT;
CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  command INTEGER NOT NULL REFERENCES commands (position),
  stream TEXT NOT NULL,
  revision INTEGER NOT NULL,
  id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  version INTEGER NOT NULL,
  data TEXT NOT NULL,
  digest TEXT NOT NULL,
  crc INTEGER NOT NULL,
  UNIQUE (stream, revision)
) STRICT;
CREATE TABLE lines (
  stream TEXT NOT NULL,
  after_revision INTEGER NOT NULL,
  place INTEGER NOT NULL,
  kind TEXT NOT NULL,
  encoding TEXT NOT NULL,
  text TEXT NOT NULL,
  crc INTEGER NOT NULL,
  PRIMARY KEY (stream, after_revision, place)
) STRICT, WITHOUT ROWID;
${appendOnly("commands")}
${appendOnly("events")}
${appendOnly("lines")}
CREATE TRIGGER events_without_gaps BEFORE INSERT ON events
WHEN NEW.position IS NOT (SELECT coalesce(max(position), 0) + 1 FROM events)
BEGIN SELECT RAISE(ABORT, 'a position was left out'); END;
`;

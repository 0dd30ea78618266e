/** One connection to the database, with every setting that durability rests on made and looked at again. */
import { StoreFault } from "@mission-ledger/core";
import type { SqlDatabase, SqlDriver, SqlRow, SqlStatement } from "../driver/driver.ts";
import { isBusy } from "../faults.ts";
import { databaseFile, type FileIdentity, isSameFile, statusOf } from "../location/database-place.ts";
import { applicationId, schemaVersion } from "../schema/schema.ts";

export interface Connection {
  readonly db: SqlDatabase;
  /** Which files stood under the names when it was opened. */
  readonly files: DatabaseFiles;
  /** The id of this copy of the ledger. */
  readonly ledgerId: string;
  /** A statement, compiled once. */
  prepare(sql: string): SqlStatement;
  /** As {@link prepare}, giving rows as lists of values. */
  rows(sql: string): SqlStatement;
  close(): void;
}

export interface DatabaseFiles {
  readonly database: FileIdentity;
  readonly wal: FileIdentity;
  readonly shm: FileIdentity;
}

/** What the file is: a ledger's database, one without a single table, or somebody else's. */
export type Ownership = "ours" | "empty";

/** Source: durability rules, section 11. What each has to answer when it is asked afterwards. */
export const settings: readonly (readonly [name: string, value: string | number, answer: string | number])[] =
  [
    ["synchronous", "FULL", 2],
    ["foreign_keys", "ON", 1],
    ["trusted_schema", "OFF", 0],
    ["cell_size_check", "ON", 1],
    ["mmap_size", 0, 0],
    ["journal_size_limit", 67_108_864, 67_108_864],
    // In pages: only where no events come that would bring a checkpoint of the store's own.
    ["wal_autocheckpoint", 8_192, 8_192],
    ...(process.platform === "darwin"
      ? ([
          ["fullfsync", "ON", 1],
          ["checkpoint_fullfsync", "ON", 1],
        ] as const)
      : []),
  ];

export interface OpenConnectionOptions {
  readonly driver: SqlDriver;
  readonly path: string;
  /** Called on a database without tables, in write-ahead mode; makes ours. Without it such a database is left as it is. */
  readonly initialise?: (db: SqlDatabase) => void;
}

/**
 * Opens the database under a name; `undefined` if there is none, or none with tables and nobody to make them. Throws what
 * SQLite throws, or a fault: `UNSAFE_FILE` for what is not a ledger's, `UNSUPPORTED_FORMAT` for a newer one.
 */
export const openConnection = ({
  driver,
  path,
  initialise,
}: OpenConnectionOptions): Connection | undefined => {
  const before = databaseFile(path);
  if (before === undefined) return undefined;
  const db = new driver(path, { fileMustExist: true, timeout: 0 });
  try {
    // Before anything is set: setting the journal mode writes, and a stranger's database is not ours to write to.
    const ownership = checkOwnership(db, path);
    if (ownership === "empty" && initialise === undefined) {
      db.close();
      return undefined;
    }
    setUp(db, path);
    if (ownership === "empty") {
      initialise?.(db);
      // A disk error may have sent the empty file back to its old journal without a word.
      setUp(db, path);
      if (checkOwnership(db, path) === "empty") throw notAsSet(path, "tables", "none");
    }
    // Before the files are looked at: the write-ahead log is only there after a first read in its mode.
    const ledgerId = ledgerIdOf(db, path);
    const files = filesOf(path);
    if (files === undefined || !isSameFile(files.database, before)) throw replacedOnOpening(path);
    return connectionOf(db, files, ledgerId);
  } catch (error) {
    db.close();
    throw error;
  }
};

const connectionOf = (db: SqlDatabase, files: DatabaseFiles, ledgerId: string): Connection => {
  const prepared = new Map<string, SqlStatement>();
  const listing = new Map<string, SqlStatement>();
  const kept = (
    statements: Map<string, SqlStatement>,
    sql: string,
    make: () => SqlStatement,
  ): SqlStatement => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const made = make();
    statements.set(sql, made);
    return made;
  };
  return {
    db,
    files,
    ledgerId,
    prepare: (sql) => kept(prepared, sql, () => db.prepare(sql)),
    rows: (sql) => kept(listing, sql, () => db.prepare(sql).raw()),
    close: () => {
      db.close();
    },
  };
};

const ledgerIdSql = "SELECT value FROM meta WHERE key = 'id'";

const ledgerIdOf = (db: SqlDatabase, path: string): string => {
  const row = db.prepare(ledgerIdSql).raw().get() as SqlRow | undefined;
  if (row !== undefined) return String(row[0]);
  throw new StoreFault("LOG_CORRUPT", `${path} has lost the id of its ledger`, {
    outcome: "not_written",
    retryable: false,
    hint: "`mled doctor` says what else is damaged; put a copy back that is sound.",
    details: { path },
  });
};

/** Whether the file still holds the ledger that the connection was opened on. */
export const holdsSameLedger = ({ rows, ledgerId }: Connection): boolean => {
  try {
    return (rows(ledgerIdSql).get() as SqlRow | undefined)?.[0] === ledgerId;
  } catch (error) {
    if (isBusy(error)) throw error;
    return false; // not even a database, or one without this table
  }
};

/** Which files stand under the three names now; `undefined` if one of them does not. */
export const filesOf = (path: string): DatabaseFiles | undefined => {
  const database = statusOf(path);
  const wal = statusOf(`${path}-wal`);
  const shm = statusOf(`${path}-shm`);
  return database === undefined || wal === undefined || shm === undefined
    ? undefined
    : { database, wal, shm };
};

export const areSameFiles = (one: DatabaseFiles, other: DatabaseFiles | undefined): boolean =>
  other !== undefined &&
  isSameFile(one.database, other.database) &&
  isSameFile(one.wal, other.wal) &&
  isSameFile(one.shm, other.shm);

/** Throws `UNSAFE_FILE` for what is another application's, `UNSUPPORTED_FORMAT` for tables that are newer than this program. */
export const checkOwnership = (db: SqlDatabase, path: string): Ownership => {
  const { application, version, objects } = atOneTime(db, () => ({
    application: db.pragma("application_id", { simple: true }),
    version: db.pragma("user_version", { simple: true }),
    objects: (db.prepare("SELECT count(*) FROM sqlite_schema").raw().get() as SqlRow)[0],
  }));
  if (application === applicationId) {
    if (version === schemaVersion) return "ours";
    throw newer(path, version);
  }
  if (application === 0 && version === 0 && objects === 0) return "empty";
  throw new StoreFault("UNSAFE_FILE", `${path} is the database of another application`, {
    outcome: "not_written",
    retryable: false,
    hint: "Name a database of mission-ledger, or one that does not exist yet.",
    details: { path, applicationId: application, userVersion: version },
  });
};

/** Throws `UNSUPPORTED_FORMAT` if a newer program has made the tables its own since the connection was opened. */
export const checkVersion = ({ rows }: Connection, path: string): void => {
  const [version] = rows("PRAGMA user_version").get() as SqlRow;
  if (version !== schemaVersion) throw newer(path, version);
};

/** Another process may be making the tables at this moment: half of its answers from before would look like a stranger's. */
const atOneTime = <A>(db: SqlDatabase, look: () => A): A => {
  db.exec("BEGIN");
  try {
    return look();
  } finally {
    if (db.inTransaction) db.exec("ROLLBACK");
  }
};

const setUp = (db: SqlDatabase, path: string): void => {
  const mode = db.pragma("journal_mode = WAL", { simple: true });
  if (mode !== "wal") throw notAsSet(path, "journal_mode", mode);
  for (const [name, value, answer] of settings) {
    db.pragma(`${name} = ${value}`);
    const now = db.pragma(name, { simple: true });
    if (now !== answer) throw notAsSet(path, name, now);
  }
};

const notAsSet = (path: string, name: string, answer: unknown): StoreFault =>
  new StoreFault("STORE_UNAVAILABLE", `SQLite does not keep ${name} as the ledger needs it`, {
    outcome: "not_written",
    retryable: false,
    hint: "Use the SQLite that comes with better-sqlite3, and a file system that knows shared memory.",
    details: { path, setting: name, answer },
  });

const newer = (path: string, version: unknown): StoreFault =>
  new StoreFault(
    "UNSUPPORTED_FORMAT",
    `${path} has tables of version ${String(version)}; this is ${schemaVersion}`,
    {
      outcome: "not_written",
      retryable: false,
      hint: "Use the version of mission-ledger that wrote it, or a newer one.",
      details: { path, version, known: schemaVersion },
    },
  );

const replacedOnOpening = (path: string): StoreFault =>
  new StoreFault("LOG_REPLACED", `${path} or its -wal was replaced while it was opened`, {
    outcome: "not_written",
    retryable: true,
    hint: "Find out what replaces the database; then try again.",
    details: { path },
  });

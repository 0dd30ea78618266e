/** A full check of a database, row by row: what `doctor` and `verify` report. Writes nothing to it. */
import { type CancelSignal, eventLoopTurns, systemRandomness } from "@mission-ledger/core";
import { checkOwnership, settings } from "../connection/connection.ts";
import { lockRetry } from "../connection/lock-retry.ts";
import { isMarkedSuspect } from "../connection/suspect-mark.ts";
import type { LoadDriver, SqlDatabase, SqlRow } from "../driver/driver.ts";
import { lazyDriver, ownDriver } from "../driver/load-driver.ts";
import { codeOf, faultOf } from "../faults.ts";
import { databaseFile, databasePlace, statusOf } from "../location/database-place.ts";
import { checkRows } from "./check-rows.ts";
import { checkSchema } from "./check-schema.ts";
import { type DatabaseReport, type FindingList, findingList } from "./report.ts";

export interface InspectDatabaseOptions {
  readonly path: string;
  /** Compute the digest of every event again, and check the chain. @defaultValue true */
  readonly digests?: boolean;
  /** @defaultValue false */
  readonly allowUnsafeFileSystem?: boolean;
  /** How better-sqlite3 is found. @defaultValue beside this package */
  readonly loadDriver?: LoadDriver;
  /** Ends it between two steps with what the signal aborts with. One step, SQLite's own check of its pages, runs to its end. */
  readonly signal?: CancelSignal;
}

const elapsed = (): number => performance.now();

/** The report; the event loop turns while it is made. Throws a `StoreFault` if the database cannot be read at all. */
export const inspectDatabase = async ({
  path: given,
  digests = true,
  allowUnsafeFileSystem = false,
  loadDriver = ownDriver,
  signal,
}: InspectDatabaseOptions): Promise<DatabaseReport> => {
  signal?.throwIfAborted();
  const turns = eventLoopTurns();
  const turn = async (): Promise<void> => {
    await turns();
    signal?.throwIfAborted();
  };
  const path = databasePlace({ path: given, allowUnsafeFileSystem });
  try {
    const file = databaseFile(path);
    if (file === undefined) return nothing(path);
    const walBytes = statusOf(`${path}-wal`)?.size ?? 0;
    const report = { ...nothing(path), bytes: file.size, walBytes, suspect: isMarkedSuspect(path) };
    const driver = lazyDriver(loadDriver)();
    const db = new driver(path, { readonly: true, fileMustExist: true, timeout: 0 });
    try {
      // Whoever is the last to close it keeps everybody out for a moment.
      const retry = lockRetry({ path, timeoutMs: 10_000, randomness: systemRandomness, elapsed });
      if (retry.stubbornly(() => checkOwnership(db, path)) === "empty") return report;
      for (const [name, value] of settings) db.pragma(`${name} = ${value}`);
      // All of it as it is at one moment: events that come meanwhile would look like commands without events.
      db.exec("BEGIN");
      const findings = findingList();
      await unlessRefused(findings, "the pages", async () => checkPages(db, findings));
      await turn();
      const read = await unlessRefused(findings, "the tables", async () => {
        checkSchema(db, driver, findings);
        return checkRows({ db, findings, digests, turn });
      });
      const streams = read ?? [];
      const ledgerId = ledgerIdOf(db, findings);
      return {
        ...report,
        exists: true,
        ledgerId,
        commands: streams.reduce((sum, { commands }) => sum + commands, 0),
        events: streams.reduce((sum, { events }) => sum + events, 0),
        streams,
        findings: findings.findings,
        findingsLeftOut: findings.leftOut,
        rowsWhole: read !== undefined && ledgerId !== null && !findings.isAboutRows,
      };
    } finally {
      db.close();
    }
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw faultOf(error, "read", { path });
  }
};

const nothing = (path: string): DatabaseReport => ({
  path,
  exists: false,
  bytes: 0,
  walBytes: 0,
  suspect: false,
  ledgerId: null,
  commands: 0,
  events: 0,
  streams: [],
  findings: [],
  findingsLeftOut: 0,
  rowsWhole: true,
});

/** A page that SQLite itself refuses ends a search; what was found before it is kept, and `undefined` answered. */
const unlessRefused = async <A>(
  findings: FindingList,
  what: string,
  search: () => Promise<A>,
): Promise<A | undefined> => {
  try {
    return await search();
  } catch (error) {
    if (!codeOf(error)?.startsWith("SQLITE_CORRUPT")) throw error;
    findings.add({
      kind: "integrity",
      why: `${what} could not be read to their end: ${(error as Error).message}`,
    });
    return undefined;
  }
};

const checkPages = (db: SqlDatabase, findings: FindingList): void => {
  for (const [line] of db.prepare("PRAGMA integrity_check(100)").raw().all() as SqlRow[])
    if (line !== "ok") findings.add({ kind: "integrity", why: String(line) });
};

const ledgerIdOf = (db: SqlDatabase, findings: FindingList): string | null => {
  try {
    const row = db.prepare("SELECT value FROM meta WHERE key = 'id'").raw().get() as SqlRow | undefined;
    if (row !== undefined) return String(row[0]);
  } catch (error) {
    if (!codeOf(error)?.startsWith("SQLITE_")) throw error;
  }
  findings.add({ kind: "schema", why: "the id of the ledger is lost" });
  return null;
};

/**
 * One database file for all streams, in write-ahead mode; many processes on one machine, ordered by SQLite's write lock.
 * Promises: an acknowledged append survives `kill -9` and power loss, and was read back over a second connection from the file
 * that stands under the name; nothing is written behind damage that was met; reading makes no database.
 * Does not promise: two hosts on a network share, a disk that says it flushed and did not, or another program that writes to
 * the same tables.
 */
import {
  type Appended,
  type Clock,
  type EventStore,
  type Failpoint,
  isStoreFault,
  noFailpoint,
  type Randomness,
  readingInTurns,
  StoreFault,
  subscriptionBell,
  systemRandomness,
} from "@mission-ledger/core";
import { appendQueue } from "./append/append-queue.ts";
import { confirmHead } from "./append/confirm.ts";
import { readBackFrom } from "./append/read-back.ts";
import type { StoreContext } from "./append/store-context.ts";
import type { Connection } from "./connection/connection.ts";
import { openDatabase } from "./connection/database.ts";
import { lockRetry } from "./connection/lock-retry.ts";
import type { LoadDriver } from "./driver/driver.ts";
import { lazyDriver, ownDriver } from "./driver/load-driver.ts";
import { faultOf } from "./faults.ts";
import { databasePlace } from "./location/database-place.ts";
import { streamsOf } from "./read/categories.ts";
import { readLog } from "./read/read-log.ts";
import { readStream } from "./read/read-stream.ts";
import { findStored } from "./read/stream-events.ts";
import { readHead } from "./read/stream-head.ts";
import { subscribeToLog } from "./read/subscribe.ts";
import { scanStream } from "./scan.ts";
import { defaultCommitBytes } from "./schema/bounds.ts";
import { commitOf } from "./schema/rows.ts";

export interface SqliteStoreOptions {
  /** The database file. Made by the first append; its directory has to be there then. */
  readonly path: string;
  /** How long the write lock is waited for. @defaultValue 10000 */
  readonly lockTimeoutMs?: number;
  /** Longest commit that is written, in bytes of text. @defaultValue 65536 */
  readonly maxCommitBytes?: number;
  /** Open on a network file system all the same: locks are then not shared with the other side. @defaultValue false */
  readonly allowUnsafeFileSystem?: boolean;
  /** What type of file system a directory lies on, as `statfs` numbers them. @defaultValue what the system says */
  readonly fileSystemType?: (directory: string) => number;
  /** Measures how long a lock was waited for. @defaultValue the system's, which never steps back */
  readonly clock?: Clock;
  readonly randomness?: Randomness;
  readonly failpoint?: Failpoint;
  /** How better-sqlite3 is found. @defaultValue beside this package */
  readonly loadDriver?: LoadDriver;
}

const steadyClock: Clock = { now: () => performance.now() };

/** Opens a database. Reads and writes nothing yet; throws `STORE_UNAVAILABLE` on a network file system. */
export const openSqliteStore = async ({
  path: given,
  lockTimeoutMs = 10_000,
  maxCommitBytes = defaultCommitBytes,
  allowUnsafeFileSystem = false,
  fileSystemType,
  clock = steadyClock,
  randomness = systemRandomness,
  failpoint = noFailpoint,
  loadDriver = ownDriver,
}: SqliteStoreOptions): Promise<EventStore> => {
  const path = databasePlace({
    path: given,
    allowUnsafeFileSystem,
    ...(fileSystemType === undefined ? {} : { fileSystemType }),
  });
  const elapsed = (): number => clock.now();
  let closed = false;
  const ensureOpen = (): void => {
    if (closed) throw storeClosed();
  };
  const retry = lockRetry({ path, timeoutMs: lockTimeoutMs, randomness, elapsed });
  const database = openDatabase({ path, loadDriver: lazyDriver(loadDriver), randomness, failpoint });
  const context: StoreContext = { path, database, retry, failpoint, maxCommitBytes, elapsed, ensureOpen };
  const queue = appendQueue(context);
  const bell = subscriptionBell();

  const look = async <A>(task: (connection: Connection) => A, nothing: A): Promise<A> => {
    ensureOpen();
    try {
      return await retry.patiently(() => {
        ensureOpen();
        const connection = database.reader();
        return connection === undefined ? nothing : task(connection);
      });
    } catch (error) {
      const fault = faultOf(error, "read", { path });
      queue.meet(fault);
      throw fault;
    }
  };
  const reading = { look, ensureOpen };
  const readingBack = { ...context, meet: queue.meet };
  /** A flush that failed before the append's own may have been marked only after it. */
  const recover = async ({ commit: { stream, commandId } }: Appended): Promise<void> => {
    try {
      await queue.recover();
    } catch (error) {
      throw faultOf(error, "read-back", { path, stream, commandId });
    }
  };

  return {
    supports: { durable: true, multiProcess: true, decidesUnderLock: true, byteReadback: true },
    append: async (request) => {
      ensureOpen();
      const answer = await queue.append(request);
      bell.ring();
      return answer;
    },
    readBack: async (appended) => {
      if (closed) throw storeClosed("unknown");
      try {
        for (;;) {
          const read = readBackFrom(readingBack, appended);
          if (read !== undefined) return read;
          await recover(appended);
        }
      } catch (error) {
        if (isStoreFault(error)) queue.meet(error);
        throw error;
      }
    },
    confirm: async (stream, head) => {
      ensureOpen();
      if (head.revision >= 0) await confirmHead(context, queue, stream, head);
    },
    findCommand: (stream, commandId) =>
      look((connection) => {
        const found = findStored(connection, stream, commandId);
        return found === undefined ? undefined : commitOf(found.command, found.events);
      }, undefined),
    ...readingInTurns({
      read: (stream, options = {}) => readStream(reading, stream, options),
      readAll: (options = {}) => readLog(reading, options),
    }),
    scan: (stream, options, sink) => scanStream(reading, stream, options, sink),
    subscribe: (options = {}) => subscribeToLog(reading, bell, options),
    streams: (category) => look<readonly string[]>((connection) => streamsOf(connection, category), []),
    head: (stream) =>
      look((connection) => ({ ...readHead(connection, stream) }), { revision: -1, digest: null }),
    close: async () => {
      if (closed) return;
      closed = true;
      bell.close();
      await queue.close();
      database.drop();
    },
  };
};

const storeClosed = (outcome: "not_written" | "unknown" = "not_written"): StoreFault =>
  new StoreFault("STORE_CLOSED", "the store is closed", {
    outcome,
    retryable: outcome === "unknown",
    hint: "Keep the ledger open as long as it is used, or open it again.",
  });

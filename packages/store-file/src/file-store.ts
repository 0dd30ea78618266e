/**
 * One append-only log per stream; many processes on one machine, ordered by kernel locks, judged by the log itself.
 * Promises: an acknowledged append survives `kill -9` and power loss; a torn last line is sealed by the next writer, never
 * cut; reading changes nothing on the disk.
 * Does not promise: two hosts on a network share, or a disk that says it flushed and did not.
 */
import {
  type Clock,
  type EventStore,
  type Failpoint,
  noFailpoint,
  type Randomness,
  StoreFault,
  systemClock,
  systemRandomness,
} from "@mission-ledger/core";
import { confirmHead } from "./append/confirm.ts";
import { ledgerDirectories } from "./append/directories.ts";
import { readBackFrom } from "./append/read-back.ts";
import { ReceiptMark } from "./append/receipt-mark.ts";
import type { StoreContext } from "./append/store-context.ts";
import { streamWriters } from "./append/stream-writer.ts";
import { suspectLogs } from "./append/suspect-logs.ts";
import { faultOf } from "./faults.ts";
import type { FilePort } from "./files/file-port.ts";
import { watchNames } from "./files/name-watch.ts";
import { nodeFiles } from "./files/node-files.ts";
import { readOnly } from "./files/safe-files.ts";
import { maintainIndex, needsSegment } from "./index-cache/maintain.ts";
import { layoutOf } from "./layout.ts";
import { ledgerOrigin } from "./location/ledger-origin.ts";
import { checkFileSystem, realRoot } from "./location/local-root.ts";
import { ledgerLocks } from "./lock/ledger-locks.ts";
import type { LockChoice } from "./lock/lock-kind.ts";
import { type ProcessFacts, systemFacts } from "./lock/process-facts.ts";
import { defaultRecordBytes, hardRecordBytes } from "./log/bounds.ts";
import { findCommandIn } from "./log/command-lookup.ts";
import { tornSeal } from "./log/fold.ts";
import { commitOf } from "./log/record.ts";
import { StreamView } from "./log/stream-view.ts";
import { isOfCategory } from "./names.ts";
import { ledgerOrder } from "./order/ledger-order.ts";
import { begunStreams } from "./read/begun-logs.ts";
import { readAllStreams, subscribeToAll } from "./read/read-all.ts";
import { readStream } from "./read/read-stream.ts";
import { subscriptionBell } from "./read/waking.ts";

export interface FileStoreOptions {
  /** Where the ledger lives; see `locateLedger`. Made by the first append. */
  readonly directory: string;
  /** How long an append waits for other writers. @defaultValue 10000 */
  readonly lockTimeoutMs?: number;
  /** Longest line that is written, in bytes; at most 1 MiB. @defaultValue 65536 */
  readonly maxRecordBytes?: number;
  /** Open on a network file system all the same: locks and appends are then not shared with the other side. @defaultValue false */
  readonly allowUnsafeFileSystem?: boolean;
  /** @defaultValue the real disk */
  /**
   * With what kind of lock the ledger is kept: the kernel's, or one of plain files where there is no binary for it. `auto`
   * follows what the ledger was begun with. @defaultValue "auto"
   */
  readonly lock?: LockChoice;
  readonly files?: FilePort;
  readonly clock?: Clock;
  readonly randomness?: Randomness;
  readonly failpoint?: Failpoint;
  /** Which processes are alive. @defaultValue what the system says */
  readonly processes?: ProcessFacts;
}

/** A torn record and its seal are still a line that readers take. */
const longestRecordBytes: number = hardRecordBytes - tornSeal.length;

/** Opens a ledger's directory. Reads and writes nothing yet; throws `STORE_UNAVAILABLE` on a network file system. */
export const openFileStore = async ({
  directory,
  lockTimeoutMs = 10_000,
  maxRecordBytes = defaultRecordBytes,
  allowUnsafeFileSystem = false,
  lock = "auto",
  files = nodeFiles,
  clock = systemClock,
  randomness = systemRandomness,
  failpoint = noFailpoint,
  processes = systemFacts,
}: FileStoreOptions): Promise<EventStore> => {
  if (!(maxRecordBytes > 0 && maxRecordBytes <= longestRecordBytes))
    throw new RangeError(`maxRecordBytes is 1 to ${longestRecordBytes}`);
  const root = realRoot(files, directory);
  if (!allowUnsafeFileSystem) checkFileSystem(files, root);
  let closed = false;
  const ensureOpen = (): void => {
    if (closed) throw storeClosed();
  };
  const layout = layoutOf(root);
  const elapsed = (): number => performance.now();
  const names = watchNames(files, layout.locks, systemClock);
  const locks = ledgerLocks({
    files,
    layout,
    facts: processes,
    clock,
    randomness,
    failpoint,
    names,
    choice: lock,
  });
  const order = ledgerOrder({ files, layout, randomness, failpoint, elapsed, locks, processes });
  const context: StoreContext = {
    files,
    layout,
    order,
    origin: ledgerOrigin({ files, layout, randomness }),
    names,
    locks,
    processes,
    suspects: suspectLogs(files),
    written: new Set(),
    clock,
    randomness,
    failpoint,
    lockTimeoutMs,
    maxRecordBytes,
    elapsed,
    ensureOpen,
  };
  const directories = ledgerDirectories(context);
  const writers = streamWriters(context, directories);
  const bell = subscriptionBell();

  /** Runs a lookup on what is known of a stream: on the writer's view if there is one, else on one that is dropped again. */
  const looking = async <A>(stream: string, look: (view: StreamView) => A): Promise<A> => {
    ensureOpen();
    const paths = layout.of(stream);
    try {
      const writer = writers.warm(stream);
      if (writer?.view.log !== undefined)
        return await writer.inTurn(async () => {
          writer.view.refresh();
          return look(writer.view);
        });
      const view = new StreamView({ files, paths, flags: readOnly, writable: false });
      try {
        view.refresh();
        return look(view);
      } finally {
        view.forget();
      }
    } catch (error) {
      throw faultOf(error, "read", { stream, path: paths.log });
    }
  };

  return {
    supports: { durable: true, multiProcess: true, decidesUnderLock: true, byteReadback: true },
    append: async (request) => {
      ensureOpen();
      const answer = await writers.of(request.commit.stream).append(request);
      bell.ring();
      return answer;
    },
    readBack: async (appended) => {
      if (closed) {
        if (appended.receiptMark instanceof ReceiptMark) appended.receiptMark.release();
        throw storeClosed("unknown");
      }
      const answer = readBackFrom(context, appended);
      const writer = writers.warm(appended.commit.stream);
      if (Array.isArray(answer)) {
        if (writer !== undefined && !appended.repeated && needsSegment(writer.view))
          void writer.inTurn(async () => maintainIndex(writer.view, randomness));
      } else if (writer !== undefined) await writer.inTurn(async () => writer.view.forget());
      return answer;
    },
    confirm: async (stream, head) => {
      ensureOpen();
      if (head.revision < 0) return;
      const writer = writers.of(stream);
      await writer.inTurn(async () => confirmHead(context, writer.view, head));
    },
    findCommand: (stream, commandId) =>
      looking(stream, (view) => {
        const found = findCommandIn(view, commandId);
        return found === undefined ? undefined : commitOf(found.record);
      }),
    read: (stream, options = {}) => readStream(context, stream, options),
    readAll: (options = {}) => readAllStreams(context, options),
    subscribe: (options = {}) => subscribeToAll(context, bell, options),
    streams: async (category) => {
      ensureOpen();
      try {
        return begunStreams(files, layout)
          .filter((stream) => isOfCategory(stream, category))
          .sort();
      } catch (error) {
        throw faultOf(error, "read", { category });
      }
    },
    head: (stream) => looking(stream, ({ head }) => ({ ...head })),
    close: async () => {
      if (closed) return;
      closed = true;
      bell.close();
      await writers.close();
      context.suspects.close();
      order.close();
    },
  };
};

const storeClosed = (outcome: "not_written" | "unknown" = "not_written"): StoreFault =>
  new StoreFault("STORE_CLOSED", "the store is closed", { outcome, retryable: outcome === "unknown" });

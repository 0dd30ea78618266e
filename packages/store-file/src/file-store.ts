/**
 * One append-only log per stream; many processes on one machine, ordered by kernel locks, judged by the log itself.
 * Promises: an acknowledged append survives `kill -9` and power loss; a torn last line is sealed by the next writer, never
 * cut; reading changes nothing on the disk.
 * Does not promise: two hosts on a network share, or a disk that says it flushed and did not.
 */
import { type EventStore, readingInTurns, StoreFault, subscriptionBell } from "@mission-ledger/core";
import { confirmHead } from "./append/confirm.ts";
import { ledgerDirectories } from "./append/directories.ts";
import { readBackFrom } from "./append/read-back.ts";
import { ReceiptMark } from "./append/receipt-mark.ts";
import { refuseNewer } from "./append/refusals.ts";
import type { StoreContext } from "./append/store-context.ts";
import { streamWriters } from "./append/stream-writer.ts";
import { suspectLogs } from "./append/suspect-logs.ts";
import { withPublishedCopies } from "./copy/published-store.ts";
import { faultOf } from "./faults.ts";
import { readOnly } from "./files/safe-files.ts";
import { type LedgerPorts, ledgerAccess } from "./ledger-access.ts";
import { ledgerOrigin } from "./location/ledger-origin.ts";
import { defaultRecordBytes, longestRecordBytes } from "./log/bounds.ts";
import { commitOf } from "./log/record.ts";
import { isOfCategory } from "./names.ts";
import { begunStreams } from "./read/begun-logs.ts";
import { readAllStreams, subscribeToAll } from "./read/read-all.ts";
import { readCommits, readStream } from "./read/read-stream.ts";
import { scanStream } from "./read/scan-stream.ts";
import { findCommandIn } from "./stream-view/command-lookup.ts";
import { maintainIndex, needsSegment } from "./stream-view/maintain-index.ts";
import { StreamView } from "./stream-view/stream-view.ts";

export interface FileStoreOptions extends LedgerPorts {
  /** Where the ledger lives; see `locateLedger`. Made by the first append. */
  readonly directory: string;
  /** Longest line that is written, in bytes; at most 64 bytes less than 1 MiB. @defaultValue 65536 */
  readonly maxRecordBytes?: number;
  /** The `.mission-ledger` folder of a git work tree, to which streams are published; see `locateLedger`. @defaultValue none */
  readonly publishTo?: string;
}

/** Opens a ledger's directory. Reads and writes nothing yet; throws `STORE_UNAVAILABLE` on a network file system. */
export const openFileStore = async ({
  directory,
  maxRecordBytes = defaultRecordBytes,
  publishTo,
  ...ports
}: FileStoreOptions): Promise<EventStore> => {
  if (!(maxRecordBytes > 0 && maxRecordBytes <= longestRecordBytes))
    throw new RangeError(`maxRecordBytes is 1 to ${longestRecordBytes}`);
  const access = ledgerAccess(directory, ports);
  const { files, layout, order, randomness } = access;
  let closed = false;
  const ensureOpen = (): void => {
    if (closed) throw storeClosed();
  };
  const context: StoreContext = {
    ...access,
    origin: ledgerOrigin(access),
    suspects: suspectLogs(files),
    written: new Set(),
    maxRecordBytes,
    ensureOpen,
  };
  const directories = ledgerDirectories(context);
  const writers = streamWriters(context, directories);
  const bell = subscriptionBell();
  const begun = begunStreams(files, layout);

  /** Runs a lookup on what is known of a stream: on the writer's view if there is one, else on one that is dropped again. */
  const looking = async <A>(stream: string, look: (view: StreamView) => A): Promise<A> => {
    ensureOpen();
    const paths = layout.of(stream);
    try {
      const writer = writers.warm(stream);
      if (writer?.view.log !== undefined)
        return await writer.inTurn(async () => {
          writer.view.refresh();
          refuseNewer(writer.view);
          return look(writer.view);
        });
      const view = new StreamView({ files, paths, flags: readOnly, writable: false });
      try {
        view.refresh();
        refuseNewer(view);
        return look(view);
      } finally {
        view.forget();
      }
    } catch (error) {
      throw faultOf(error, "read", { stream, path: paths.log });
    }
  };

  const store: EventStore = {
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
      await writer.inTurn(async () => {
        try {
          directories.prepare();
        } catch (error) {
          throw faultOf(error, "catch-up", { stream });
        }
        await confirmHead(context, writer, head);
      });
    },
    findCommand: (stream, commandId) =>
      looking(stream, (view) => {
        const found = findCommandIn(view, commandId);
        return found === undefined ? undefined : commitOf(found.record);
      }),
    ...readingInTurns({
      read: (stream, options = {}) => readStream(context, stream, options),
      readAll: (options = {}) => readAllStreams(context, options),
    }),
    commits: (stream, options = {}) => readCommits(context, stream, options),
    scan: (stream, options, sink) => scanStream(context, stream, options, sink),
    subscribe: (options = {}) => subscribeToAll(context, bell, options),
    streams: async (category) => {
      ensureOpen();
      try {
        return begun()
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
  return publishTo === undefined
    ? store
    : withPublishedCopies(store, {
        directory: layout.root,
        publishTo,
        suspects: context.suspects,
        ...ports,
      });
};

const storeClosed = (outcome: "not_written" | "unknown" = "not_written"): StoreFault =>
  new StoreFault("STORE_CLOSED", "the store is closed", {
    outcome,
    retryable: outcome === "unknown",
    hint: "Keep the ledger open as long as it is used, or open it again.",
  });

/** A ledger's directory as something to copy from. Takes no lock and writes nothing; writers may be at work meanwhile. */
import {
  type CancelSignal,
  StoreFault,
  type TransferEntry,
  type TransferExtent,
  type TransferSource,
} from "@mission-ledger/core";
import { findingFault } from "../append/refusals.ts";
import { faultOf, recover } from "../faults.ts";
import { openRegularIfThere, readOnly } from "../files/safe-files.ts";
import type { StreamPaths } from "../layout.ts";
import type { LedgerAccess } from "../ledger-access.ts";
import { damagedTail } from "../log/damaged-tail.ts";
import { openLineReader } from "../log/line-reader.ts";
import { listLogs } from "../order/highest-seq.ts";
import { merge } from "../read/merge.ts";
import { entryReader } from "./entries.ts";
import { transferCursor } from "./transfer-cursor.ts";

const batchEntries = 256;
const batchBytes = 1_048_576;
/** Shared by all logs that are read side by side. */
const blockBudget = 8_388_608;
const largestBlock = 65_536;
const smallestBlock = 4_096;

export const fileSource = ({
  files,
  layout,
}: Pick<LedgerAccess, "files" | "layout">): Omit<TransferSource, "close"> => ({
  keeps: "lines",
  extents: async () => {
    try {
      return listLogs(files, layout)
        .map(({ stream }) => {
          const size = files.lstat(layout.of(stream).log)?.size ?? 0;
          return { stream, end: size };
        })
        .sort((a, b) => (a.stream < b.stream ? -1 : 1));
    } catch (error) {
      throw faultOf(error, "read", { path: layout.logs });
    }
  },
  read: async function* ({ stream, end }: TransferExtent, signal) {
    const paths = layout.of(stream);
    try {
      refuseSuspect(files, paths);
      const opened = openRegularIfThere(files, paths.log, readOnly);
      if (opened === undefined) throw logGone(paths);
      try {
        const read = entryReader(paths);
        const reader = openLineReader(files, opened.fd, { from: 0, to: end as number });
        const next = (): TransferEntry | undefined => {
          const line = reader.next();
          return line === undefined ? undefined : read(line);
        };
        yield* inBatches(next, signal);
        const damaged = damagedTail(files, opened.fd, reader.end, reader.tail);
        if (damaged !== undefined) throw findingFault(damaged, stream, paths.log);
      } finally {
        files.close(opened.fd);
      }
    } catch (error) {
      throw thrown(error, signal, paths);
    }
  },
  readTogether: async function* (extents, signal) {
    const cursors = extents.map(({ stream, end }) => transferCursor(files, layout.of(stream), end as number));
    const share = Math.floor(blockBudget / Math.max(1, cursors.length));
    const blockBytes = Math.max(smallestBlock, Math.min(largestBlock, share));
    const entries = merge(cursors, Number.POSITIVE_INFINITY, blockBytes);
    try {
      yield* inBatches(() => entries.next().value?.entry, signal);
    } catch (error) {
      throw thrown(error, signal, { log: layout.logs });
    }
  },
});

function* inBatches(
  next: () => TransferEntry | undefined,
  signal: CancelSignal | undefined,
): Generator<readonly TransferEntry[]> {
  for (let ended = false; !ended; ) {
    signal?.throwIfAborted();
    const batch: TransferEntry[] = [];
    for (let bytes = 0; batch.length < batchEntries && bytes < batchBytes; ) {
      const entry = next();
      if (entry === undefined) {
        ended = true;
        break;
      }
      batch.push(entry);
      bytes += entry.bytes;
    }
    if (batch.length > 0) yield batch;
  }
}

const thrown = (
  error: unknown,
  signal: CancelSignal | undefined,
  { stream, log }: Pick<StreamPaths, "log"> & Partial<StreamPaths>,
): unknown =>
  signal?.aborted === true
    ? error
    : faultOf(error, "read", { ...(stream === undefined ? {} : { stream }), path: log });

/** A flush failed, so the disk may hold less than can be read: what is copied of it would be believed more than it is worth. */
export const refuseSuspect = (
  files: LedgerAccess["files"],
  { stream, suspect }: Pick<StreamPaths, "stream" | "suspect">,
): void => {
  if (files.lstat(suspect) === undefined) return;
  throw new StoreFault("DURABILITY_UNKNOWN", `a flush of ${stream} failed earlier; its log is suspect`, {
    outcome: "not_written",
    retryable: false,
    hint: recover,
    details: { stream, path: suspect },
  });
};

const logGone = ({ stream, log }: StreamPaths): StoreFault =>
  new StoreFault("STORE_MISSING", `the log of ${stream} is gone`, {
    outcome: "not_written",
    retryable: false,
    hint: "Put it back, or run `mled repair <mission> --from <file>` with another copy of it.",
    details: { stream, path: log },
  });

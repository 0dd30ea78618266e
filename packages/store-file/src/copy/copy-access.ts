/** What work on a log beside the writers of an open store shares: the ledger as everybody reaches it, and failed flushes. */
import { StoreFault } from "@mission-ledger/core";
import { type SuspectLogs, suspectLogs } from "../append/suspect-logs.ts";
import type { StreamPaths } from "../layout.ts";
import { type LedgerAccess, type LedgerPorts, ledgerAccess } from "../ledger-access.ts";

export interface CopyAccess extends LedgerAccess {
  readonly suspects: SuspectLogs;
  close(): void;
}

/** @param shared what an open store knows of failed flushes: a flush that fails here has to stop its writers, even where no mark could be set. */
export const copyAccess = (directory: string, ports: LedgerPorts = {}, shared?: SuspectLogs): CopyAccess => {
  const access = ledgerAccess(directory, ports);
  const suspects = shared ?? suspectLogs(access.files);
  return {
    ...access,
    suspects,
    close: () => {
      if (shared === undefined) suspects.close();
      access.order.close();
    },
  };
};

/**
 * Runs a task while no flush of the log is under way, and none that failed goes unnoticed. To be called with the stream's lock
 * held. Throws `LOCK_TIMEOUT`.
 */
export const betweenFlushes = async <A>(
  { locks, elapsed, deadline }: CopyAccess,
  { stream, flush }: StreamPaths,
  task: () => A | Promise<A>,
): Promise<A> => {
  const lock = locks.at(flush);
  // Where locks are plain files, the stream's lock is held until the flush is over.
  if (lock.kind === "generation") return task();
  try {
    const until = deadline();
    for (let got = lock.tryAcquire(); !got; ) {
      const left = until - elapsed();
      if (left <= 0) throw flushesOn(stream, flush);
      got = (await lock.waitFree(left)) || lock.tryAcquire();
    }
    return await task();
  } finally {
    lock.release();
    lock.close();
  }
};

const flushesOn = (stream: string, path: string): StoreFault =>
  new StoreFault("LOCK_TIMEOUT", `another process keeps ${path} locked, in which it flushes ${stream}`, {
    outcome: "not_written",
    retryable: true,
    hint: "Try again; a process that is stopped in there must be continued or ended.",
    details: { stream, path },
  });

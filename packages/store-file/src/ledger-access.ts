/**
 * What everything that works on a ledger's directory shares: its layout, its ports, its locks, its order of writes. So the
 * store, repair and all else that writes keep out of one another's way by the same means.
 */
import {
  type CancelSignal,
  type Clock,
  type Failpoint,
  noFailpoint,
  type Randomness,
  systemClock,
  systemRandomness,
} from "@mission-ledger/core";
import type { FilePort } from "./files/file-port.ts";
import { type NameWatch, watchNames } from "./files/name-watch.ts";
import { nodeFiles } from "./files/node-files.ts";
import { closingQuietly } from "./files/safe-files.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { checkFileSystem, realRoot } from "./location/local-root.ts";
import { type LedgerLocks, ledgerLocks } from "./lock/ledger-locks.ts";
import { checkLockChoice, type LockChoice } from "./lock/lock-kind.ts";
import { type ProcessFacts, systemFacts } from "./lock/process-facts.ts";
import { type StreamLock, streamLock } from "./lock/stream-lock.ts";
import { type LedgerOrder, ledgerOrder } from "./order/ledger-order.ts";

/** How a ledger's directory is reached; all of it may be left out. */
export interface LedgerPorts {
  /** How long a lock is waited for. @defaultValue 10000 */
  readonly lockTimeoutMs?: number;
  /** Open on a network file system all the same: locks and appends are then not shared with the other side. @defaultValue false */
  readonly allowUnsafeFileSystem?: boolean;
  /**
   * With what kind of lock the ledger is kept: the kernel's, or one of plain files where there is no binary for it. `auto`
   * follows what the ledger was begun with. @defaultValue "auto"
   */
  readonly lock?: LockChoice;
  /** @defaultValue the real disk */
  readonly files?: FilePort;
  readonly clock?: Clock;
  readonly randomness?: Randomness;
  readonly failpoint?: Failpoint;
  /** Which processes are alive. @defaultValue what the system says */
  readonly processes?: ProcessFacts;
}

export interface LedgerAccess {
  readonly files: FilePort;
  readonly layout: Layout;
  readonly order: LedgerOrder;
  /** Of the directory of the locks. */
  readonly names: NameWatch;
  readonly processes: ProcessFacts;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly failpoint: Failpoint;
  /** Milliseconds that never step back. */
  readonly elapsed: () => number;
  /** By {@link elapsed}: until when a lock that is asked for now may be waited for. */
  deadline(): number;
  readonly locks: LedgerLocks;
  /** The lock of that name, waited for as a writer waits. */
  lockAt(path: string): StreamLock;
}

/**
 * Reads and writes nothing yet; throws `STORE_UNAVAILABLE` on a network file system, a `TypeError` for a kind of lock that
 * there is none of.
 */
export const ledgerAccess = (
  directory: string,
  {
    lockTimeoutMs = 10_000,
    allowUnsafeFileSystem = false,
    lock = "auto",
    files: given = nodeFiles,
    clock = systemClock,
    randomness = systemRandomness,
    failpoint = noFailpoint,
    processes = systemFacts,
  }: LedgerPorts,
): LedgerAccess => {
  checkLockChoice(lock);
  const files = closingQuietly(given);
  const root = realRoot(files, directory);
  if (!allowUnsafeFileSystem) checkFileSystem(files, root);
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
  return {
    files,
    layout,
    order: ledgerOrder({ files, layout, randomness, failpoint, elapsed, locks, processes }),
    names,
    processes,
    clock,
    randomness,
    failpoint,
    elapsed,
    deadline: () => elapsed() + lockTimeoutMs,
    locks,
    lockAt: (path) =>
      streamLock({
        files,
        lock: locks.at(path),
        facts: processes,
        timeoutMs: lockTimeoutMs,
        clock,
        failpoint,
        elapsed,
      }),
  };
};

/** Runs a task while nobody else holds the lock, and closes it. Throws `LOCK_TIMEOUT`. */
export const underLock = async <A>(
  lock: StreamLock,
  task: () => A | Promise<A>,
  signal?: CancelSignal,
): Promise<A> => {
  try {
    if (!lock.tryAcquire()) await lock.acquire(signal);
    return await task();
  } finally {
    lock.release();
    lock.close();
  }
};

/**
 * A lock on a name: what keeps the writers of one log apart, and those who give out numbers. It only keeps the log tidy and
 * fast; the log's own order is the truth.
 */
import type { CancelSignal } from "@mission-ledger/core";

export type LockKind = "kernel" | "generation";

export interface LedgerLock {
  readonly path: string;
  readonly kind: LockKind;
  /**
   * Takes the lock if it is free: no waiting, no promise. Notices first whether the file was exchanged; a caller that has
   * looked at the directory's names a moment ago says so with `"looked"` and saves a call.
   */
  tryAcquire(names?: "look" | "looked"): boolean;
  /** Waits at most so long for it to become free. Answers whether the lock was taken; if not, ask again. */
  waitFree(milliseconds: number, signal?: CancelSignal): Promise<boolean>;
  /** The descriptor of the file at `path`; while the lock is held, what it leads to is what others find there. */
  descriptor(): number;
  /** Never throws, but for what a failpoint throws. */
  release(): void;
  /** Releases it, and frees what it keeps open. The next call opens again. */
  close(): void;
}

/** What the parts of one open store share. */
import type { Failpoint } from "@mission-ledger/core";
import type { Database } from "../connection/database.ts";
import type { LockRetry } from "../connection/lock-retry.ts";

export interface StoreContext {
  readonly path: string;
  readonly database: Database;
  readonly retry: LockRetry;
  readonly failpoint: Failpoint;
  readonly maxCommitBytes: number;
  /** Milliseconds that never step back. */
  readonly elapsed: () => number;
  ensureOpen(): void;
}

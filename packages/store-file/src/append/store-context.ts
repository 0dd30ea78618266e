/** What all parts of an open store share. */
import type { Clock, Failpoint, Randomness } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import type { NameWatch } from "../files/name-watch.ts";
import type { Layout } from "../layout.ts";
import type { LedgerOrigin } from "../location/ledger-origin.ts";
import type { LedgerLocks } from "../lock/ledger-locks.ts";
import type { ProcessFacts } from "../lock/process-facts.ts";
import type { LedgerOrder } from "../order/ledger-order.ts";
import type { SuspectLogs } from "./suspect-logs.ts";

export interface StoreContext {
  readonly files: FilePort;
  readonly layout: Layout;
  readonly order: LedgerOrder;
  readonly origin: LedgerOrigin;
  /** Of the directory of the locks. */
  readonly names: NameWatch;
  readonly locks: LedgerLocks;
  readonly processes: ProcessFacts;
  /** Logs that a flush failed for in this process, until they were recovered. */
  readonly suspects: SuspectLogs;
  /** Streams whose log this process has written to: if one is gone, it was taken away and is not made anew. */
  readonly written: Set<string>;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly failpoint: Failpoint;
  readonly lockTimeoutMs: number;
  readonly maxRecordBytes: number;
  /** Milliseconds that never step back. */
  readonly elapsed: () => number;
  /** Throws `STORE_CLOSED` after the store was closed. */
  readonly ensureOpen: () => void;
}

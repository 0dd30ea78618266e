/** What all parts of an open store share. */
import type { Clock, Failpoint, Randomness } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import type { NameWatch } from "../files/name-watch.ts";
import type { Layout } from "../layout.ts";
import type { LedgerOrder } from "../order/ledger-order.ts";

export interface StoreContext {
  readonly files: FilePort;
  readonly layout: Layout;
  readonly order: LedgerOrder;
  /** Of the directory of the locks. */
  readonly names: NameWatch;
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

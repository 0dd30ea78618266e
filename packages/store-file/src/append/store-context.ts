/** What all parts of an open store share. */
import type { LedgerAccess } from "../ledger-access.ts";
import type { LedgerOrigin } from "../location/ledger-origin.ts";
import type { SuspectLogs } from "./suspect-logs.ts";

export interface StoreContext extends LedgerAccess {
  readonly origin: LedgerOrigin;
  /** Logs that a flush failed for in this process, until they were recovered. */
  readonly suspects: SuspectLogs;
  /** Streams whose log this process has written to: if one is gone, it was taken away and is not made anew. */
  readonly written: Set<string>;
  readonly maxRecordBytes: number;
  /** Throws `STORE_CLOSED` after the store was closed. */
  readonly ensureOpen: () => void;
}

import type { LedgerAccess } from "../ledger-access.ts";

/** What making a log a new file needs of the ledger. */
export type RewriteContext = Pick<LedgerAccess, "files" | "layout" | "clock" | "randomness" | "failpoint">;

/** What work on a log beside the writers of an open store shares: the ledger as everybody reaches it, and failed flushes. */
import { type SuspectLogs, suspectLogs } from "../append/suspect-logs.ts";
import { type LedgerAccess, type LedgerPorts, ledgerAccess } from "../ledger-access.ts";

export interface CopyAccess extends LedgerAccess {
  readonly suspects: SuspectLogs;
  close(): void;
}

export const copyAccess = (directory: string, ports: LedgerPorts = {}): CopyAccess => {
  const access = ledgerAccess(directory, ports);
  const suspects = suspectLogs(access.files);
  return {
    ...access,
    suspects,
    close: () => {
      suspects.close();
      access.order.close();
    },
  };
};

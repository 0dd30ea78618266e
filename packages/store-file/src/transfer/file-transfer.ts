/** A ledger's directory as a side of a copy: everything of its logs comes and goes byte for byte. */
import type { TransferTarget } from "@mission-ledger/core";
import { copyAccess } from "../copy/copy-access.ts";
import type { LedgerPorts } from "../ledger-access.ts";
import { fileSource } from "./file-source.ts";
import { fileTarget } from "./file-target.ts";

export interface FileTransferOptions extends LedgerPorts {
  /** Made by the first batch that is taken. */
  readonly directory: string;
}

/** Reads and writes nothing yet; throws `STORE_UNAVAILABLE` on a network file system. */
export const fileTransfer = ({ directory, ...ports }: FileTransferOptions): TransferTarget => {
  const access = copyAccess(directory, ports);
  return {
    ...fileSource(access),
    ...fileTarget(access),
    close: async () => access.close(),
  };
};

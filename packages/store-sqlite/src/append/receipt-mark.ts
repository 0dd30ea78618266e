/** What was written and where, for the readback to look for. */
import type { Appended } from "@mission-ledger/core";
import type { DatabaseFiles } from "../connection/connection.ts";
import type { CommitRows } from "../schema/rows.ts";

export class ReceiptMark {
  readonly rows: CommitRows;
  /** The files that were written to. */
  readonly files: DatabaseFiles;

  constructor(rows: CommitRows, files: DatabaseFiles) {
    this.rows = rows;
    this.files = files;
  }
}

/** Throws a `TypeError` for what no SQLite store has appended. */
export const receiptMarkOf = ({ receiptMark }: Appended): ReceiptMark => {
  if (receiptMark instanceof ReceiptMark) return receiptMark;
  throw new TypeError("this was not appended by a SQLite store");
};

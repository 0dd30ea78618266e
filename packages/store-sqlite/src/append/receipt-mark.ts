/** What was written and where, for the readback to look for. */
import type { Appended } from "@mission-ledger/core";
import type { DatabaseFiles } from "../connection/connection.ts";
import type { CommitRows } from "../schema/rows.ts";
import type { GroupRead } from "./group-read.ts";

export class ReceiptMark {
  readonly rows: CommitRows;
  /** The files that were written to. */
  readonly files: DatabaseFiles;
  /** Where it is read back together with others of its transaction. */
  readonly group: GroupRead | undefined;

  constructor(rows: CommitRows, files: DatabaseFiles, group: GroupRead | undefined) {
    this.rows = rows;
    this.files = files;
    this.group = group;
  }
}

/** Throws a `TypeError` for what no SQLite store has appended. */
export const receiptMarkOf = ({ receiptMark }: Appended): ReceiptMark => {
  if (receiptMark instanceof ReceiptMark) return receiptMark;
  throw new TypeError("this was not appended by a SQLite store");
};

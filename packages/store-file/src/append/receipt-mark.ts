/** What readback needs to know about a write, and what keeps the written file's identity alive until then. */
import type { Appended } from "@mission-ledger/core";
import type { FoldState } from "../log/fold.ts";
import type { LogHandle } from "../log/log-handle.ts";

export class ReceiptMark {
  /** The descriptor that was written and flushed, retained until the readback: inodes are comparable only while it is open. */
  readonly log: LogHandle;
  /** The log's end as it was known before the write, and the fold there: where an earlier claim would stand. */
  readonly start: number;
  readonly before: FoldState;
  /** Where the record was meant to stand. */
  readonly offset: number;
  /** The record as written, LF included. */
  readonly bytes: Buffer;
  #held = true;

  constructor(log: LogHandle, start: number, before: FoldState, offset: number, bytes: Buffer) {
    log.retain();
    this.log = log;
    this.start = start;
    this.before = before;
    this.offset = offset;
    this.bytes = bytes;
  }

  release(): void {
    if (this.#held) this.log.release();
    this.#held = false;
  }
}

export const receiptMarkOf = ({ receiptMark }: Appended): ReceiptMark => {
  if (receiptMark instanceof ReceiptMark) return receiptMark;
  throw new TypeError("this answer of append comes from another store");
};

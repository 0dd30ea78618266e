/** What readback needs to know about a write, and what keeps the written file's identity alive until then. */
import type { Appended } from "@mission-ledger/core";
import type { FileStatus } from "../files/file-port.ts";
import type { FoldState } from "../log/fold.ts";
import type { LogHandle } from "../log/log-handle.ts";

/**
 * The bytes of a group, to be read once for all of it: by the first readback, through a descriptor opened by path after the
 * flush. What was read is at hand only until the event loop turns; a readback that comes later reads for itself.
 */
export interface SharedRead {
  readonly offset: number;
  readonly length: number;
  /** The lines as they were written, one behind the other. */
  readonly lines: readonly { readonly offset: number; readonly line: Buffer }[];
  read: { readonly bytes: Buffer; readonly status: FileStatus; readonly standsTo: number } | undefined;
}

/** Up to where what was read is what was written. A line counts only if all before it do. */
export const standsTo = (
  { offset: from, lines }: Pick<SharedRead, "offset" | "lines">,
  read: Buffer,
): number => {
  let end = from;
  for (const { offset, line } of lines) {
    const at = offset - from;
    const isAfterLine = at === 0 || read[at - 1] === 0x0a;
    if (!isAfterLine || !read.subarray(at, at + line.length).equals(line)) break;
    end = offset + line.length;
  }
  return end;
};

export const sharedRead = (
  records: readonly { readonly offset: number; readonly line: Buffer }[],
): SharedRead | undefined => {
  const [first, last] = [records[0], records.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  // With the byte before, which has to end a line.
  const offset = Math.max(0, first.offset - 1);
  // Not the records: they hold on to their commands, and this is held until the event loop turns.
  const lines = records.map(({ offset: at, line }) => ({ offset: at, line }));
  return { offset, length: last.offset + last.line.length - offset, lines, read: undefined };
};

export interface WrittenRecord {
  /** The log's end as it was known before the write, and the fold there: where an earlier claim would stand. */
  readonly start: number;
  readonly before: FoldState;
  /** Where the record was meant to stand. */
  readonly offset: number;
  /** The record as written, LF included. */
  readonly bytes: Buffer;
  /** Where it was written together with others. */
  readonly shared?: SharedRead | undefined;
}

export class ReceiptMark {
  /** The descriptor that was written and flushed, retained until the readback: inodes are comparable only while it is open. */
  readonly log: LogHandle;
  readonly record: WrittenRecord;
  #held = true;

  constructor(log: LogHandle, record: WrittenRecord) {
    log.retain();
    this.log = log;
    this.record = record;
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

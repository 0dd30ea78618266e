/** A place in one log from which entries are taken one by one. Between blocks it holds no descriptor, so there may be many. */
import type { TransferEntry } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import { openRegularIfThere, readFully, readOnly } from "../files/safe-files.ts";
import type { StreamPaths } from "../layout.ts";
import { hardRecordBytes } from "../log/bounds.ts";
import type { MergeCursor } from "../read/merge.ts";
import { entryReader } from "./entries.ts";

export interface NumberedEntry {
  readonly seq: number;
  readonly entry: TransferEntry;
}

/** Entries of a log up to `size`. What counts for nothing comes right behind the record it stands behind. */
export const transferCursor = (
  files: FilePort,
  paths: StreamPaths,
  size: number,
): MergeCursor<NumberedEntry> => {
  const read = entryReader(paths);
  let block: Buffer = Buffer.alloc(0);
  let at = 0; // of the next line, in the block
  let offset = 0; // of the block, in the file
  let seq = 0;
  let next: NumberedEntry | undefined;

  const rest = (): void => {
    offset += at;
    at = 0;
    block = Buffer.alloc(0);
  };
  const refill = (blockBytes: number): boolean => {
    rest();
    const opened = offset < size ? openRegularIfThere(files, paths.log, readOnly) : undefined;
    if (opened === undefined) return false;
    try {
      for (let wanted = blockBytes; ; wanted *= 4) {
        block = readFully(files, opened.fd, offset, Math.min(wanted, size - offset));
        if (block.includes(0x0a)) return true;
        if (block.length < wanted || wanted > 4 * hardRecordBytes) return false;
      }
    } finally {
      files.close(opened.fd);
    }
  };

  return {
    tieBreak: `${paths.encoded}:`,
    peek: (blockBytes) => {
      while (next === undefined) {
        const end = block.indexOf(0x0a, at);
        if (end < 0) {
          if (!refill(blockBytes)) return undefined;
          continue;
        }
        const bytes = block.subarray(at, end);
        const length = bytes.length + 1;
        const entry = read({ bytes, offset: offset + at, length, oversized: length > hardRecordBytes });
        at = end + 1;
        if (entry._tag === "Commit") seq = entry.number ?? seq;
        next = { seq, entry };
      }
      return next;
    },
    drop: () => {
      next = undefined;
    },
    rest,
  };
};

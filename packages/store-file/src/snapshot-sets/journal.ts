/** What a part of a set holds already: a line for each stream, written only once its snapshots are on the disk. */
import path from "node:path";
import type { StreamHead } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import { openRegularIfThere, readOnly } from "../files/safe-files.ts";
import { openLineReader } from "../log/line-reader.ts";
import { isSealed, sealLine } from "../log/sealed-line.ts";

/** The end of a journal's name. */
export const journalEnd = ".journal";

export interface JournalEntry {
  readonly stream: string;
  readonly head: StreamHead;
  /** Hash of the key, offset in the pack, length. */
  readonly places: readonly (readonly [number, number, number])[];
}

export const journalLine = (entry: JournalEntry): Buffer => sealLine(JSON.stringify(entry));

/** The entries of a journal up to the first that cannot be believed; answers how many bytes they take. */
export const readJournal = (
  files: FilePort,
  folder: string,
  name: string,
  take: (entry: JournalEntry) => void,
): number => {
  const opened = openRegularIfThere(files, path.join(folder, name), readOnly);
  if (opened === undefined) return 0;
  try {
    const reader = openLineReader(files, opened.fd, { from: 0 });
    let end = 0;
    for (let line = reader.next(); line !== undefined && isSealed(line.bytes); line = reader.next()) {
      take(JSON.parse(line.bytes.toString("utf8")) as JournalEntry);
      end = line.offset + line.length;
    }
    return end;
  } finally {
    files.close(opened.fd);
  }
};

/** Lines of a log as what a copy carries, and back: every line comes out as the bytes it went in with. */
import type { StoreFault, TransferAside, TransferCommit, TransferEntry } from "@mission-ledger/core";
import { findingFault } from "../append/refusals.ts";
import type { StreamPaths } from "../layout.ts";
import { hardRecordBytes } from "../log/bounds.ts";
import { foldLog, startOfLog } from "../log/fold.ts";
import type { Line } from "../log/line-reader.ts";
import { commitOf, encodeRecord, type StoredRecord } from "../log/record.ts";

const lineFeed = Buffer.from("\n");

/** Reads the lines of one log one after the other. Throws the fault with which a writer would be refused. */
export const entryReader = ({
  stream,
  encoded,
  log,
}: Pick<StreamPaths, "encoded" | "log" | "stream">): ((line: Line) => TransferEntry) => {
  let refusal: StoreFault | undefined;
  const fold = foldLog(stream, encoded, startOfLog, (finding) => {
    refusal ??= findingFault(finding, stream, log);
  });
  return (line) => {
    const step = fold.take(line);
    if (refusal !== undefined) throw refusal;
    switch (step._tag) {
      case "Record":
        return commitEntry(step.record, line);
      case "Void":
        return aside(stream, step.record.branch === "demoted" ? "demoted" : "void", line);
      case "Sealed":
        return aside(stream, "sealed", line);
      case "Nothing":
        throw new TypeError(`a line of ${stream} is nothing, and nothing was said against it`);
    }
  };
};

/** Held beyond the reader's block. */
const aside = (stream: string, kind: TransferAside["kind"], { bytes, length }: Line): TransferAside => ({
  _tag: "Aside",
  stream,
  kind,
  line: Buffer.from(bytes),
  bytes: length,
});

const commitEntry = (record: StoredRecord, { bytes, length }: Line): TransferCommit => {
  const entry: TransferCommit = {
    _tag: "Commit",
    commit: commitOf(record),
    origin: record.origin,
    number: record.seq,
    bytes: length,
  };
  return givesItself(entry, bytes) ? entry : { ...entry, verbatim: Buffer.from(bytes) };
};

/** Whether the line is the one that this version writes for the commit. Others may have written its JSON another way. */
const givesItself = (entry: TransferCommit, bytes: Buffer): boolean => {
  try {
    const line = lineOfEntry(entry);
    return line.length === bytes.length + 1 && line.subarray(0, -1).equals(bytes);
  } catch {
    return false;
  }
};

/** The line that stands for an entry in a log, its LF included. */
export const lineOfEntry = (entry: TransferEntry): Buffer => {
  if (entry._tag === "Aside") return Buffer.concat([entry.line, lineFeed]);
  const { commit, origin, number, verbatim } = entry;
  if (verbatim !== undefined) return Buffer.concat([verbatim, lineFeed]);
  if (origin === undefined || number === undefined)
    throw new TypeError(
      "a log says of each record where it comes from; copy these through the store's own port",
    );
  return encodeRecord(commit, { origin, seq: number }, hardRecordBytes);
};

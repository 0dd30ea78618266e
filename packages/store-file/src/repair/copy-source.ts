/** Another copy of a log, as a source of records. Only what links by digest and whose digests recompute is taken from it. */
import { StoreFault } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import { openRegular, readFully, readOnly } from "../files/safe-files.ts";
import type { StreamPaths } from "../layout.ts";
import { openLineReader } from "../log/line-reader.ts";
import { decodeRecord, type StoredRecord } from "../log/record.ts";
import { digestsHold } from "./proof.ts";

export interface SourceRecord {
  readonly record: StoredRecord;
  /** With its LF. */
  readonly line: Buffer;
}

export interface CopySource {
  /** The records that lead from one event to another, in order; `undefined` if the copy does not hold them all. */
  between(after: string | null, last: string): readonly SourceRecord[] | undefined;
  /** The records that follow an event, up to the end or to the first place where the copy has two that do. */
  after(digest: string | null): Generator<SourceRecord>;
  close(): void;
}

interface Entry {
  readonly offset: number;
  readonly length: number;
  readonly previous: string | null;
  readonly last: string;
}

export const openCopySource = (
  files: FilePort,
  path: string,
  { stream, encoded }: StreamPaths,
): CopySource => {
  const { fd } = openCopy(files, path);
  const byLast = new Map<string, Entry>();
  const byPrevious = new Map<string | null, Entry[]>();
  const reader = openLineReader(files, fd, { from: 0 });
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    const bytes = withoutCarriageReturn(line.bytes);
    const decoded = decodeRecord(bytes, stream, encoded);
    if (decoded._tag !== "Record" || decoded.record.branch !== undefined) continue;
    const { previous, events } = decoded.record;
    const last = events.at(-1)?.digest ?? "";
    if (byLast.has(last)) continue;
    const entry = { offset: line.offset, length: bytes.length, previous, last };
    byLast.set(last, entry);
    byPrevious.set(previous, [...(byPrevious.get(previous) ?? []), entry]);
  }

  /** Its digests are computed only here, for the few that are wanted. */
  const proven = ({ offset, length }: Entry): SourceRecord | undefined => {
    const bytes = readFully(files, fd, offset, length);
    const decoded = decodeRecord(bytes, stream, encoded);
    if (decoded._tag !== "Record" || !digestsHold(decoded.record)) return undefined;
    return { record: decoded.record, line: Buffer.concat([bytes, lineFeed]) };
  };

  return {
    between: (after, last) => {
      const found: SourceRecord[] = [];
      for (let link: string | null = last; link !== after; ) {
        const entry: Entry | undefined = link === null ? undefined : byLast.get(link);
        const source = entry === undefined ? undefined : proven(entry);
        if (entry === undefined || source === undefined) return undefined;
        found.push(source);
        link = entry.previous;
      }
      return found.reverse();
    },
    after: function* (digest) {
      for (let link = digest; ; ) {
        const next: readonly Entry[] = byPrevious.get(link) ?? [];
        const source = next.length === 1 ? proven(next[0] as Entry) : undefined;
        if (source === undefined) return;
        yield source;
        link = (next[0] as Entry).last;
      }
    },
    close: () => files.close(fd),
  };
};

const lineFeed = Buffer.from("\n");
const withoutCarriageReturn = (line: Buffer): Buffer => (line.at(-1) === 0x0d ? line.subarray(0, -1) : line);

const openCopy = (files: FilePort, path: string): { readonly fd: number } => {
  try {
    return openRegular(files, path, readOnly);
  } catch (error) {
    if (error instanceof StoreFault || (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new StoreFault("STORE_MISSING", `${path} is not there`, {
      outcome: "not_written",
      retryable: false,
      hint: "Name a file with lines of the same stream.",
      details: { path },
      cause: error,
    });
  }
};

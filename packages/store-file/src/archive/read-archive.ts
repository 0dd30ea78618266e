/**
 * An archive as something to read, check and copy from. Promises: what it hands over are the lines of the log as they went in;
 * a file in which one byte is another is refused, at the latest at its end.
 */
import {
  emptyHead,
  headOfCommit,
  StoreFault,
  type TransferEntry,
  type TransferSource,
} from "@mission-ledger/core";
import { faultOf } from "../faults.ts";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { encodeStreamName } from "../names.ts";
import { entryReader } from "../transfer/entries.ts";
import { type ArchiveHeader, decodeHeader } from "./archive-header.ts";
import { archiveLines, NoArchive } from "./archive-lines.ts";

export interface ArchiveOptions {
  readonly file: string;
  readonly files?: FilePort;
}

/** What an archive says of itself; only its first line is read. Throws `LOG_CORRUPT` for a file that is none. */
export const readArchiveHeader = async ({
  file,
  files = nodeFiles,
}: ArchiveOptions): Promise<ArchiveHeader> => {
  try {
    for await (const line of archiveLines(files, file)) return headerOf(line, file);
    throw new NoArchive("it is empty");
  } catch (error) {
    throw archiveFault(error, file);
  }
};

/** An archive as a side of a copy. */
export const archiveSource = ({ file, files = nodeFiles }: ArchiveOptions): TransferSource => {
  const extents: TransferSource["extents"] = async () => {
    const header = await readArchiveHeader({ file, files });
    return [{ stream: header.stream, end: header.bytes }];
  };
  const read: TransferSource["read"] = async function* (_extent, signal) {
    try {
      let header: ArchiveHeader | undefined;
      let taken: Taken | undefined;
      let batch: TransferEntry[] = [];
      for await (const line of archiveLines(files, file, signal)) {
        if (header === undefined || taken === undefined) {
          header = headerOf(line, file);
          taken = taking(header, file);
          continue;
        }
        batch.push(taken.take(line));
        if (batch.length < batchEntries) continue;
        yield batch;
        batch = [];
      }
      // Checked before the last entries are handed over: whoever has all of them has a whole archive.
      if (taken === undefined) throw new NoArchive("it is empty");
      taken.end();
      if (batch.length > 0) yield batch;
    } catch (error) {
      if (signal?.aborted === true) throw error;
      throw archiveFault(error, file);
    }
  };
  return {
    keeps: "lines",
    extents,
    read,
    readTogether: async function* (wanted, signal) {
      for (const extent of wanted) yield* read(extent, signal);
    },
    close: async () => {},
  };
};

const batchEntries = 256;

interface Taken {
  take(line: Buffer): TransferEntry;
  /** Throws {@link NoArchive} if what was taken is not what the header says. */
  end(): void;
}

const taking = (header: ArchiveHeader, file: string): Taken => {
  const { stream, lines, records, events, revision, head, bytes, sha256 } = header;
  const read = entryReader({ stream, encoded: encodeStreamName(stream), log: file });
  // Asked for here: a command that has no archive need not load it.
  const hash = process.getBuiltinModule("node:crypto").createHash("sha256");
  const now = { lines: 0, records: 0, events: 0, bytes: 0 };
  let last = emptyHead;
  return {
    take: (line) => {
      const entry = read({ bytes: line, offset: now.bytes, length: line.length + 1, oversized: false });
      hash.update(line).update("\n");
      now.lines += 1;
      now.bytes += line.length + 1;
      if (entry._tag === "Commit") {
        now.records += 1;
        now.events += entry.commit.events.length;
        last = headOfCommit(entry.commit);
      }
      return entry;
    },
    end: () => {
      const isWhole =
        now.lines === lines && now.records === records && now.events === events && now.bytes === bytes;
      if (!isWhole || hash.digest("hex") !== sha256)
        throw new NoArchive(
          `it holds ${now.lines} lines in ${now.bytes} bytes; its first line says ${lines} in ${bytes}${isWhole ? ", with another checksum" : ""}`,
        );
      if (last.revision !== revision || last.digest !== head)
        throw new NoArchive(
          `it ends at revision ${last.revision}; its first line says ${revision}${last.revision === revision ? ", with another digest" : ""}`,
        );
    },
  };
};

const headerOf = (line: Buffer, file: string): ArchiveHeader => {
  const decoded = decodeHeader(line);
  switch (decoded._tag) {
    case "Header":
      return decoded.header;
    case "Newer":
      throw new StoreFault(
        "UNSUPPORTED_FORMAT",
        `${file} is an archive of format ${decoded.version}; a newer version made it`,
        {
          outcome: "not_written",
          retryable: false,
          hint: "Use the version of mission-ledger that made it, or a newer one.",
          details: { path: file, version: decoded.version },
        },
      );
    case "Damaged":
      throw new NoArchive("its first line does not say so");
  }
};

/** What a log is mended with helps no archive. */
const archiveFault = (error: unknown, file: string): StoreFault => {
  const isDamage =
    error instanceof NoArchive ||
    (error instanceof StoreFault && ["FORK_DETECTED", "LOG_CONFLICTED", "LOG_CORRUPT"].includes(error.code));
  if (!isDamage) {
    const fault = faultOf(error, "read", { path: file });
    return fault.code === "STORE_MISSING" ? noFile(fault, file) : fault;
  }
  return new StoreFault("LOG_CORRUPT", `${file} is no sound archive: ${(error as Error).message}`, {
    outcome: "not_written",
    retryable: false,
    hint: "Use another copy of the archive.",
    details: { path: file },
    cause: error,
  });
};

const noFile = ({ code, details }: StoreFault, file: string): StoreFault =>
  new StoreFault(code, `there is no file ${file}`, {
    outcome: "not_written",
    retryable: false,
    hint: "Name the file of an archive.",
    details,
  });

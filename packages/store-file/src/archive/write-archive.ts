/**
 * Writes one stream into a cold file. Promises: the file is there whole under its name or not at all, also after a power cut; an
 * existing file is never overwritten; what is answered was read again from the file and has the sum of the source.
 */
import path from "node:path";
import {
  type CancelSignal,
  type Failpoint,
  noFailpoint,
  type Randomness,
  StoreFault,
  sumStream,
  systemRandomness,
  type TransferExtent,
  type TransferSource,
} from "@mission-ledger/core";
import { faultOf } from "../faults.ts";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { createNew, flushDirectory, makeDirectories } from "../files/safe-files.ts";
import { removeIfThere, writeFully } from "../files/write-file.ts";
import { lineOfEntry } from "../transfer/entries.ts";
import { type ArchiveHeader, encodeHeader } from "./archive-header.ts";
import { archiveSource } from "./read-archive.ts";

export interface WriteArchiveOptions {
  readonly from: TransferSource;
  readonly stream: string;
  /** Where to; compressed if the name ends in `.gz`. Its folder is made if it is not there. Gets the SHA-256 of the log. */
  readonly file: (sha256: string) => string;
  readonly signal?: CancelSignal;
  readonly files?: FilePort;
  readonly randomness?: Randomness;
  readonly failpoint?: Failpoint;
}

export interface WrittenArchive extends ArchiveHeader {
  readonly file: string;
  /** Of the file, compressed. */
  readonly size: number;
  /** False if the same archive stood there already. */
  readonly made: boolean;
}

/** Throws what the source throws for a stream that nobody may write to, `UNSAFE_FILE` if another file stands there. */
export const writeArchive = async ({
  from,
  stream,
  file: fileFor,
  signal,
  files = nodeFiles,
  randomness = systemRandomness,
  failpoint = noFailpoint,
}: WriteArchiveOptions): Promise<WrittenArchive> => {
  const extent = (await from.extents(signal)).find((one) => one.stream === stream);
  if (extent === undefined) throw noStream(stream);
  const { header, sum } = await survey(from, extent, signal);
  const file = fileFor(header.sha256);
  try {
    makeDirectories(files, path.dirname(file));
    const temporary = path.join(
      path.dirname(file),
      `.${path.basename(file)}.${randomness.uuid().slice(0, 8)}.tmp`,
    );
    const fd = files.open(temporary, createNew, 0o600);
    let made: boolean;
    try {
      try {
        await writeAll({ from, extent, header, files, fd, packed: file.endsWith(".gz"), signal });
        failpoint("archive:flush");
        files.fdatasync(fd);
      } finally {
        files.close(fd);
      }
      failpoint("archive:name");
      made = giveName(files, temporary, file);
    } finally {
      removeIfThere(files, temporary);
    }
    failpoint("archive:flush-directory");
    flushDirectory(files, path.dirname(file));
    failpoint("archive:read-back");
    await compare({ file, files, stream, sum, signal });
    return { ...header, file, size: files.lstat(file)?.size ?? 0, made };
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw faultOf(error, "write", { stream, path: file });
  }
};

/** Everything is read once before the file is begun: its first line says what follows. */
const survey = async (
  from: TransferSource,
  extent: TransferExtent,
  signal: CancelSignal | undefined,
): Promise<{ readonly header: ArchiveHeader; readonly sum: string }> => {
  const hash = process.getBuiltinModule("node:crypto").createHash("sha256");
  let bytes = 0;
  const heard: TransferSource = {
    ...from,
    read: async function* (wanted, aborted) {
      for await (const entries of from.read(wanted, aborted)) {
        for (const entry of entries) {
          const line = lineOfEntry(entry);
          hash.update(line);
          bytes += line.length;
        }
        yield entries;
      }
    },
  };
  const { whole } = await sumStream(heard, extent, {
    kept: "lines",
    ...(signal === undefined ? {} : { signal }),
  });
  const { stream, entries, records, events, head, sum } = whole;
  if (entries === 0) throw noStream(stream);
  return {
    header: {
      stream,
      lines: entries,
      records,
      events,
      revision: head.revision,
      head: head.digest,
      bytes,
      sha256: hash.digest("hex"),
    },
    sum,
  };
};

interface WriteOptions {
  readonly from: TransferSource;
  readonly extent: TransferExtent;
  readonly header: ArchiveHeader;
  readonly files: FilePort;
  readonly fd: number;
  readonly packed: boolean;
  readonly signal: CancelSignal | undefined;
}

/** Compressed a piece at a time: the pieces of a gzip file follow each other, and every program unpacks them as one. */
const pieceBytes = 1_048_576;

const writeAll = async ({ from, extent, header, files, fd, packed, signal }: WriteOptions): Promise<void> => {
  const { gzipSync } = process.getBuiltinModule("node:zlib");
  let position = 0;
  let piece: Buffer[] = [encodeHeader(header)];
  let filled = 0;
  const put = (): void => {
    const bytes = packed ? gzipSync(Buffer.concat(piece)) : Buffer.concat(piece);
    writeFully(files, fd, bytes, position);
    position += bytes.length;
    [piece, filled] = [[], 0];
  };
  for await (const entries of from.read(extent, signal))
    for (const entry of entries) {
      const line = lineOfEntry(entry);
      piece.push(line);
      filled += line.length;
      if (filled >= pieceBytes) put();
    }
  if (piece.length > 0) put();
};

/** A second name is refused where one exists, which renaming would not do. */
const giveName = (files: FilePort, temporary: string, file: string): boolean => {
  try {
    files.link(temporary, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
};

/** By path, with every digest computed again. */
const compare = async ({
  file,
  files,
  stream,
  sum,
  signal,
}: {
  readonly file: string;
  readonly files: FilePort;
  readonly stream: string;
  readonly sum: string;
  readonly signal: CancelSignal | undefined;
}): Promise<void> => {
  let found: string | undefined;
  try {
    const source = archiveSource({ file, files });
    const extent = (await source.extents()).find((one) => one.stream === stream);
    if (extent !== undefined)
      found = (
        await sumStream(source, extent, { kept: "lines", ...(signal === undefined ? {} : { signal }) })
      ).whole.sum;
  } catch (error) {
    if (signal?.aborted === true || !(error instanceof StoreFault)) throw error;
  }
  if (found === sum) return;
  throw new StoreFault("UNSAFE_FILE", `${file} is something else than the archive of ${stream}`, {
    outcome: "not_written",
    retryable: false,
    hint: "Move it away, or name another file.",
    details: { stream, path: file },
  });
};

const noStream = (stream: string): StoreFault =>
  new StoreFault("STORE_MISSING", `there is no log of ${stream} to archive`, {
    outcome: "not_written",
    retryable: false,
    details: { stream },
  });

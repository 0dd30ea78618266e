/**
 * A ledger's directory as something to copy to. Promises: every log is at any time a beginning of the log it is copied from, byte
 * for byte; a line that was cut off in the middle is completed by the next run, never sealed and never cut; what was taken is
 * flushed, and read again by path. Somebody else's bytes are met under the log's lock and never written behind.
 */
import {
  diverged,
  StoreFault,
  streamOfEntry,
  type TransferBatch,
  type TransferEntry,
  type TransferStanding,
  type TransferTarget,
} from "@mission-ledger/core";
import { ledgerDirectories } from "../append/directories.ts";
import { betweenFlushes, type CopyAccess } from "../copy/copy-access.ts";
import { faultOf, flushFailed } from "../faults.ts";
import {
  createAppend,
  type OpenedFile,
  openRegular,
  openRegularIfThere,
  readAppend,
  readFully,
  readOnly,
} from "../files/safe-files.ts";
import { writeFully } from "../files/write-file.ts";
import type { StreamPaths } from "../layout.ts";
import { underLock } from "../ledger-access.ts";
import { openLineReader } from "../log/line-reader.ts";
import { highestSeq } from "../order/highest-seq.ts";
import { setMark } from "../rewrite/suspect-mark.ts";
import { entryReader, lineOfEntry } from "./entries.ts";
import { refuseSuspect } from "./file-source.ts";

/** Where the entries before a batch end in the file. */
interface End {
  readonly stream: string;
  readonly entries: number;
  readonly offset: number;
}

export const fileTarget = (
  access: CopyAccess,
): Pick<TransferTarget, "takes" | "settle" | "take" | "finish"> => {
  const { files, layout, failpoint } = access;
  const directories = ledgerDirectories(access);
  /** Of the stream that was written to last: with one stream after the other no other is asked for. */
  let last: End | undefined;

  const endOf = (paths: StreamPaths, fd: number, standing: TransferStanding): number =>
    last?.stream === paths.stream && last.entries === standing.entries
      ? last.offset
      : findEnd(access, paths, fd, standing);

  const put = async (
    paths: StreamPaths,
    entries: readonly TransferEntry[],
    standing: TransferStanding,
  ): Promise<void> => {
    refuseSuspect(files, paths);
    const opened = openOrMake(access, paths, standing);
    try {
      const bytes = Buffer.concat(entries.map(lineOfEntry));
      const offset = endOf(paths, opened.fd, standing);
      failpoint("transfer:write");
      writeRest(access, paths, opened, offset, bytes);
      await betweenFlushes(access, paths, () => flush(access, paths, opened.fd));
      failpoint("transfer:read-back");
      compare(access, paths, opened, offset, bytes);
      last = {
        stream: paths.stream,
        entries: standing.entries + entries.length,
        offset: offset + bytes.length,
      };
    } finally {
      files.close(opened.fd);
    }
  };

  /** Logs stand in their folder by now. */
  const flushNames = (): void => {
    try {
      directories.flushNames();
    } catch (error) {
      throw unfinished(error, { path: layout.logs });
    }
  };

  const inStream = async (stream: string, task: (paths: StreamPaths) => Promise<void>): Promise<void> => {
    const paths = layout.of(stream);
    try {
      await underLock(access.lockAt(paths.lock), () => task(paths));
    } catch (error) {
      throw unfinished(error, { stream: paths.stream, path: paths.log });
    }
  };

  return {
    takes: "stream_by_stream",
    settle: async (streams) => {
      if (streams.length === 0) return;
      directories.prepare();
      for (const stream of streams)
        await inStream(stream, async (paths) => {
          refuseSuspect(files, paths);
          const opened = openRegularIfThere(files, paths.log, readAppend);
          if (opened === undefined) return;
          try {
            await betweenFlushes(access, paths, () => flush(access, paths, opened.fd));
          } finally {
            files.close(opened.fd);
          }
        });
      flushNames();
    },
    take: async ({ entries, after }, signal) => {
      directories.prepare();
      for (const [stream, ofStream] of byStream(entries)) {
        signal?.throwIfAborted();
        await inStream(stream, (paths) => put(paths, ofStream, standingOf(after, stream)));
      }
      failpoint("transfer:names");
      flushNames();
    },
    finish: async () => {
      if (files.lstat(layout.logs) === undefined) return;
      // A ledger that was made and never written to has no folder for locks yet.
      directories.prepare();
      failpoint("transfer:finish");
      // Readers of the whole ledger see records up to the counter.
      const waiting = access.order.exclusively(() => highestSeq(files, layout), access.deadline());
      if (waiting !== undefined) await waiting;
    },
  };
};

const standingOf = (after: TransferBatch["after"], stream: string): TransferStanding => {
  const standing = after.get(stream);
  if (standing === undefined) throw new TypeError(`the batch does not say where ${stream} ends before it`);
  return standing;
};

const byStream = (entries: readonly TransferEntry[]): ReadonlyMap<string, readonly TransferEntry[]> => {
  const streams = new Map<string, TransferEntry[]>();
  for (const entry of entries) {
    const stream = streamOfEntry(entry);
    const known = streams.get(stream);
    if (known === undefined) streams.set(stream, [entry]);
    else known.push(entry);
  }
  return streams;
};

const openOrMake = ({ files }: CopyAccess, paths: StreamPaths, { entries }: TransferStanding): OpenedFile => {
  const opened = openRegularIfThere(files, paths.log, readAppend);
  if (opened !== undefined) return opened;
  if (entries > 0) throw diverged(paths.stream, "was in the target and is gone");
  return openRegular(files, paths.log, createAppend);
};

/** The byte behind the entries that have to stand there. Throws `COPY_DIVERGED` if others do. */
const findEnd = (
  { files }: CopyAccess,
  paths: StreamPaths,
  fd: number,
  { entries, head }: TransferStanding,
): number => {
  if (entries === 0) return 0;
  const read = entryReader(paths);
  const reader = openLineReader(files, fd, { from: 0 });
  let digest: string | null = null;
  for (let count = 1; ; count += 1) {
    const line = reader.next();
    if (line === undefined) break;
    const entry = read(line);
    if (entry._tag === "Commit") digest = entry.commit.events.at(-1)?.digest ?? digest;
    if (count === entries && digest === head.digest) return line.offset + line.length;
  }
  throw diverged(paths.stream, "does not hold what it held when the copy began");
};

/** What an earlier run has written of these lines stays; the rest goes behind it. */
const writeRest = (
  { files }: CopyAccess,
  paths: StreamPaths,
  { fd, status }: OpenedFile,
  offset: number,
  bytes: Buffer,
): void => {
  const size = files.fstat(fd).size;
  const stands = readFully(files, fd, offset, Math.max(0, Math.min(size - offset, bytes.length + 1)));
  if (size < offset || !bytes.subarray(0, stands.length).equals(stands))
    throw diverged(paths.stream, `holds other bytes at ${offset} in the target than the copy would write`);
  try {
    writeFully(files, fd, bytes.subarray(stands.length), null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EIO") setMark(files, paths);
    throw faultOf(error, "write", { stream: paths.stream, path: paths.log, size: status.size });
  }
};

const flush = ({ files, failpoint }: CopyAccess, paths: StreamPaths, fd: number): void => {
  refuseSuspect(files, paths);
  failpoint("transfer:flush");
  try {
    files.fdatasync(fd);
  } catch (error) {
    setMark(files, paths);
    throw flushFailed(error, "unknown", { stream: paths.stream, path: paths.log });
  }
};

/** By path, so that neither the writer's memory nor a file that is no longer there can pass for the log. */
const compare = (
  { files }: CopyAccess,
  { stream, log }: StreamPaths,
  written: OpenedFile,
  offset: number,
  bytes: Buffer,
): void => {
  const opened = openRegularIfThere(files, log, readOnly);
  try {
    const isSame =
      opened !== undefined &&
      opened.status.ino === written.status.ino &&
      opened.status.dev === written.status.dev;
    if (isSame && readFully(files, opened.fd, offset, bytes.length).equals(bytes)) return;
    throw new StoreFault(
      isSame ? "READBACK_FAILED" : "LOG_REPLACED",
      `the log of ${stream} does not give back what was copied into it`,
      {
        outcome: "unknown",
        retryable: true,
        hint: goOn,
        details: { stream, path: log, offset, length: bytes.length },
      },
    );
  } finally {
    if (opened !== undefined) files.close(opened.fd);
  }
};

const goOn = "Then run the same copy again: it goes on where it stopped.";

/** A part may stand already, and that does no harm: the next run completes it. */
const unfinished = (error: unknown, about: Readonly<Record<string, unknown>>): StoreFault => {
  const fault = faultOf(error, "write", about);
  const { code, message, retryable, hint, details } = fault;
  if (code === "COPY_DIVERGED" || hint?.includes(goOn) === true) return fault;
  return new StoreFault(code, message, {
    outcome: "unknown",
    retryable,
    hint: hint === undefined ? goOn : `${hint} ${goOn}`,
    details,
    cause: error,
  });
};

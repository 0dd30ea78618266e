/** Writing much and reading it back, block by block, with a running checksum over all of it. */
import { StoreFault } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import type { OpenedFile } from "../files/safe-files.ts";
import { writeFully } from "../files/write-file.ts";
import type { StreamPaths } from "../layout.ts";

export interface Written {
  readonly bytes: number;
  /** CRC-32 of all of it. */
  readonly sum: number;
}

const blockBytes = 65_536;

/** Asked for here and not imported: a command that rewrites nothing need not load zlib. */
const addTo = (sum: number, bytes: Buffer): number => process.getBuiltinModule("node:zlib").crc32(bytes, sum);

/** Writes from the start of a new file. What the disk does not take is an error of the disk. */
export const writeLines = (files: FilePort, fd: number, lines: Iterable<Buffer>): Written => {
  const block = Buffer.allocUnsafe(blockBytes);
  let filled = 0;
  let bytes = 0;
  let sum = 0;
  const put = (): void => {
    const taken = block.subarray(0, filled);
    writeFully(files, fd, taken, bytes);
    sum = addTo(sum, taken);
    bytes += filled;
    filled = 0;
  };
  for (const line of lines)
    for (let at = 0; at < line.length; ) {
      const count = line.copy(block, filled, at);
      at += count;
      filled += count;
      if (filled === blockBytes) put();
    }
  put();
  return { bytes, sum };
};

/** What stands in an open file. */
export const sumOf = (files: FilePort, fd: number): Written => {
  let bytes = 0;
  let sum = 0;
  for (const block of bytesOf(files, fd)) {
    sum = addTo(sum, block);
    bytes += block.length;
  }
  return { bytes, sum };
};

/** The bytes of an open file. Each block only until the next is asked for. */
export const bytesOf = function* (files: FilePort, fd: number): Generator<Buffer> {
  const block = Buffer.allocUnsafe(blockBytes);
  for (let position = 0; ; ) {
    const got = files.read(fd, block, 0, blockBytes, position);
    if (got === 0) return;
    position += got;
    yield block.subarray(0, got);
  }
};

/** Throws `LOG_REPLACED` or `READBACK_FAILED` if the path does not hold the file that was written, or not its bytes. */
export const compareLines = (
  files: FilePort,
  { stream, log }: StreamPaths,
  opened: OpenedFile | undefined,
  { dev, ino, bytes, sum }: Written & { readonly dev: number; readonly ino: number },
): void => {
  const details = { stream, path: log };
  if (opened === undefined || opened.status.dev !== dev || opened.status.ino !== ino)
    throw new StoreFault("LOG_REPLACED", `the log of ${stream} is not the file that was put there`, {
      outcome: "unknown",
      retryable: true,
      details,
    });
  const found = sumOf(files, opened.fd);
  if (found.bytes !== bytes || found.sum !== sum)
    throw new StoreFault("READBACK_FAILED", `the log of ${stream} does not hold what was written`, {
      outcome: "unknown",
      retryable: true,
      details,
    });
};

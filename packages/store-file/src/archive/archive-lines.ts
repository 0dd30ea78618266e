/** The lines of an archive, compressed or not, a block at a time: a file of any size is read with the memory of one line. */
import type { CancelSignal } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import { openRegular, readFully, readOnly } from "../files/safe-files.ts";
import { hardRecordBytes } from "../log/bounds.ts";
import { bytesOf } from "../rewrite/write-lines.ts";

/** Thrown for a file that cannot be an archive, or is no longer one. */
export class NoArchive extends Error {}

/** Each line without its LF, only until the next one is asked for. Throws {@link NoArchive}, or what the disk throws. */
export async function* archiveLines(
  files: FilePort,
  name: string,
  signal?: CancelSignal,
): AsyncGenerator<Buffer> {
  const { fd } = openRegular(files, name, readOnly);
  try {
    let rest: Buffer = Buffer.alloc(0);
    for await (const block of unpacked(files, fd)) {
      signal?.throwIfAborted();
      let from = 0;
      const bytes = rest.length === 0 ? block : Buffer.concat([rest, block]);
      for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, from)) {
        yield bytes.subarray(from, end);
        from = end + 1;
      }
      rest = Buffer.from(bytes.subarray(from));
      if (rest.length > hardRecordBytes)
        throw new NoArchive("it holds a line that is longer than any record");
    }
    if (rest.length > 0) throw new NoArchive("its last line is not whole");
  } finally {
    files.close(fd);
  }
}

const gzipMagic = Buffer.from([0x1f, 0x8b]);

async function* unpacked(files: FilePort, fd: number): AsyncGenerator<Buffer> {
  if (!readFully(files, fd, 0, gzipMagic.length).equals(gzipMagic)) {
    for (const block of bytesOf(files, fd)) yield Buffer.from(block);
    return;
  }
  const gunzip = process.getBuiltinModule("node:zlib").createGunzip();
  const { Readable } = process.getBuiltinModule("node:stream");
  const packed = Readable.from(copies(bytesOf(files, fd)));
  packed.once("error", (error) => gunzip.destroy(error));
  packed.pipe(gunzip);
  try {
    for await (const block of gunzip) yield block as Buffer;
  } catch (error) {
    if (String((error as NodeJS.ErrnoException).code).startsWith("Z_"))
      throw new NoArchive(`it cannot be unpacked: ${(error as Error).message}`);
    throw error;
  } finally {
    packed.destroy();
    gunzip.destroy();
  }
}

/** The reader's block is used again for the next one. */
function* copies(blocks: Iterable<Buffer>): Generator<Buffer> {
  for (const block of blocks) yield Buffer.from(block);
}

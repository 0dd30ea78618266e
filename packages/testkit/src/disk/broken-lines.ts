/** Stores that are broken where they write and read a log's lines, above all one that is torn. */
import type { BrokenDisk } from "./broken-disk.ts";
import { flippedLives, fullLives, isLog, one, tornLives } from "./crash-lives.ts";
import { errnoError } from "./errno.ts";
import { followDescriptors } from "./follow-descriptors.ts";

const seal = " #torn\n";
const lf = 10;
const bye = Uint8Array.of(0x62, 0x79, 0x65, lf);

export const brokenLines: readonly BrokenDisk[] = [
  {
    name: "reads back from its own memory",
    caughtBy: "nothing acknowledged is lost",
    lives: flippedLives,
    breakFiles: (files) => {
      const { pathOf, ...followed } = followDescriptors(files);
      const believed = new Map<string, Map<number, number>>();
      return {
        ...followed,
        write: (fd, buffer, offset, length, position) => {
          const at = files.fstat(fd).size;
          const count = files.write(fd, buffer, offset, length, position);
          if (position !== null) return count;
          const bytes = believed.get(pathOf(fd)) ?? new Map<number, number>();
          for (let index = 0; index < count; index += 1)
            bytes.set(at + index, buffer[offset + index] as number);
          believed.set(pathOf(fd), bytes);
          return count;
        },
        read: (fd, buffer, offset, length, position) => {
          const count = files.read(fd, buffer, offset, length, position);
          const bytes = believed.get(pathOf(fd));
          if (bytes === undefined) return count;
          for (let index = 0; index < count; index += 1)
            buffer[offset + index] = bytes.get(position + index) ?? (buffer[offset + index] as number);
          return count;
        },
      };
    },
  },
  {
    name: "cuts off a torn line",
    caughtBy: "nothing acknowledged is lost",
    lives: tornLives,
    breakFiles: (files) => ({
      ...files,
      open: (path, flags, mode) => {
        const fd = files.open(path, flags, mode);
        if (!isLog(path)) return fd;
        const { size } = files.fstat(fd);
        const bytes = new Uint8Array(size);
        files.read(fd, bytes, 0, size, 0);
        const end = bytes.lastIndexOf(lf) + 1;
        if (end === size) return fd;
        // As `truncate` would, were it in the port: the whole lines once more.
        const writeAndTruncate = 0o1002;
        const again = files.open(path, writeAndTruncate);
        files.write(again, bytes, 0, end, 0);
        files.fdatasync(again);
        files.close(again);
        return fd;
      },
    }),
  },
  {
    name: "writes behind a torn line without a seal",
    caughtBy: "a retry ends in exactly one",
    lives: tornLives,
    breakFiles: (files) => ({
      ...files,
      write: (fd, buffer, offset, length, position) => {
        const isSealed = [...seal].every(
          (character, index) => buffer[offset + index] === character.charCodeAt(0),
        );
        if (!isSealed) return files.write(fd, buffer, offset, length, position);
        return seal.length + files.write(fd, buffer, offset + seal.length, length - seal.length, position);
      },
    }),
  },
  {
    name: "leaves its signature in the log",
    caughtBy: "only the disk does damage",
    lives: [{ commands: one }],
    breakFiles: (files) => {
      const { pathOf, ...followed } = followDescriptors(files);
      const signed = new Map<number, string>();
      return {
        ...followed,
        write: (fd, buffer, offset, length, position) => {
          const count = files.write(fd, buffer, offset, length, position);
          if (position === null) signed.set(fd, pathOf(fd));
          return count;
        },
        close: (fd) => {
          if (signed.get(fd) === pathOf(fd)) files.write(fd, bye, 0, bye.length, null);
          signed.delete(fd);
          followed.close(fd);
        },
      };
    },
  },
  {
    name: "writes the rest of a short write later",
    caughtBy: "not written stays unwritten",
    lives: fullLives,
    breakFiles: (files) => {
      let rest: { readonly fd: number; readonly bytes: Uint8Array } | undefined;
      return {
        ...files,
        write: (fd, buffer, offset, length, position) => {
          const count = files.write(fd, buffer, offset, length, position);
          if (count < length)
            rest = { fd, bytes: new Uint8Array(buffer.subarray(offset + count, offset + length)) };
          return count;
        },
        close: (fd) => {
          if (rest?.fd === fd) files.write(fd, rest.bytes, 0, rest.bytes.length, null);
          files.close(fd);
        },
      };
    },
  },
  {
    name: "cannot read a log whose last line is torn",
    caughtBy: "the log can be read",
    lives: tornLives,
    breakFiles: (files) => ({
      ...files,
      open: (path, flags, mode) => {
        const fd = files.open(path, flags, mode);
        const { size } = files.fstat(fd);
        if (!isLog(path) || size === 0) return fd;
        const last = new Uint8Array(1);
        files.read(fd, last, 0, 1, size - 1);
        if (last[0] === lf) return fd;
        files.close(fd);
        throw errnoError("EIO", "open", path);
      },
    }),
  },
];

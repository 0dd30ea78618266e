/**
 * A disk whose flush fails once and then lies: the pages it could not write count as clean, reads find them in the cache, and
 * every later flush says yes. A remount shows what really stands on the disk.
 * Source: durability rules, section 2, fact 9.
 */
import fs from "node:fs";
import path from "node:path";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { errnoError } from "./faulty-files.ts";

export interface LyingDisk {
  readonly files: FilePort;
  /** The next flush of a file fails, after so many that do not. */
  failNextFlush(skip?: number): void;
  /** Drops what never reached the disk, in all files under a directory. Nothing may be open. */
  remount(directory: string): void;
}

interface Lost {
  readonly from: number;
  readonly to: number;
}

export const lyingDisk = (): LyingDisk => {
  const clean = new Map<number, number>();
  const lost = new Map<number, Lost[]>();
  let left: number | undefined;
  const flush = (fd: number): void => {
    const { ino, size } = nodeFiles.fstat(fd);
    const from = clean.get(ino) ?? 0;
    clean.set(ino, size);
    if (left === undefined || left-- > 0) return;
    left = undefined;
    lost.set(ino, [...(lost.get(ino) ?? []), { from, to: size }]);
    throw errnoError("EIO");
  };
  const filesUnder = (directory: string): string[] =>
    fs.readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
      const name = path.join(directory, entry.name);
      return entry.isDirectory() ? filesUnder(name) : [name];
    });
  return {
    files: {
      ...nodeFiles,
      open: (name, flags, mode) => {
        const fd = nodeFiles.open(name, flags, mode);
        const { ino, size } = nodeFiles.fstat(fd);
        // The file system gives an inode's number to the next file.
        if (size === 0) {
          clean.delete(ino);
          lost.delete(ino);
        }
        return fd;
      },
      fdatasync: flush,
      // Names are durable at once here; what becomes of them is tested elsewhere.
      fsync: () => {},
    },
    failNextFlush: (skip = 0) => {
      left = skip;
    },
    remount: (directory) => {
      for (const name of filesUnder(directory)) {
        const { ino, size } = fs.statSync(name);
        const bytes = fs.readFileSync(name).subarray(0, Math.min(size, clean.get(ino) ?? 0));
        let end = bytes.length;
        for (const { from, to } of (lost.get(ino) ?? []).toReversed()) {
          if (to >= end) end = Math.min(end, from);
          else bytes.fill(0, from, to);
        }
        if (/\.(?:jsonl)$/.test(name)) fs.writeFileSync(name, bytes.subarray(0, end));
      }
      clean.clear();
      lost.clear();
      for (const name of filesUnder(directory)) clean.set(fs.statSync(name).ino, fs.statSync(name).size);
    },
  };
};

/** The real disk: `node:fs`, and the kernel lock of `fs-native-extensions`, loaded when the first lock is taken. */
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { FilePort } from "./file-port.ts";

interface LockBinding {
  tryLock(fd: number, offset: number, length: number, exclusive: boolean): void;
  waitForLock(
    fd: number,
    offset: number,
    length: number,
    exclusive: boolean,
    request: object,
    done: (this: unknown, error: Error | null) => void,
  ): unknown;
  unlock(fd: number, offset: number, length: number): void;
}

let loaded: LockBinding | undefined;

/**
 * Requires the prebuilt binary itself. The package's own entry searches for it at every start, which takes 10 to 15 ms:
 * a third of what an empty node process costs, and so most of a cold command's allowance.
 */
const lockBinding = (): LockBinding => {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  const folder = path.dirname(require.resolve("fs-native-extensions"));
  const prebuilt = `${folder}/prebuilds/${process.platform}-${process.arch}/fs-native-extensions.node`;
  try {
    loaded = require(prebuilt) as LockBinding;
  } catch {
    loaded = require(`${folder}/binding.js`) as LockBinding;
  }
  return loaded;
};

const missingIsNoError: { throwIfNoEntry: false } = { throwIfNoEntry: false };

export const nodeFiles: FilePort = {
  open: (name, flags, mode) => fs.openSync(name, flags, mode),
  close: (fd) => fs.closeSync(fd),
  read: (fd, buffer, offset, length, position) => fs.readSync(fd, buffer, offset, length, position),
  write: (fd, buffer, offset, length, position) => fs.writeSync(fd, buffer, offset, length, position),
  fdatasync: (fd) => fs.fdatasyncSync(fd),
  fsync: (fd) => fs.fsyncSync(fd),
  fstat: (fd) => fs.fstatSync(fd),
  lstat: (name) => fs.lstatSync(name, missingIsNoError),
  mkdir: (name, mode) => {
    fs.mkdirSync(name, mode);
  },
  readdir: (name) => fs.readdirSync(name),
  realpath: (name) => fs.realpathSync.native(name),
  rename: (from, to) => fs.renameSync(from, to),
  unlink: (name) => fs.unlinkSync(name),
  fileSystemType: (name) => fs.statfsSync(name).type,
  tryLock: (fd) => {
    try {
      lockBinding().tryLock(fd, 0, 0, true);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return false;
      throw error;
    }
  },
  waitForLock: (fd) =>
    new Promise<void>((resolve, reject) => {
      const request: { handle?: unknown } = {};
      request.handle = lockBinding().waitForLock(fd, 0, 0, true, request, (error) =>
        error ? reject(error) : resolve(),
      );
    }),
  unlock: (fd) => lockBinding().unlock(fd, 0, 0),
};

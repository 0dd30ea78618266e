/** The real disk: `node:fs`, and the kernel lock of `fs-native-extensions`, loaded when the first lock is taken. */
import fs from "node:fs";
import type { FilePort } from "./file-port.ts";
import { type LoadLockBinding, type LockBinding, ownLockBinding } from "./lock-binding.ts";

const missingIsNoError: { throwIfNoEntry: false } = { throwIfNoEntry: false };

export interface NodeFilesOptions {
  /** @defaultValue from the package beside this one */
  readonly loadLockBinding?: LoadLockBinding;
}

/** The real disk with a way of its own to the binary of the kernel's locks, for programs that are packed in one file. */
export const nodeFilesWith = ({ loadLockBinding = ownLockBinding }: NodeFilesOptions = {}): FilePort => {
  let loaded: LockBinding | undefined;
  let failed: unknown;
  const binding = (): LockBinding => {
    if (loaded !== undefined) return loaded;
    if (failed !== undefined) throw failed;
    try {
      loaded = loadLockBinding();
      return loaded;
    } catch (error) {
      // What is only short for the moment says nothing about the system.
      if (isShortage(error)) throw Object.assign(new Error(String(error)), { code: "EMFILE" });
      failed = error ?? new Error("no binary");
      throw failed;
    }
  };
  return {
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
    link: (existing, name) => fs.linkSync(existing, name),
    fileSystemType: (name) => fs.statfsSync(name).type,
    hasKernelLocks: () => {
      try {
        binding();
        return true;
      } catch (error) {
        if (error === failed) return false;
        throw error;
      }
    },
    tryLock: (fd) => {
      try {
        binding().tryLock(fd, 0, 0, true);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EAGAIN") return false;
        throw error;
      }
    },
    waitForLock: (fd) =>
      new Promise<void>((resolve, reject) => {
        const request: { handle?: unknown } = {};
        request.handle = binding().waitForLock(fd, 0, 0, true, request, (error) =>
          error ? reject(error) : resolve(),
        );
      }),
    unlock: (fd) => binding().unlock(fd, 0, 0),
  };
};

const isShortage = (error: unknown): boolean => {
  const { code = "", message = "" } = (error ?? {}) as NodeJS.ErrnoException;
  return /^(EMFILE|ENFILE|ENOMEM)$/.test(code) || /too many open files|cannot allocate memory/i.test(message);
};

export const nodeFiles: FilePort = nodeFilesWith();

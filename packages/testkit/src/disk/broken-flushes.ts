/** Stores that are broken where they flush: too late, too little, or deaf to what a flush says. */
import type { BrokenDisk } from "./broken-disk.ts";
import { isLog, lyingLives, unflushedLives } from "./crash-lives.ts";
import { usualLives } from "./explore-crashes.ts";
import type { SimulatedFiles } from "./file-port.ts";
import { followDescriptors } from "./follow-descriptors.ts";

const nothing = (): void => {};

/** The port with another way to flush a log; other files are flushed as they should be. */
const flushingLogsBy = (files: SimulatedFiles, flush: (fd: number) => void): SimulatedFiles => {
  const { pathOf, ...followed } = followDescriptors(files);
  return {
    ...followed,
    fdatasync: (fd) => {
      if (isLog(pathOf(fd))) flush(fd);
      else files.fdatasync(fd);
    },
  };
};

export const brokenFlushes: readonly BrokenDisk[] = [
  {
    name: "never flushes a file",
    caughtBy: "nothing acknowledged is lost",
    lives: usualLives,
    breakFiles: (files) => flushingLogsBy(files, nothing),
  },
  {
    name: "flushes before it writes",
    caughtBy: "nothing acknowledged is lost",
    lives: usualLives,
    breakFiles: (files) => ({
      ...flushingLogsBy(files, nothing),
      write: (fd, ...rest) => {
        files.fdatasync(fd);
        return files.write(fd, ...rest);
      },
    }),
  },
  {
    name: "flushes after it has answered",
    caughtBy: "nothing acknowledged is lost",
    lives: usualLives,
    breakFiles: (files) => {
      let owed: number | undefined;
      return {
        ...flushingLogsBy(files, (fd) => {
          owed = fd;
        }),
        write: (fd, ...rest) => {
          if (owed !== undefined) files.fdatasync(owed);
          owed = undefined;
          return files.write(fd, ...rest);
        },
      };
    },
  },
  {
    name: "never flushes a directory",
    caughtBy: "nothing acknowledged is lost",
    lives: usualLives,
    breakFiles: (files) => ({
      ...files,
      fsync: (fd) => {
        if (!files.fstat(fd).isDirectory()) files.fsync(fd);
      },
    }),
  },
  {
    name: "flushes the directory before the log is in it",
    caughtBy: "nothing acknowledged is lost",
    lives: usualLives,
    breakFiles: (files) => {
      const { pathOf, ...followed } = followDescriptors(files);
      const begun = new Set<string>();
      return {
        ...followed,
        fsync: (fd) => {
          // Only as long as the directory is empty.
          const path = pathOf(fd);
          if (files.fstat(fd).isDirectory() && begun.has(path)) return;
          if (files.fstat(fd).isDirectory() && files.readdir(path).length > 0) return;
          begun.add(path);
          files.fsync(fd);
        },
      };
    },
  },
  {
    name: "flushes only what it wrote itself",
    caughtBy: "nothing acknowledged is lost",
    lives: unflushedLives,
    breakFiles: (files) => {
      const written = new Set<number>();
      return {
        ...files,
        write: (fd, ...rest) => {
          written.add(fd);
          return files.write(fd, ...rest);
        },
        fdatasync: (fd) => {
          if (written.has(fd)) files.fdatasync(fd);
        },
      };
    },
  },
  {
    name: "flushes again after a failed flush",
    caughtBy: "nothing acknowledged is lost",
    lives: lyingLives,
    breakFiles: (files) => ({
      ...files,
      fdatasync: (fd) => {
        try {
          files.fdatasync(fd);
        } catch {
          files.fdatasync(fd);
        }
      },
    }),
  },
  {
    name: "forgets that a flush has failed",
    caughtBy: "nothing acknowledged is lost",
    lives: lyingLives,
    breakFiles: (files) => ({
      ...files,
      lstat: (path) => (path.endsWith(".suspect") ? undefined : files.lstat(path)),
    }),
  },
  {
    name: "swallows the error of a flush",
    caughtBy: "nothing acknowledged is lost",
    lives: lyingLives,
    breakFiles: (files) => ({
      ...files,
      fdatasync: (fd) => {
        try {
          files.fdatasync(fd);
        } catch {
          // On purpose.
        }
      },
    }),
  },
];

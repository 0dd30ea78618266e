/** Runs programs whose calls on a database fail, are cut short or are their last: the library `inject.c` put before the C library. */
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const calls = {
  1: "open",
  2: "pread",
  3: "pwrite",
  4: "fsync",
  5: "ftruncate",
  6: "lock",
  7: "mmap",
  8: "unlink",
  9: "close",
  10: "unlock",
};
const targets = { 1: "database", 2: "-wal", 3: "-shm", 4: "-journal" };
export const actions = {
  fail: 1,
  killBefore: 2,
  killAfter: 3,
  cutAndKill: 4,
  cutShort: 5,
  stayFailed: 6,
};

const size = 4_096;
const traceAt = 64;

export const missingForInjector = () => {
  if (process.platform !== "linux") return "needs Linux, to put a library before the C library";
  return spawnSync("gcc", ["--version"], { stdio: "ignore" }).error === undefined
    ? undefined
    : "needs gcc, to make the library that lets calls fail";
};

/** Compiles the library; answers where it lies. */
export const buildInjector = (scratch) => {
  const library = path.join(scratch, "inject.so");
  const source = fileURLToPath(new URL("inject.c", import.meta.url));
  execFileSync("gcc", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]);
  return library;
};

/** The environment of a program whose databases are all named `database` and something. */
export const injectedEnv = ({ library, control, database }) => ({
  ...process.env,
  LD_PRELOAD: library,
  INJECT_CONTROL: control,
  INJECT_DATABASE: database,
});

export const makeControl = (name) => fs.writeFileSync(name, Buffer.alloc(size));

/** The side that tells the library what to do and hears what it saw, through a file that `makeControl` made. */
export const openControl = (name) => {
  const fd = fs.openSync(name, "r+");
  const bytes = Buffer.alloc(size);
  return {
    /** Begins to count; the call numbered `at` is acted upon, if there is one. Only calls of kind `only` count, if given. */
    arm: ({ at = 0, action = 0, errno = 0, only = 0 } = {}) => {
      bytes.fill(0, 0, traceAt);
      [1, at, action, errno, only === 0 ? 0 : 1 << only].forEach((value, index) => {
        bytes.writeInt32LE(value, 4 * index);
      });
      fs.writeSync(fd, bytes, 0, traceAt, 0);
    },
    /** Stops; answers what was counted. */
    disarm: () => {
      fs.readSync(fd, bytes, 0, size, 0);
      const seen = bytes.readInt32LE(24);
      const wasHit = bytes.readInt32LE(28) !== 0;
      const trace = Array.from(bytes.subarray(traceAt, traceAt + Math.min(seen, size - traceAt)), (byte) => ({
        call: byte >> 4,
        name: `${calls[byte >> 4]} of the ${targets[byte & 15]}`,
      }));
      bytes.fill(0, 0, traceAt);
      fs.writeSync(fd, bytes, 0, traceAt, 0);
      return { seen, wasHit, trace };
    },
    close: () => fs.closeSync(fd),
  };
};

/** The running process as an `Io`. With the bin, the only place that reads `process`. */

import fs from "node:fs";
import process from "node:process";
import { type CancelSignal, type Randomness, systemRandomness } from "@mission-ledger/core";
import type { Programs } from "../machine/programs.ts";
import type { Io, Output } from "./io.ts";
import { processPrograms } from "./process-programs.ts";

export const processIo = (signal?: CancelSignal, programs: Programs = processPrograms()): Io => ({
  programs,
  stdout: fileOutput(1),
  stderr: fileOutput(2),
  stdin: { [Symbol.asyncIterator]: readStandardInput },
  cwd: process.cwd(),
  env: process.env,
  randomness,
  ...(process.argv[1] === undefined ? {} : { program: [process.execPath, process.argv[1]] as const }),
  ...(signal === undefined ? {} : { signal }),
});

/** From the kernel's own source where it is a file: loading `node:crypto` costs more than most commands take. */
const randomness: Randomness = {
  uuid: () => {
    const bytes = randomBytes();
    if (bytes === undefined) return systemRandomness.uuid();
    bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
    const hex = bytes.toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  },
  fraction: () => Math.random(),
};

const randomBytes = (): Buffer | undefined => {
  if (process.platform !== "linux" && process.platform !== "darwin") return undefined;
  try {
    const fd = fs.openSync("/dev/urandom", "r");
    try {
      const bytes = Buffer.alloc(16);
      const isDevice = fs.fstatSync(fd).isCharacterDevice();
      return isDevice && fs.readSync(fd, bytes, 0, 16, null) === 16 ? bytes : undefined;
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return undefined;
  }
};

/**
 * A file descriptor as an output that has written everything when `write` is done, so that the process may end at any
 * time. Does without Node's streams, which cost more to load than most commands take.
 */
const fileOutput = (fd: 1 | 2): Output => ({
  get isTTY() {
    return isTerminal(fd);
  },
  get columns() {
    // 0 where the terminal was never told its size, as under `script` or in some containers.
    return (fd === 1 ? process.stdout : process.stderr).columns || 80;
  },
  write: (chunk) => {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk, "utf8") : chunk;
    const from = writeSome(fd, bytes, 0);
    return from === bytes.length ? true : writeRest(fd, bytes, from);
  },
});

/** Only a character device can be a terminal, and `/dev/null` is none; asking more costs loading `node:tty`. */
const isTerminal = (fd: 1 | 2): boolean => {
  try {
    const status = fs.fstatSync(fd);
    if (!status.isCharacterDevice()) return false;
    if (status.rdev === fs.statSync("/dev/null", { throwIfNoEntry: false })?.rdev) return false;
  } catch {
    return false;
  }
  return (fd === 1 ? process.stdout : process.stderr).isTTY === true;
};

/** Writes until done or until a pipe that does not block is full; answers where it stands. */
const writeSome = (fd: number, bytes: Uint8Array, from: number): number => {
  let at = from;
  while (at < bytes.length) {
    try {
      at += fs.writeSync(fd, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return at;
      throw error;
    }
  }
  return at;
};

const writeRest = async (fd: number, bytes: Uint8Array, from: number): Promise<true> => {
  for (let at = from; at < bytes.length; at = writeSome(fd, bytes, at))
    await new Promise((resolve) => setTimeout(resolve, 5));
  return true;
};

/** Standard input as it comes; a terminal and a closed input are empty, since nothing here ever asks. */
async function* readStandardInput(): AsyncGenerator<Uint8Array> {
  try {
    if (fs.fstatSync(0).isCharacterDevice() && process.stdin.isTTY === true) return;
  } catch {
    return;
  }
  for await (const chunk of process.stdin) yield chunk as Uint8Array;
}

/** What is asked of the machine that a program runs on: a few small files, `ps`, and its name. A test answers in its place. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { hostname, platform } from "node:os";
import { isProcessThere, type ProcessFacts, systemFacts } from "@mission-ledger/store-file";

export interface Machine {
  /** As Node calls it. */
  readonly platform: string;
  /** What Linux tells of processes; on other systems all of it is unreadable. */
  readonly facts: ProcessFacts;
  /** A file of a few bytes; `undefined` if there is none. */
  readText(file: string): string | undefined;
  /** What a program of the system prints; `undefined` if it fails or is not there. */
  ask(program: string, args: readonly string[]): string | undefined;
  /** Whether a process of that number is there, also one that may not be looked at. */
  isThere(pid: number): boolean;
  /** When the kernel's present run began, in milliseconds since 1970; `undefined` where nothing tells. */
  bootedAt(): number | undefined;
  hostName(): string;
}

const longestText = 4_096;

const readText: Machine["readText"] = (file) => {
  let fd: number | undefined;
  try {
    fd = fs.openSync(file, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
    const bytes = Buffer.alloc(longestText);
    return bytes.toString("utf8", 0, fs.readSync(fd, bytes, 0, longestText, 0));
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
};

export const systemMachine: Machine = {
  platform: platform(),
  facts: systemFacts,
  readText,
  ask: (program, args) => {
    try {
      const env = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C", TZ: "UTC" };
      return execFileSync(program, args, {
        env: platform() === "win32" ? {} : env,
        stdio: ["ignore", "pipe", "ignore"],
        timeout: 5_000,
        encoding: "utf8",
      });
    } catch {
      return undefined;
    }
  },
  isThere: isProcessThere,
  bootedAt: () => {
    const seconds = /^([0-9]+(?:\.[0-9]+)?) /.exec(readText("/proc/uptime") ?? "")?.[1];
    return seconds === undefined ? undefined : Date.now() - Number(seconds) * 1_000;
  },
  hostName: hostname,
};

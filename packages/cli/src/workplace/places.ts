/** Names for machines and directories that can be compared and tell nobody where they are. */
import path from "node:path";
import { sha256Hex } from "@mission-ledger/core";
import type { PlaceName } from "@mission-ledger/core/mission";
import { type Machine, systemMachine } from "../machine/machine.ts";

interface Identity {
  readonly id: string;
  /** Whether no other machine has it. */
  readonly isCertain: boolean;
}

const identities = new WeakMap<Machine, Identity>();

/**
 * What tells this machine from others. Source: machine-id(5), whose first use is this, never shown as it is; where a container
 * or a small system has none, the kernel's present run stands in for it. A host name alone is no proof.
 */
const identityOf = (machine: Machine): Identity => {
  const known = identities.get(machine);
  if (known !== undefined) return known;
  const found = certainId(machine);
  const identity =
    found === undefined
      ? { id: `host-name:${machine.hostName()}`, isCertain: false }
      : { id: found, isCertain: true };
  identities.set(machine, identity);
  return identity;
};

const certainId = (machine: Machine): string | undefined => {
  switch (machine.platform) {
    case "darwin":
      return match(
        machine.ask("/usr/sbin/ioreg", ["-rd1", "-c", "IOPlatformExpertDevice"]),
        /"IOPlatformUUID" = "([0-9A-F-]{36})"/,
      );
    case "win32":
      return match(
        machine.ask("reg", ["query", "HKLM\\SOFTWARE\\Microsoft\\Cryptography", "/v", "MachineGuid"]),
        /MachineGuid\s+REG_SZ\s+([0-9a-f-]{36})/i,
      );
    default:
      return (
        match(machine.readText("/etc/machine-id"), /^([0-9a-f]{32})\s*$/) ??
        match(machine.readText("/var/lib/dbus/machine-id"), /^([0-9a-f]{32})\s*$/) ??
        match(machine.readText("/etc/hostid"), /^([0-9a-f-]{36})\s*$/) ??
        match(machine.readText("/proc/sys/kernel/random/boot_id"), /^([0-9a-f-]{36})\s*$/)
      );
  }
};

const match = (text: string | undefined, pattern: RegExp): string | undefined =>
  text === undefined ? undefined : pattern.exec(text)?.[1];

/** As many hex digits as the log keeps. */
const nameLength = 32;

const hashed = (...parts: readonly string[]): string =>
  sha256Hex(["mission-ledger", ...parts].join("\0")).slice(0, nameLength);

/** The same for every process on this machine, and for no other machine. */
export const hostId = (machine: Machine = systemMachine): string => hashed(identityOf(machine).id);

/** Whether {@link hostId} is proof that two claims are of one machine. Without it nothing is said about a process. */
export const isHostCertain = (machine: Machine = systemMachine): boolean => identityOf(machine).isCertain;

const longestName = 200;

/**
 * The same for one directory on this machine, and for no other. Takes a real path: links and `..` would give one place two
 * names. Git's own folder is called after the one it lies in.
 */
export const placeName = (realPath: string, machine: Machine = systemMachine): PlaceName => {
  const last = path.basename(realPath);
  const said = last === ".git" ? path.basename(path.dirname(realPath)) : last;
  return {
    id: hashed(identityOf(machine).id, realPath),
    name: printable(said === "" ? realPath : said),
  };
};

/** As the log takes it: one line, not without end, and something to see. */
const printable = (name: string): string => {
  const line = name.slice(0, longestName).replaceAll(/\p{Cc}|\p{Cs}/gu, "\ufffd");
  return line.trim() === "" ? "\ufffd" : line;
};

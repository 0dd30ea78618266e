/** Which program holds a claim, and whether it is still there. */
import type { HoldingProgram } from "@mission-ledger/core/mission";
import type { ProcessIdentity } from "@mission-ledger/store-file";
import { type Machine, systemMachine } from "../machine/machine.ts";
import { hostId, isHostCertain } from "./places.ts";

/** Pid and time namespace of a Linux system itself. Source: include/linux/proc_ns.h, `PROC_PID_INIT_INO`. */
const firstNamespace = /^4026531836(?:-|$)/;

/** This process, as a claim names it; `undefined` where nobody could tell later whether it is still there. */
export const ownProgram = (machine: Machine = systemMachine): HoldingProgram | undefined => {
  return named(machine, machine.facts.own());
};

/** A program that runs on this machine, by its number, in the same way. */
export const programOf = (pid: number, machine: Machine = systemMachine): HoldingProgram | undefined =>
  named(machine, machine.facts.of(pid));

const named = (
  machine: Machine,
  { boot, namespace, pid, start }: ProcessIdentity,
): HoldingProgram | undefined => {
  if (!isHostCertain(machine)) return undefined;
  if (machine.platform === "linux")
    return [boot, namespace, start].includes("-")
      ? undefined
      : { pid, started: `${boot} ${namespace} ${start}` };
  const started = startByPs(machine, pid);
  return started === undefined ? undefined : { pid, started: `ps ${started}` };
};

/**
 * `false` is certain and for ever: no such process is left. `undefined` is not known from here, and no reason to do anything.
 * `seenAlive` is when the program last gave a sign of life, in milliseconds since 1970.
 */
export const isProgramAlive = (
  program: HoldingProgram,
  host: string,
  machine: Machine = systemMachine,
  seenAlive?: number,
): boolean | undefined => {
  const { pid, started } = program;
  if (!Number.isSafeInteger(pid) || pid < 1) return undefined;
  if (!isHostCertain(machine) || host !== hostId(machine)) return undefined;
  const byPs = /^ps (.+)$/.exec(started)?.[1];
  if (machine.platform !== "linux") {
    if (byPs === undefined) return undefined;
    const now = startByPs(machine, pid);
    if (now !== undefined) return now === byPs;
    return machine.isThere(pid) ? undefined : false;
  }
  const parts = /^([0-9a-f-]{36}) ([0-9]+(?:-[0-9]*)?) ([0-9]+)$/.exec(started);
  if (parts === null) return undefined;
  const [, boot = "", namespace = "", start = ""] = parts;
  return judged(machine, { boot, namespace, pid, start }, seenAlive);
};

const judged = (
  machine: Machine,
  program: ProcessIdentity,
  seenAlive: number | undefined,
): boolean | undefined => {
  const { facts } = machine;
  if (program.boot !== facts.own().boot && !isEarlierBoot(machine, program, seenAlive)) return undefined;
  switch (facts.judge(program)) {
    case "alive":
      return true;
    case "dead":
      return false;
    case "unknown":
      return undefined;
  }
};

/**
 * Containers of one image, and copies of one virtual machine, may have one machine id: there another boot is not an earlier one.
 * What gave a sign of life while this system was up did not run on it before.
 */
const isEarlierBoot = (
  machine: Machine,
  { namespace }: ProcessIdentity,
  seenAlive: number | undefined,
): boolean => {
  if (!firstNamespace.test(namespace) || !firstNamespace.test(machine.facts.own().namespace)) return false;
  const bootedAt = machine.bootedAt();
  return seenAlive !== undefined && bootedAt !== undefined && seenAlive < bootedAt;
};

/** When a process began, in UTC and to the second; `undefined` if there is none, or no `ps`. */
const startByPs = (machine: Machine, pid: number): string | undefined => {
  if (machine.platform === "win32") return undefined;
  const said = machine
    .ask("ps", ["-o", "lstart=", "-p", String(pid)])
    ?.trim()
    .replaceAll(/\s+/g, " ");
  return said === undefined || said === "" ? undefined : said;
};

/**
 * Simulated processes that take, hold and give back one generation lock, interleaved at every single call of the disk, and
 * killed there. The lock's code is synchronous, so nobody can stop in the middle of it; instead a process that is preempted
 * is thrown out, and later runs again from its start with the answers it got before, up to where it was.
 */
import type { FilePort } from "../files/file-port.ts";
import { watchNames } from "../files/name-watch.ts";
import { generationLock } from "../lock/generation-lock.ts";
import type { ProcessFacts, ProcessIdentity } from "../lock/process-facts.ts";
import { simulatedDisk } from "./simulated-disk.ts";

export interface LockSimulation {
  /** Rounds of try, hold and release in which the lock was taken. */
  readonly acquisitions: number;
  readonly kills: number;
  /** Kills of a process that held the lock. */
  readonly killedHolders: number;
  readonly powerCuts: number;
  readonly calls: number;
  /** Times that a process made a generation and saw that it came too late. */
  readonly withdrawals: number;
  /** Rounds that ended with an error of the disk. */
  readonly faults: number;
  /** Moments at which two held the lock; the simulation ends with the first. */
  readonly doubles: readonly string[];
  /** Most tries in a row, by all together, that did not get the lock although nobody had it. */
  readonly longestWait: number;
  /** Most names that lay in the lock's directory at once. */
  readonly mostNames: number;
}

export interface LockSimulationOptions {
  readonly fraction: () => number;
  readonly acquisitions: number;
  /** Chance of a kill at a call. */
  readonly killChance: number;
  /** Chance of a power cut at a call. @defaultValue 0 */
  readonly powerCutChance?: number;
  /** Chance that another process runs before the next call. @defaultValue 0.1 */
  readonly switchChance?: number;
  /** @defaultValue 5 */
  readonly processes?: number;
  /** Milliseconds of `performance.now()` at which it ends. @defaultValue never */
  readonly deadline?: number;
  /** Spoils the disk, to see whether the simulation notices. @defaultValue nothing */
  readonly spoilDisk?: (files: FilePort) => FilePort;
  /** Spoils what is said about processes. @defaultValue nothing */
  readonly spoilJudge?: (judge: ProcessFacts["judge"]) => ProcessFacts["judge"];
}

const preempted = Symbol("preempted");
const [locks, lockPath, generations] = ["/lock", "/lock/a.lock", "/lock/generation/a.lock"];
/** What a holder does meanwhile. */
const heldCalls = 4;
/** Few, so that they are used again. */
const pids = 12;

interface Simulated {
  readonly identity: ProcessIdentity;
  /** Goes on with its round; answers the calls it made before it was thrown out or done. */
  run(): number;
  holds: boolean;
}

export const simulateLock = ({
  fraction,
  acquisitions: goal,
  killChance,
  powerCutChance = 0,
  switchChance = 0.1,
  processes = 5,
  deadline = Number.POSITIVE_INFINITY,
  spoilDisk = (files) => files,
  spoilJudge = (judge) => judge,
}: LockSimulationOptions): LockSimulation => {
  const { files: disk, names, cutPower } = simulatedDisk();
  disk.mkdir(locks, 0o700);
  const spoiled = spoilDisk(disk);
  const count = {
    acquisitions: 0,
    kills: 0,
    killedHolders: 0,
    powerCuts: 0,
    calls: 0,
    withdrawals: 0,
    faults: 0,
    longestWait: 0,
    mostNames: 0,
  };
  const doubles: string[] = [];
  const living: Simulated[] = [];
  let [boots, starts, waited] = [1, 0, 0];
  const pick = (choices: number): number => Math.floor(fraction() * choices);
  const bootId = (): string => boots.toString(16).padStart(36, "0");
  const judge = spoilJudge(({ boot, pid, start }) => {
    const lives = living.some(({ identity }) => identity.pid === pid && identity.start === start);
    return boot === bootId() && lives ? "alive" : "dead";
  });

  const refused = (linked: boolean): void => {
    if (linked) count.withdrawals += 1;
    waited = living.some(({ holds }) => holds) ? 0 : waited + 1;
    count.longestWait = Math.max(count.longestWait, waited);
  };
  const entered = (process: Simulated): void => {
    const other = living.find(({ holds }) => holds);
    if (other !== undefined)
      doubles.push(`call ${count.calls}: pids ${other.identity.pid} and ${process.identity.pid}`);
    process.holds = true;
    waited = 0;
    count.acquisitions += 1;
    count.mostNames = Math.max(count.mostNames, names(generations).length);
  };

  const spawn = (): Simulated => {
    starts += 1;
    let pid = 1 + pick(pids);
    while (living.some(({ identity }) => identity.pid === pid)) pid = 1 + pick(pids);
    const identity = { boot: bootId(), namespace: "1", pid, start: String(starts) };
    /** What the calls of this round answered or threw so far. */
    let answers: { readonly value?: unknown; readonly error?: unknown }[] = [];
    let [at, made, ids, rounds, linked] = [0, 0, 0, 0, false];
    const call = <A>(action: () => A): A => {
      const known = answers[at];
      if (known === undefined && made > 0 && (made === Infinity || fraction() < switchChance)) {
        made = Infinity; // what it does on its way out reaches nothing
        throw preempted;
      }
      at += 1;
      if (known === undefined) {
        made += 1;
        count.calls += 1;
        try {
          const value = action();
          answers.push({ value });
          return value;
        } catch (error) {
          answers.push({ error });
          throw error;
        }
      }
      if (known.error !== undefined) throw known.error;
      return known.value as A;
    };
    const files: FilePort = {
      ...disk,
      open: (name, flags, mode) => call(() => spoiled.open(name, flags, mode)),
      close: (fd) => call(() => spoiled.close(fd)),
      read: (fd, buffer, offset, length, position) => {
        const bytes = call(() => {
          const got = Buffer.alloc(length);
          return got.subarray(0, spoiled.read(fd, got, 0, length, position));
        });
        bytes.copy(buffer, offset);
        return bytes.length;
      },
      write: (fd, buffer, offset, length, position) =>
        call(() => spoiled.write(fd, buffer, offset, length, position)),
      fstat: (fd) => call(() => spoiled.fstat(fd)),
      lstat: (name) => call(() => spoiled.lstat(name)),
      mkdir: (name, mode) => call(() => spoiled.mkdir(name, mode)),
      readdir: (name) => call(() => spoiled.readdir(name)),
      realpath: (name) => call(() => spoiled.realpath(name)),
      unlink: (name) => call(() => spoiled.unlink(name)),
      link: (existing, name) => {
        call(() => spoiled.link(existing, name));
        linked = true;
      },
    };
    const round = (): void => {
      const lock = generationLock({
        files,
        path: lockPath,
        facts: {
          own: () => identity,
          of: () => identity,
          judge: (other) => call(() => judge(other)),
          kernelHolder: () => undefined,
        },
        clock: { now: () => 0 },
        randomness: { uuid: () => `${rounds}-${++ids}`, fraction: () => 0 },
        failpoint: () => {},
        names: watchNames(files, locks, { now: () => 0 }),
      });
      if (!lock.tryAcquire()) call(() => refused(linked));
      else {
        call(() => entered(process));
        for (let step = 0; step < heldCalls; step += 1) call(() => {});
        call(() => {
          process.holds = false;
        });
        lock.release();
      }
      lock.close();
    };
    const process: Simulated = {
      identity,
      holds: false,
      run: () => {
        [at, made, ids, linked] = [0, 0, 0, false];
        const before = count.calls;
        try {
          round();
        } catch (error) {
          if (error !== preempted) count.faults += 1;
        }
        if (made !== Infinity) {
          answers = [];
          rounds += 1;
        }
        return count.calls - before;
      },
    };
    return process;
  };

  for (let index = 0; index < processes; index += 1) living.push(spawn());
  while (count.acquisitions < goal && doubles.length === 0 && performance.now() < deadline) {
    const turn = pick(processes);
    const process = living[turn] as Simulated;
    const calls = process.run();
    // It has stopped anywhere in its round, also while it holds.
    if (fraction() < killChance * calls) {
      count.kills += 1;
      if (process.holds) count.killedHolders += 1;
      living[turn] = spawn();
    }
    if (fraction() < powerCutChance * calls) {
      boots += 1;
      count.powerCuts += 1;
      cutPower(() => fraction() < 0.3);
      for (let index = 0; index < processes; index += 1) living[index] = spawn();
    }
  }
  return { ...count, doubles };
};

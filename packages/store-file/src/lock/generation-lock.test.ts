import { seededRandomness } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import type { FilePort } from "../files/file-port.ts";
import { watchNames } from "../files/name-watch.ts";
import { errnoError } from "../testing/faulty-files.ts";
import { simulateLock } from "../testing/lock-simulation.ts";
import { simulatedDisk } from "../testing/simulated-disk.ts";
import { generationLock } from "./generation-lock.ts";
import { holderOf } from "./holder.ts";
import type { LedgerLock } from "./ledger-lock.ts";
import type { Liveness, ProcessFacts, ProcessIdentity } from "./process-facts.ts";

const path = "/lock/a.lock";
const folder = "/lock/generation/a.lock";
const identityOf = (pid: number): ProcessIdentity => ({
  boot: "0".repeat(36),
  namespace: "1",
  pid,
  start: String(pid * 10),
});

/** Processes by number that share a disk; what is said of them can be set. */
const machine = () => {
  const { files, names } = simulatedDisk();
  files.mkdir("/lock", 0o700);
  const said = new Map<number, Liveness>();
  const factsOf = (pid: number): ProcessFacts => ({
    own: () => identityOf(pid),
    of: identityOf,
    judge: (other) => said.get(other.pid) ?? "alive",
    kernelHolder: () => undefined,
  });
  let ids = 0;
  const lockOf = (pid: number, port: FilePort = files): LedgerLock =>
    generationLock({
      files: port,
      path,
      facts: factsOf(pid),
      clock: { now: () => 0 },
      randomness: { uuid: () => String(++ids), fraction: () => 0 },
      failpoint: () => {},
      names: watchNames(port, "/lock", { now: () => 0 }),
    });
  const holder = () => holderOf({ files, facts: factsOf(99), path, kind: "generation" });
  return { files, names: () => names(folder), said, lockOf, holder };
};

/** A disk that a process reaches only so many times: then it is dead. */
const dyingAfter = (files: FilePort, calls: number): FilePort => {
  let left = calls;
  return Object.fromEntries(
    Object.entries(files).map(([name, method]) => [
      name,
      (...parameters: never[]) => {
        left -= 1;
        if (left < 0) throw errnoError("EDEAD");
        return (method as (...all: never[]) => unknown)(...parameters);
      },
    ]),
  ) as unknown as FilePort;
};

describe("a lock of plain files", () => {
  test("keeps others out, also of its own process, until it is given back", () => {
    const { lockOf, holder } = machine();
    const [first, second, third] = [lockOf(1), lockOf(1), lockOf(2)];
    expect(first.tryAcquire()).toBe(true);
    expect(second.tryAcquire()).toBe(false);
    expect(third.tryAcquire()).toBe(false);
    expect(holder()).toMatchObject({ pid: 1, state: "alive", proven: true });
    first.release();
    expect(holder()).toBeUndefined();
    expect(third.tryAcquire()).toBe(true);
    expect(first.tryAcquire()).toBe(false);
    third.close();
    expect(second.tryAcquire()).toBe(true);
  });

  test("leaves one name behind, however often it was taken", () => {
    const { lockOf, names } = machine();
    const locks = [lockOf(1), lockOf(2)];
    for (let turn = 0; turn < 20; turn += 1)
      for (const lock of locks) {
        expect(lock.tryAcquire()).toBe(true);
        lock.release();
      }
    expect(names()).toEqual([`${"0".repeat(36)}.000000000040`]);
  });

  test("of a process that died goes to the next; of one that cannot be judged it does not", () => {
    const { lockOf, said } = machine();
    expect(lockOf(1).tryAcquire()).toBe(true);
    said.set(1, "unknown");
    expect(lockOf(2).tryAcquire()).toBe(false);
    said.set(1, "dead");
    expect(lockOf(2).tryAcquire()).toBe(true);
    expect(lockOf(3).tryAcquire()).toBe(false);
  });

  test("that cannot be read is not free", () => {
    const { files, lockOf } = machine();
    const lock = lockOf(1);
    lock.tryAcquire();
    lock.release();
    const fd = files.open(`${folder}/${"0".repeat(36)}.000000000001`, 2);
    files.write(fd, Buffer.from("????"), 0, 4, 0);
    expect(lockOf(2).tryAcquire()).toBe(false);
  });

  test("of a process that dies at any call is taken by the next one, which leaves nothing of it behind", () => {
    let calls = 0;
    for (let whole = false; !whole; calls += 1) {
      const { files, lockOf, names, said } = machine();
      const dying = lockOf(1, dyingAfter(files, calls));
      try {
        if (dying.tryAcquire()) dying.release();
        dying.close();
        files.readdir(folder);
        whole = !names().some((name) => name.includes("draft")) && calls > 20;
      } catch {
        // It died.
      }
      said.set(1, "dead");
      const next = lockOf(2);
      expect(next.tryAcquire(), `after ${calls} calls`).toBe(true);
      expect(lockOf(3).tryAcquire(), `after ${calls} calls`).toBe(false);
      next.release();
      // A draft is deleted when a dead holder was found, or by and by.
      expect(names().length, `after ${calls} calls`).toBeLessThanOrEqual(2);
      if (calls > 100) throw new Error("it never ends");
    }
    expect(calls).toBeGreaterThan(20);
  });

  test("is taken anew when its generations were deleted", () => {
    const { files, lockOf, names } = machine();
    const lock = lockOf(1);
    lock.tryAcquire();
    lock.release();
    for (const name of names()) files.unlink(`${folder}/${name}`);
    files.unlink(folder);
    expect([lock.tryAcquire(), lock.tryAcquire()]).toEqual([false, true]);
  });

  test("is given back later if the disk refuses it for a moment", () => {
    const { files, lockOf } = machine();
    let broken = false;
    const lock = lockOf(1, {
      ...files,
      write: (fd, bytes, offset, length, position) => {
        if (broken) throw errnoError("EIO");
        return files.write(fd, bytes, offset, length, position);
      },
    });
    lock.tryAcquire();
    broken = true;
    lock.release();
    expect(lockOf(2).tryAcquire()).toBe(false);
    broken = false;
    expect(lock.tryAcquire()).toBe(true);
    lock.release();
    expect(lockOf(2).tryAcquire()).toBe(true);
  });
});

describe("simulated processes at one lock of plain files", () => {
  const run = (seed: number, changes: Partial<Parameters<typeof simulateLock>[0]> = {}) =>
    simulateLock({
      fraction: seededRandomness(seed).fraction,
      acquisitions: 2_000,
      killChance: 0.002,
      powerCutChance: 0.000_02,
      ...changes,
    });

  test.each([1, 2, 3])("never hold it two at once, whoever is killed wherever (seed %i)", (seed) => {
    const result = run(seed);
    expect(result).toMatchObject({ doubles: [], acquisitions: 2_000, faults: 0 });
    expect(result.kills).toBeGreaterThan(150);
    expect(result.killedHolders).toBeGreaterThan(5);
    // Each of these would have been a second holder, had it not looked again.
    expect(result.withdrawals).toBeGreaterThan(100);
    expect(result.longestWait).toBeLessThan(200);
    expect(result.mostNames).toBeLessThan(50);
  });

  test("are caught holding it twice when a name can be taken twice", () => {
    const overwriting = (files: FilePort): FilePort => ({
      ...files,
      link: (existing, name) => {
        if (files.lstat(name) !== undefined) files.unlink(name);
        files.link(existing, name);
      },
    });
    expect(run(1, { spoilDisk: overwriting }).doubles).toHaveLength(1);
  });

  test("are caught holding it twice when the living are taken for dead", () => {
    expect(run(1, { spoilJudge: () => () => "dead" }).doubles).toHaveLength(1);
  });

  test("do the same again with the same seed", () => {
    expect(run(7, { acquisitions: 300 })).toEqual(run(7, { acquisitions: 300 }));
  });
});

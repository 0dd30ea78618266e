/**
 * A lock of plain files, for systems without a binary of the kernel lock. Every holder has a generation of its own: a numbered
 * file, made with `link(2)`, so that of all who want a number one gets it. The highest number holds the lock. It is never
 * deleted and never used again: its holder frees it, one waiter surpasses it once it is free or its process is gone, and only
 * then it is deleted. So two waiters can never both take over: they want the same number.
 *
 * A number that was deleted could be linked again by a waiter that slept. It then sees a higher one, and withdraws.
 *
 * Names carry the id of the boot: after a power cut nothing has to be believed that was never flushed, and numbers start anew.
 */
import path from "node:path";
import { type Clock, type Failpoint, type Randomness, StoreFault } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import type { NameWatch } from "../files/name-watch.ts";
import { unsafeFile } from "../files/safe-files.ts";
import { removeQuietly } from "../files/write-file.ts";
import { freedText, generationName, parseName } from "./claim.ts";
import { generationsOf, highestNumber, makeGeneration, newestGeneration } from "./generation-files.ts";
import type { LedgerLock } from "./ledger-lock.ts";
import { namedFile } from "./named-file.ts";
import { pause } from "./pause.ts";
import { type ProcessFacts, unreadable } from "./process-facts.ts";

export interface GenerationLockOptions {
  readonly files: FilePort;
  readonly path: string;
  readonly facts: ProcessFacts;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly failpoint: Failpoint;
  readonly names: NameWatch;
}

/** Drafts of dead processes are looked for when a dead holder was found, and once in so many generations. */
const draftsEvery = 256;

export const generationLock = ({
  files,
  path: lockPath,
  facts,
  clock,
  randomness,
  failpoint,
  names,
}: GenerationLockOptions): LedgerLock => {
  const directory = generationsOf(lockPath);
  const file = namedFile(files, lockPath, names);
  let prepared = false;
  /** Of the generation that this lock holds, or could not free. */
  let held: number | undefined;

  const prepare = (boot: string): void => {
    if (prepared) return;
    if (boot === unreadable && process.platform === "linux") throw noFacts(lockPath);
    for (const name of [path.dirname(directory), directory]) {
      try {
        files.mkdir(name, 0o700);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      if (!files.lstat(name)?.isDirectory()) throw unsafeFile(name, "is not a directory");
    }
    prepared = true;
  };
  /** What fails here is tried again with the next call; at the latest it ends with the process. */
  const free = (): boolean => {
    if (held === undefined) return true;
    try {
      files.write(held, freedText, 0, freedText.length, 0);
      files.close(held);
    } catch {
      return false;
    }
    held = undefined;
    return true;
  };
  const isOver = (name: string, number: number, boot: string, drafts: boolean): boolean => {
    const parsed = parseName(name);
    if (parsed === undefined) return false;
    if (parsed._tag === "Generation") return parsed.boot !== boot || parsed.number < number;
    return parsed.maker.boot !== boot || (drafts && facts.judge(parsed.maker) === "dead");
  };

  const take = (): boolean => {
    if (!free()) return false;
    const holder = facts.own();
    const { boot } = holder;
    prepare(boot);
    const before = newestGeneration(files, directory, boot);
    if (before === undefined || (before.number > 0 && before.claim === undefined)) return false;
    const robbed = before.claim?.held === true;
    if (robbed && facts.judge((before.claim as NonNullable<typeof before.claim>).holder) !== "dead")
      return false;
    const number = before.number + 1;
    const claim = { held: true, holder, since: new Date(clock.now()).toISOString() };
    held = makeGeneration({ files, directory, claim, number, id: randomness.uuid(), failpoint });
    if (held === undefined) return false;
    failpoint("lock:check");
    const present = files.readdir(directory);
    if (highestNumber(present, boot) !== number) {
      removeQuietly(files, path.join(directory, generationName(boot, number)));
      free();
      return false;
    }
    failpoint("lock:clean");
    const drafts = robbed || number % draftsEvery === 0;
    for (const name of present)
      if (isOver(name, number, boot, drafts)) removeQuietly(files, path.join(directory, name));
    file.descriptor();
    while (!file.isStillThere("look")) file.descriptor();
    return true;
  };

  return {
    path: lockPath,
    kind: "generation",
    tryAcquire: () => {
      try {
        return take();
      } catch (error) {
        const isGone = prepared && (error as NodeJS.ErrnoException).code === "ENOENT";
        prepared = false;
        free();
        if (isGone) return false; // somebody deleted the generations: they are made again
        throw error;
      }
    },
    waitFree: (milliseconds, signal) => pause(Math.min(milliseconds, 1 + 4 * randomness.fraction()), signal),
    descriptor: file.descriptor,
    release: () => {
      failpoint("lock:release");
      free();
    },
    close: () => {
      free();
      file.close();
    },
  };
};

const noFacts = (lockPath: string): StoreFault =>
  new StoreFault("STORE_UNAVAILABLE", `${lockPath} cannot be locked: /proc tells nothing about processes`, {
    outcome: "not_written",
    retryable: false,
    hint: "Mount /proc; without it a lock of plain files cannot tell the living from the dead.",
    details: { path: lockPath },
  });

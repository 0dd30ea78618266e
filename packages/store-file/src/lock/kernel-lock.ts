/**
 * The kernel's lock on a file that is never deleted. It dies with its process, works from one process to the next, across pid
 * namespaces, and between two stores of one process.
 */
import type { CancelSignal, Randomness } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import type { NameWatch } from "../files/name-watch.ts";
import { openRegular, readWriteCreate } from "../files/safe-files.ts";
import type { LedgerLock } from "./ledger-lock.ts";
import { cancellablePause, pause } from "./pause.ts";

export interface KernelLockOptions {
  readonly files: FilePort;
  readonly path: string;
  readonly randomness: Randomness;
  readonly names: NameWatch;
  /** Called with a descriptor that was just opened, once it is locked. @defaultValue nothing */
  readonly opened?: (fd: number) => void;
}

/**
 * Waits that may block a thread of node's pool at once; it has four, and others need them too. Further waiters ask again
 * every few milliseconds.
 */
const mostBlockedThreads = 2;
let blockedThreads = 0;

export const kernelLock = ({
  files,
  path,
  randomness,
  names,
  opened = () => {},
}: KernelLockOptions): LedgerLock => {
  let fd: number | undefined;
  let ino = 0;
  let dev = 0;
  let isNew = false;
  let checked = -1;

  const open = (): number => {
    if (fd !== undefined) return fd;
    const file = openRegular(files, path, readWriteCreate);
    ({ ino, dev } = file.status);
    isNew = true;
    checked = -1;
    fd = file.fd;
    return fd;
  };
  const close = (): void => {
    const open = fd;
    fd = undefined;
    if (open !== undefined) files.close(open);
  };
  /** Somebody may have put another file in its place: then others lock that one, and ours keeps nobody out. */
  const isStillThere = (looked: boolean): boolean => {
    const generation = looked ? names.latest : names.generation();
    if (generation === checked) return true;
    const status = files.lstat(path);
    if (status?.ino === ino && status.dev === dev) {
      checked = generation;
      return true;
    }
    close();
    return false;
  };
  const locked = (looked: boolean): boolean => {
    try {
      if (!isStillThere(looked)) return false;
      if (isNew && fd !== undefined) opened(fd);
      isNew = false;
      return true;
    } catch (error) {
      close(); // nobody would release it
      throw error;
    }
  };

  /** Blocks a thread; if the deadline comes first, the lock is given back as soon as it is got. */
  const waitBlocked = async (milliseconds: number, signal: CancelSignal | undefined): Promise<boolean> => {
    const waiting = open();
    blockedThreads += 1;
    let abandoned = false;
    const got = files.waitForLock(waiting).then(
      () => {
        blockedThreads -= 1;
        if (abandoned) files.close(waiting);
        return true;
      },
      (error: unknown) => {
        blockedThreads -= 1;
        if (!abandoned) throw error;
        files.close(waiting);
        return false;
      },
    );
    const deadline = cancellablePause(milliseconds, signal);
    if (await Promise.race([got, deadline.over]).finally(deadline.cancel)) return locked(false);
    abandoned = true;
    fd = undefined;
    return false;
  };

  return {
    path,
    tryAcquire: (names = "look") => files.tryLock(open()) && locked(names === "looked"),
    waitFree: (milliseconds, signal) =>
      blockedThreads < mostBlockedThreads
        ? waitBlocked(milliseconds, signal)
        : pause(Math.min(milliseconds, 1 + 4 * randomness.fraction()), signal),
    descriptor: open,
    release: () => {
      if (fd === undefined) return;
      try {
        files.unlock(fd);
      } catch {
        close(); // which releases it too
      }
    },
    close,
  };
};

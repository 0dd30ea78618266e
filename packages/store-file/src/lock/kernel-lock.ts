/**
 * The kernel's lock on a file that is never deleted. It dies with its process, works from one process to the next, across pid
 * namespaces, and between two stores of one process.
 */
import type { CancelSignal, Randomness } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import type { NameWatch } from "../files/name-watch.ts";
import type { LedgerLock } from "./ledger-lock.ts";
import { namedFile } from "./named-file.ts";
import { cancellablePause, pause } from "./pause.ts";

export interface KernelLockOptions {
  readonly files: FilePort;
  readonly path: string;
  readonly randomness: Randomness;
  readonly names: NameWatch;
}

/**
 * Waits that may block a thread of node's pool at once; it has four, and others need them too. Further waiters ask again
 * every few milliseconds.
 */
const mostBlockedThreads = 2;
let blockedThreads = 0;

export const kernelLock = ({ files, path, randomness, names }: KernelLockOptions): LedgerLock => {
  const file = namedFile(files, path, names);
  const confirmed = (look: "look" | "looked"): boolean => {
    try {
      return file.isStillThere(look);
    } catch (error) {
      file.close(); // nobody would release it
      throw error;
    }
  };
  /** Blocks a thread; if the deadline comes first, the lock is given back as soon as it is got. */
  const waitBlocked = async (milliseconds: number, signal: CancelSignal | undefined): Promise<boolean> => {
    const waiting = file.descriptor();
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
    if (await Promise.race([got, deadline.over]).finally(deadline.cancel)) return confirmed("look");
    abandoned = true;
    file.abandon();
    return false;
  };
  return {
    path,
    kind: "kernel",
    tryAcquire: (look = "look") => files.tryLock(file.descriptor()) && confirmed(look),
    waitFree: (milliseconds, signal) =>
      blockedThreads < mostBlockedThreads
        ? waitBlocked(milliseconds, signal)
        : pause(Math.min(milliseconds, 1 + 4 * randomness.fraction()), signal),
    descriptor: file.descriptor,
    release: () => {
      if (!file.isOpen) return;
      try {
        files.unlock(file.descriptor());
      } catch {
        file.close(); // which releases it too
      }
    },
    close: file.close,
  };
};

/** The lock of a stream, waited for until a deadline. */
import {
  type CancelSignal,
  type Clock,
  type Failpoint,
  type Randomness,
  StoreFault,
} from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import type { NameWatch } from "../files/name-watch.ts";
import { kernelLock } from "./kernel-lock.ts";
import { lastSignature, sign } from "./signature.ts";

export interface StreamLockOptions {
  readonly files: FilePort;
  readonly path: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly failpoint: Failpoint;
  /** Milliseconds that never step back. */
  readonly elapsed: () => number;
  readonly names: NameWatch;
}

export interface StreamLock {
  /** Takes the lock if it is free: no waiting, no promise. */
  tryAcquire(): boolean;
  /** Waits for the lock. Throws `LOCK_TIMEOUT`, or what the signal aborts with; answers the milliseconds waited. */
  acquire(signal?: CancelSignal): Promise<number>;
  release(): void;
  close(): void;
}

export const streamLock = ({
  files,
  path,
  timeoutMs,
  clock,
  randomness,
  failpoint,
  elapsed,
  names,
}: StreamLockOptions): StreamLock => {
  const lock = kernelLock({ files, path, randomness, names, opened: (fd) => sign(files, fd, clock.now()) });
  const tryAcquire = (): boolean => {
    failpoint("append:lock");
    return lock.tryAcquire();
  };
  return {
    tryAcquire,
    acquire: async (signal) => {
      const began = elapsed();
      for (let left = timeoutMs; ; left = timeoutMs - (elapsed() - began)) {
        signal?.throwIfAborted();
        if (left <= 0) throw timedOut(files, path, timeoutMs);
        if (await lock.waitFree(left, signal)) return elapsed() - began;
        signal?.throwIfAborted();
        if (tryAcquire()) return elapsed() - began;
      }
    },
    release: lock.release,
    close: lock.close,
  };
};

const timedOut = (files: FilePort, path: string, timeoutMs: number): StoreFault => {
  const holder = lastSignature(files, path);
  return new StoreFault("LOCK_TIMEOUT", `another process has held ${path} for ${timeoutMs} ms`, {
    outcome: "not_written",
    retryable: true,
    hint:
      holder === undefined
        ? "Try again."
        : `Try again, or look at process ${holder.pid}, which signed the lock at ${holder.since}.`,
    details: { path, timeoutMs, ...(holder === undefined ? {} : { holder }) },
  });
};

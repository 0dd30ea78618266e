/**
 * The lock of a stream: a kernel lock on a file beside the log that is never deleted. It dies with its process, works from
 * one process to the next and between two stores of one process, and only keeps the log tidy: the log's order is the truth.
 */
import {
  type CancelSignal,
  type Clock,
  type Failpoint,
  type Randomness,
  StoreFault,
} from "@mission-ledger/core";
import type { FilePort } from "./files/file-port.ts";
import type { NameWatch } from "./files/name-watch.ts";
import { openRegular, readFully, readWriteCreate } from "./files/safe-files.ts";

export interface LockOptions {
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

/**
 * Waits that may block a thread of node's pool at once; it has four, and others need them too. Further waiters ask again
 * every few milliseconds.
 */
const mostBlockedThreads = 2;
let blockedThreads = 0;

export const streamLock = ({
  files,
  path,
  timeoutMs,
  clock,
  randomness,
  failpoint,
  elapsed,
  names,
}: LockOptions): StreamLock => {
  let fd: number | undefined;
  let ino = 0;
  let dev = 0;
  let signed = false;
  let checked = -1;

  const open = (): number => {
    if (fd !== undefined) return fd;
    const opened = openRegular(files, path, readWriteCreate);
    ({ ino, dev } = opened.status);
    signed = false;
    checked = -1;
    fd = opened.fd;
    return fd;
  };
  const close = (): void => {
    const open = fd;
    fd = undefined;
    if (open !== undefined) files.close(open);
  };
  /** Somebody may have put another file in its place: then others lock that one, and ours keeps nobody out. */
  const isStillThere = (): boolean => {
    const generation = names.generation();
    if (generation === checked) return true;
    const status = files.lstat(path);
    if (status?.ino === ino && status.dev === dev) {
      checked = generation;
      return true;
    }
    close();
    return false;
  };
  /** Who holds it, for the one who waits in vain. Once per process, since it costs a write. */
  const sign = (): void => {
    if (signed || fd === undefined) return;
    signed = true;
    const text = Buffer.from(`${`${process.pid} ${new Date(clock.now()).toISOString()}`.padEnd(47)}\n`);
    try {
      files.write(fd, text, 0, text.length, 0);
    } catch {
      // Only a hint for an error message.
    }
  };
  const tryOnce = (): boolean => {
    failpoint("append:lock");
    if (!files.tryLock(open())) return false;
    if (!isStillThere()) return false;
    sign();
    return true;
  };

  /** Blocks a thread; if the deadline comes first, the lock is given back as soon as it is got. */
  const waitBlocked = async (milliseconds: number, signal: CancelSignal | undefined): Promise<boolean> => {
    const waiting = open();
    blockedThreads += 1;
    let abandoned = false;
    const locked = files.waitForLock(waiting).then(
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
    const got = await Promise.race([locked, deadline.over]).finally(deadline.cancel);
    if (got === true) {
      if (!isStillThere()) return false;
      sign();
      return true;
    }
    abandoned = true;
    fd = undefined;
    return false;
  };

  return {
    tryAcquire: tryOnce,
    acquire: async (signal) => {
      const began = elapsed();
      for (let left = timeoutMs; ; left = timeoutMs - (elapsed() - began)) {
        signal?.throwIfAborted();
        if (left <= 0) throw timedOut(files, path, timeoutMs);
        if (blockedThreads < mostBlockedThreads) {
          if (await waitBlocked(left, signal)) return elapsed() - began;
        } else await pause(Math.min(left, 1 + 4 * randomness.fraction()), signal);
        signal?.throwIfAborted();
        if (tryOnce()) return elapsed() - began;
      }
    },
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

/** Over after a time, when the signal aborts, or when it is cancelled, so that nothing keeps the process waiting. */
const cancellablePause = (
  milliseconds: number,
  signal?: CancelSignal,
): { readonly over: Promise<false>; cancel(): void } => {
  let cancel = (): void => {};
  const over = new Promise<false>((resolve) => {
    cancel = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
      resolve(false);
    };
    const timer = setTimeout(cancel, Math.max(0, milliseconds));
    signal?.addEventListener("abort", cancel);
  });
  return { over, cancel };
};

/** Resolves after a time, or when the signal aborts. */
export const pause = (milliseconds: number, signal?: CancelSignal): Promise<false> =>
  cancellablePause(milliseconds, signal).over;

const timedOut = (files: FilePort, path: string, timeoutMs: number): StoreFault => {
  const holder = lastHolder(files, path);
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

/** The process that last signed the lock. Perhaps not the one that holds it now: signing again costs a write each time. */
const lastHolder = (
  files: FilePort,
  path: string,
): { readonly pid: number; readonly since: string } | undefined => {
  try {
    const { fd } = openRegular(files, path, readWriteCreate);
    try {
      const parts = /^([0-9]+) (\S+)/.exec(readFully(files, fd, 0, 48).toString("latin1"));
      return parts === null ? undefined : { pid: Number(parts[1]), since: parts[2] as string };
    } finally {
      files.close(fd);
    }
  } catch {
    return undefined;
  }
};

/** The lock of a stream, waited for until a deadline. */
import { type CancelSignal, type Clock, type Failpoint, StoreFault } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import { holderOf, type LockHolder } from "./holder.ts";
import type { LedgerLock } from "./ledger-lock.ts";
import type { ProcessFacts } from "./process-facts.ts";
import { sign } from "./signature.ts";

export interface StreamLockOptions {
  readonly files: FilePort;
  readonly lock: LedgerLock;
  readonly facts: ProcessFacts;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly failpoint: Failpoint;
  /** Milliseconds that never step back. */
  readonly elapsed: () => number;
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
  lock,
  facts,
  timeoutMs,
  clock,
  failpoint,
  elapsed,
}: StreamLockOptions): StreamLock => {
  const signed = (taken: boolean): boolean => {
    // A generation says by itself whose it is.
    if (taken && lock.kind === "kernel")
      sign(files, lock.descriptor(), {
        held: true,
        holder: facts.own(),
        since: new Date(clock.now()).toISOString(),
      });
    return taken;
  };
  const tryAcquire = (): boolean => {
    failpoint("append:lock");
    return signed(lock.tryAcquire());
  };
  return {
    tryAcquire,
    acquire: async (signal) => {
      const began = elapsed();
      for (let left = timeoutMs; ; left = timeoutMs - (elapsed() - began)) {
        signal?.throwIfAborted();
        if (left <= 0) throw lockTimeout({ files, facts, lock, timeoutMs });
        if (signed(await lock.waitFree(left, signal))) return elapsed() - began;
        signal?.throwIfAborted();
        if (tryAcquire()) return elapsed() - began;
      }
    },
    release: lock.release,
    close: lock.close,
  };
};

/** The fault for one who waited in vain: names the holder where it is certain, else the last one known. */
export const lockTimeout = ({
  files,
  facts,
  lock: { path, kind },
  timeoutMs,
}: {
  readonly files: FilePort;
  readonly facts: ProcessFacts;
  readonly lock: Pick<LedgerLock, "path" | "kind">;
  readonly timeoutMs: number;
}): StoreFault => {
  const holder = holderOf({ files, facts, path, kind });
  return new StoreFault("LOCK_TIMEOUT", `another writer has held ${path} for ${timeoutMs} ms`, {
    outcome: "not_written",
    retryable: true,
    hint: holder === undefined ? "Try again." : hintFor(holder, path),
    details: { path, timeoutMs, kind, ...(holder === undefined ? {} : { holder: { ...holder } }) },
  });
};

const hintFor = ({ pid, since, state, proven }: LockHolder, path: string): string => {
  const at = since === null ? "" : ` since ${since}`;
  if (!proven)
    return `Process ${pid} was the last one known to have it${at}; who has it now cannot be seen from here. Try again.`;
  if (state === "unknown")
    return `Process ${pid} has it${at}, and whether it lives cannot be seen from here. If it is gone: ${forced(path)}.`;
  return `Process ${pid} has it${at}. If it hangs, continue or end it: its lock ends with it. Then try again.`;
};

/** The lock for the order of all writes belongs to no mission. */
const forced = (path: string): string =>
  path.endsWith("order") ? "mled unlock --force" : "mled unlock <mission> --force";

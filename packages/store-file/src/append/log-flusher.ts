/**
 * Flushes outside the stream's lock, so that others may write meanwhile, and so that one process's flush serves all who
 * wrote before it began. Flushes of one log still come one after the other, under a lock of their own: a failed one leaves
 * its mark before the next may begin, so none succeeds behind one that has failed.
 *
 * The lock's file says how far the last flush reached. What it says is believed only by a process that has seen it change
 * since before its own write, about a file that it has held open all the while: nothing old is ever believed.
 */
import { type Outcome, StoreFault } from "@mission-ledger/core";
import { flushFailed } from "../faults.ts";
import { readFully } from "../files/safe-files.ts";
import { crc32 } from "../log/checksum.ts";
import type { LogHandle } from "../log/log-handle.ts";
import type { StreamView } from "../stream-view/stream-view.ts";
import { markSuspect, refuseSuspect } from "./refusals.ts";
import type { StoreContext } from "./store-context.ts";

export interface LogFlusher {
  /**
   * Whether to flush before the stream's lock is released, since there is no lock for flushes: locks of plain files cost more
   * than they would save here, and one more of them would be one more that a dead holder may leave behind.
   */
  readonly isInsideLock: boolean;
  /**
   * Remembers what is said of flushes now: to be called while the log is open, before what is to be flushed is written.
   * Opens what the flush will need, so that a want of descriptors shows before the write.
   */
  note(isContended: boolean): void;
  /** Makes the log durable up to `end`. Throws with `outcome` if that did not succeed, or if an earlier flush has failed. */
  flush(log: LogHandle, end: number, outcome: Outcome): Promise<void>;
  close(): void;
}

/** Appends after which a process that has met nobody no longer tells others how far its flushes reach. */
const remembersOthers = 64;

const textLength = 72;

export const logFlusher = (context: StoreContext, view: StreamView): LogFlusher => {
  const { files, locks, randomness, elapsed, failpoint } = context;
  const { stream, flush: path } = view.paths;
  const lock = locks.at(path);
  let others = 0;
  let noted: string | undefined;

  const said = (): string => readFully(files, lock.descriptor(), 0, textLength).toString("latin1");

  /** Whether a flush that was reported since the note has reached `end`. */
  const isCovered = ({ dev, ino }: LogHandle, end: number): boolean => {
    if (noted === undefined) return false;
    const now = said();
    if (now === noted) return false;
    const reached = parseReached(now);
    return reached !== undefined && reached.dev === dev && reached.ino === ino && reached.size >= end;
  };

  const flushLocked = (log: LogHandle, end: number, outcome: Outcome): void => {
    if (isCovered(log, end)) return;
    // Taking the lock was a look at the names, so a mark that was left before is seen.
    refuseSuspect(context, view, outcome);
    const size = others > 0 ? files.fstat(log.fd).size : end;
    failpoint("append:flush");
    try {
      files.fdatasync(log.fd);
    } catch (error) {
      markSuspect(context, view);
      throw flushFailed(error, outcome, { stream });
    }
    if (others > 0) report(log, size);
  };

  /** Not flushed itself, and best effort: whoever cannot read it flushes once more. */
  const report = ({ dev, ino }: LogHandle, size: number): void => {
    const number = (parseReached(said())?.number ?? Math.floor(randomness.fraction() * 1e9)) + 1;
    try {
      files.write(lock.descriptor(), reachedText({ number, dev, ino, size }), 0, textLength, 0);
    } catch {
      // Then nobody's flush is spared.
    }
  };

  const isInsideLock = (): boolean => lock.kind === "generation";

  return {
    get isInsideLock() {
      return isInsideLock();
    },
    note: (isContended) => {
      if (isInsideLock()) return;
      others = isContended ? remembersOthers : Math.max(0, others - 1);
      lock.descriptor();
      noted = others > 0 ? said() : undefined;
    },
    flush: async (log, end, outcome) => {
      if (isInsideLock()) {
        flushLocked(log, end, outcome);
        return;
      }
      const deadline = context.deadline();
      for (let got = lock.tryAcquire(); !got; ) {
        others = remembersOthers;
        if (isCovered(log, end)) return;
        const left = deadline - elapsed();
        if (left <= 0) throw busy(stream, path, outcome);
        got = (await lock.waitFree(left)) || lock.tryAcquire();
      }
      try {
        flushLocked(log, end, outcome);
      } finally {
        lock.release();
      }
    },
    close: lock.close,
  };
};

interface Reached {
  /** Rises with each report. */
  readonly number: number;
  readonly dev: number;
  readonly ino: number;
  /** Of the log, before the flush began. */
  readonly size: number;
}

const reachedText = ({ number, dev, ino, size }: Reached): Buffer => {
  const text = [number, dev, ino, size].map((part) => String(part).padStart(15)).join(" ");
  return Buffer.from(`${text}${crc32(Buffer.from(text)).toString(16).padStart(8, "0")}\n`);
};

const parseReached = (text: string): Reached | undefined => {
  const [number = Number.NaN, dev = Number.NaN, ino = Number.NaN, size = Number.NaN] = [0, 1, 2, 3].map(
    (index) => Number(text.slice(16 * index, 16 * index + 15)),
  );
  const reached = { number, dev, ino, size };
  return reachedText(reached).toString("latin1") === text ? reached : undefined;
};

const busy = (stream: string, path: string, outcome: Outcome): StoreFault =>
  new StoreFault(
    "LOCK_TIMEOUT",
    `another process keeps ${path} locked, so the log of ${stream} was not flushed`,
    {
      outcome,
      retryable: true,
      hint: "What was written may not survive a power cut: repeat the command with the same command id.",
      details: { stream, path },
    },
  );

/**
 * The order of all writes to a ledger. Each record carries a number; `lock/order` holds the highest one given out, and is
 * itself the kernel lock under which numbers are given. The order on the disk is: record first, then the counter. So whoever
 * reads a counter finds every record up to it.
 *
 * The counter is not flushed. A power cut may lose it, so it names the boot it was written in, and in another boot the last
 * records of all logs are asked instead.
 */

import type { Failpoint, Randomness } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import { openRegularIfThere, readFully, readOnly } from "../files/safe-files.ts";
import type { Layout } from "../layout.ts";
import type { LedgerLocks } from "../lock/ledger-locks.ts";
import { pause } from "../lock/pause.ts";
import type { ProcessFacts } from "../lock/process-facts.ts";
import { lockTimeout } from "../lock/stream-lock.ts";
import { crc32 } from "../log/checksum.ts";
import { highestSeq } from "./highest-seq.ts";

export interface LedgerOrder {
  /**
   * Runs `section` while nobody else gives out numbers. It gets the highest number given out, and answers the highest
   * number it used, or `undefined` if it used none. Answers a promise only if it has to wait.
   */
  exclusively(section: (highest: number) => number | undefined, deadline: number): Promise<void> | undefined;
  /** The highest number up to which all records stand in the logs. Takes no lock and writes nothing. */
  current(): number;
  close(): void;
}

export interface OrderOptions {
  readonly files: FilePort;
  readonly layout: Layout;
  readonly randomness: Randomness;
  readonly failpoint: Failpoint;
  /** Milliseconds that never step back. */
  readonly elapsed: () => number;
  readonly locks: LedgerLocks;
  readonly processes: ProcessFacts;
}

const textLength = 64;
/** The holder writes one record and leaves, so asking again at once mostly succeeds. */
const spins = 64;

export const ledgerOrder = ({
  files,
  layout,
  randomness,
  failpoint,
  elapsed,
  locks,
  processes,
}: OrderOptions): LedgerOrder => {
  const lock = locks.at(layout.order);
  let boot: string | undefined;
  const scratch = Buffer.alloc(textLength);

  const bootId = (): string => (boot ??= readBootId(files) ?? randomness.uuid());
  const read = (from: number): number | undefined => {
    const got = files.read(from, scratch, 0, textLength, 0);
    return parseCounter(scratch, got, bootId());
  };
  /** The record stands, with a number that the counter does not cover. What cannot be parsed makes everybody ask the logs. */
  const disbelieve = (): void => {
    try {
      files.write(lock.descriptor(), Buffer.from("?"), 0, 1, 0);
    } catch {
      // Then the next writer of its stream sees that its number is higher, and raises the counter.
    }
  };
  // Entered and left without an await between: the lock belongs to the descriptor, which all streams of this process share.
  const run = (section: (highest: number) => number | undefined): void => {
    try {
      const stored = read(lock.descriptor());
      const used = section(stored ?? highestSeq(files, layout));
      if (used === undefined || (stored !== undefined && used <= stored)) return;
      failpoint("order:write");
      try {
        if (files.write(lock.descriptor(), counterText(used, bootId()), 0, textLength, 0) < textLength)
          disbelieve();
      } catch {
        disbelieve();
        lock.close();
      }
    } finally {
      lock.release();
    }
  };
  const whenFree = async (
    section: (highest: number) => number | undefined,
    deadline: number,
  ): Promise<void> => {
    const began = elapsed();
    for (;;) {
      if (elapsed() > deadline)
        throw lockTimeout({ files, facts: processes, lock, timeoutMs: Math.round(elapsed() - began) });
      await pause(1 + 2 * randomness.fraction());
      if (lock.tryAcquire()) return run(section);
    }
  };

  return {
    exclusively: (section, deadline) => {
      for (let tries = 0; tries < spins; tries += 1)
        if (lock.tryAcquire("looked")) {
          run(section);
          return undefined;
        }
      return whenFree(section, deadline);
    },
    current: () => {
      for (let tries = 0; tries < 8; tries += 1) {
        const opened = openRegularIfThere(files, layout.order, readOnly);
        if (opened === undefined) break;
        try {
          const text = readFully(files, opened.fd, 0, textLength);
          const counter = parseCounter(text, text.length, bootId());
          if (counter !== undefined) return counter;
        } finally {
          files.close(opened.fd);
        }
      }
      return highestSeq(files, layout);
    },
    close: lock.close,
  };
};

const counterText = (counter: number, boot: string): Buffer => {
  const text = `${String(counter).padStart(16, "0")} ${boot.padEnd(36).slice(0, 36)} `;
  return Buffer.from(`${text}${crc32(Buffer.from(text)).toString(16).padStart(8, "0")} \n`);
};

const parseCounter = (bytes: Buffer, length: number, boot: string): number | undefined => {
  if (length < textLength) return undefined;
  const counter = Number(bytes.toString("latin1", 0, 16));
  if (!Number.isSafeInteger(counter)) return undefined;
  return bytes.toString("latin1", 0, textLength) === counterText(counter, boot).toString("latin1")
    ? counter
    : undefined;
};

const readBootId = (files: FilePort): string | undefined => {
  try {
    const opened = openRegularIfThere(files, "/proc/sys/kernel/random/boot_id", readOnly);
    if (opened === undefined) return undefined;
    try {
      const text = readFully(files, opened.fd, 0, 36).toString("latin1");
      return /^[0-9a-f-]{36}$/.test(text) ? text : undefined;
    } finally {
      files.close(opened.fd);
    }
  } catch {
    return undefined;
  }
};

/**
 * Stores that are broken where they meet the disk: each has one deliberate fault, lives that bring it out, and the check that
 * has to see it. They say whether a crash test can be trusted, and they are made from any store on the simulated disk's port.
 */
import { type EventBatch, type EventStore, isStoreFault, StoreFault } from "@mission-ledger/core";
import { changed, withOperations } from "../broken/wrapping.ts";
import type { CrashCheck } from "./crash-checks.ts";
import type { CallFault, DiskCall, Intercept } from "./disk-calls.ts";
import { errnoError } from "./errno.ts";
import { type Life, usualLives } from "./explore-crashes.ts";
import type { SimulatedFiles } from "./file-port.ts";
import { followDescriptors } from "./follow-descriptors.ts";

export interface BrokenDisk {
  readonly name: string;
  readonly caughtBy: CrashCheck;
  readonly lives: readonly Life[];
  /** Breaks the port that one process is given. */
  readonly breakFiles?: (files: SimulatedFiles) => SimulatedFiles;
  readonly breakStore?: (store: EventStore) => EventStore;
}

/** Answers with a fault at the nth call that fits. */
export const atCall =
  (fits: (call: DiskCall) => boolean, fault: CallFault, nth = 1): (() => Intercept) =>
  () => {
    let left = nth;
    return (call) => {
      if (!fits(call)) return undefined;
      left -= 1;
      return left === 0 ? fault : undefined;
    };
  };

/** Longer than what locks and counters write of themselves. */
const isRecord = ({ name, length }: DiskCall): boolean => name === "write" && length > 128;
const isLog = (path: string): boolean => path.endsWith(".jsonl");
const isFlush = ({ name, path }: DiskCall): boolean => name === "fdatasync" && isLog(path);
const one = [{ commandId: "c1" }];
const two = [{ commandId: "c1" }, { commandId: "c2", events: 2 }];

/** The second record is torn by the death of its writer, and another process comes after it. */
export const tornLives: readonly Life[] = [
  { commands: two, faults: atCall(isRecord, { _tag: "Torn", bytes: 100 }, 2) },
  { commands: [{ commandId: "c2", events: 2 }, { commandId: "c3" }] },
];
/** The writer dies between the write and the flush of its second record. */
export const unflushedLives: readonly Life[] = [
  { commands: two, faults: atCall(isFlush, { _tag: "Dies", when: "before" }, 2) },
  { commands: [{ commandId: "c2", events: 2 }] },
];
/** The second flush fails once; from then on the disk says yes. */
export const lyingLives: readonly Life[] = [
  { commands: two, faults: atCall(isFlush, { _tag: "FlushLost", errno: "EIO" }, 2) },
  { commands: [{ commandId: "c2", events: 2 }] },
];
/** The second write takes a part only. */
export const fullLives: readonly Life[] = [
  { commands: two, tries: 1, faults: atCall(isRecord, { _tag: "Short", bytes: 150 }, 2) },
];
/** A bit of the second record comes out wrong. */
export const flippedLives: readonly Life[] = [
  { commands: two, doesDamage: true, faults: atCall(isRecord, { _tag: "Flipped", bit: 900 }, 2) },
];

/** Every way of life above, by name. */
export const crashLives: Readonly<Record<string, readonly Life[]>> = {
  usual: usualLives,
  torn: tornLives,
  unflushed: unflushedLives,
  lying: lyingLives,
  full: fullLives,
  flipped: flippedLives,
};

const nothing = (): void => {};
const seal = " #torn\n";
const lf = 10;
const bye = Uint8Array.of(0x62, 0x79, 0x65, lf);

/** The port with another way to flush a log; other files are flushed as they should be. */
const flushingLogsBy = (files: SimulatedFiles, flush: (fd: number) => void): SimulatedFiles => {
  const { pathOf, ...followed } = followDescriptors(files);
  return {
    ...followed,
    fdatasync: (fd) => {
      if (isLog(pathOf(fd))) flush(fd);
      else files.fdatasync(fd);
    },
  };
};

export const brokenDisks: readonly BrokenDisk[] = [
  {
    name: "never flushes a file",
    caughtBy: "nothing acknowledged is lost",
    lives: usualLives,
    breakFiles: (files) => flushingLogsBy(files, nothing),
  },
  {
    name: "flushes before it writes",
    caughtBy: "nothing acknowledged is lost",
    lives: usualLives,
    breakFiles: (files) => ({
      ...flushingLogsBy(files, nothing),
      write: (fd, ...rest) => {
        files.fdatasync(fd);
        return files.write(fd, ...rest);
      },
    }),
  },
  {
    name: "flushes after it has answered",
    caughtBy: "nothing acknowledged is lost",
    lives: usualLives,
    breakFiles: (files) => {
      let owed: number | undefined;
      return {
        ...flushingLogsBy(files, (fd) => {
          owed = fd;
        }),
        write: (fd, ...rest) => {
          if (owed !== undefined) files.fdatasync(owed);
          owed = undefined;
          return files.write(fd, ...rest);
        },
      };
    },
  },
  {
    name: "never flushes a directory",
    caughtBy: "nothing acknowledged is lost",
    lives: usualLives,
    breakFiles: (files) => ({
      ...files,
      fsync: (fd) => {
        if (!files.fstat(fd).isDirectory()) files.fsync(fd);
      },
    }),
  },
  {
    name: "flushes the directory before the log is in it",
    caughtBy: "nothing acknowledged is lost",
    lives: usualLives,
    breakFiles: (files) => {
      const { pathOf, ...followed } = followDescriptors(files);
      const begun = new Set<string>();
      return {
        ...followed,
        fsync: (fd) => {
          // Only as long as the directory is empty.
          const path = pathOf(fd);
          if (files.fstat(fd).isDirectory() && begun.has(path)) return;
          if (files.fstat(fd).isDirectory() && files.readdir(path).length > 0) return;
          begun.add(path);
          files.fsync(fd);
        },
      };
    },
  },
  {
    name: "flushes only what it wrote itself",
    caughtBy: "nothing acknowledged is lost",
    lives: unflushedLives,
    breakFiles: (files) => {
      const written = new Set<number>();
      return {
        ...files,
        write: (fd, ...rest) => {
          written.add(fd);
          return files.write(fd, ...rest);
        },
        fdatasync: (fd) => {
          if (written.has(fd)) files.fdatasync(fd);
        },
      };
    },
  },
  {
    name: "flushes again after a failed flush",
    caughtBy: "nothing acknowledged is lost",
    lives: lyingLives,
    breakFiles: (files) => ({
      ...files,
      fdatasync: (fd) => {
        try {
          files.fdatasync(fd);
        } catch {
          files.fdatasync(fd);
        }
      },
    }),
  },
  {
    name: "forgets that a flush has failed",
    caughtBy: "nothing acknowledged is lost",
    lives: lyingLives,
    breakFiles: (files) => ({
      ...files,
      lstat: (path) => (path.endsWith(".suspect") ? undefined : files.lstat(path)),
    }),
  },
  {
    name: "swallows the error of a flush",
    caughtBy: "nothing acknowledged is lost",
    lives: lyingLives,
    breakFiles: (files) => ({
      ...files,
      fdatasync: (fd) => {
        try {
          files.fdatasync(fd);
        } catch {
          // On purpose.
        }
      },
    }),
  },
  {
    name: "reads back from its own memory",
    caughtBy: "nothing acknowledged is lost",
    lives: flippedLives,
    breakFiles: (files) => {
      const { pathOf, ...followed } = followDescriptors(files);
      const believed = new Map<string, Map<number, number>>();
      return {
        ...followed,
        write: (fd, buffer, offset, length, position) => {
          const at = files.fstat(fd).size;
          const count = files.write(fd, buffer, offset, length, position);
          if (position !== null) return count;
          const bytes = believed.get(pathOf(fd)) ?? new Map<number, number>();
          for (let index = 0; index < count; index += 1)
            bytes.set(at + index, buffer[offset + index] as number);
          believed.set(pathOf(fd), bytes);
          return count;
        },
        read: (fd, buffer, offset, length, position) => {
          const count = files.read(fd, buffer, offset, length, position);
          const bytes = believed.get(pathOf(fd));
          if (bytes === undefined) return count;
          for (let index = 0; index < count; index += 1)
            buffer[offset + index] = bytes.get(position + index) ?? (buffer[offset + index] as number);
          return count;
        },
      };
    },
  },
  {
    name: "cuts off a torn line",
    caughtBy: "nothing acknowledged is lost",
    lives: tornLives,
    breakFiles: (files) => ({
      ...files,
      open: (path, flags, mode) => {
        const fd = files.open(path, flags, mode);
        if (!isLog(path)) return fd;
        const { size } = files.fstat(fd);
        const bytes = new Uint8Array(size);
        files.read(fd, bytes, 0, size, 0);
        const end = bytes.lastIndexOf(lf) + 1;
        if (end === size) return fd;
        // As `truncate` would, were it in the port: the whole lines once more.
        const writeAndTruncate = 0o1002;
        const again = files.open(path, writeAndTruncate);
        files.write(again, bytes, 0, end, 0);
        files.fdatasync(again);
        files.close(again);
        return fd;
      },
    }),
  },
  {
    name: "writes behind a torn line without a seal",
    caughtBy: "a retry ends in exactly one",
    lives: tornLives,
    breakFiles: (files) => ({
      ...files,
      write: (fd, buffer, offset, length, position) => {
        const isSealed = [...seal].every(
          (character, index) => buffer[offset + index] === character.charCodeAt(0),
        );
        if (!isSealed) return files.write(fd, buffer, offset, length, position);
        return seal.length + files.write(fd, buffer, offset + seal.length, length - seal.length, position);
      },
    }),
  },
  {
    name: "leaves its signature in the log",
    caughtBy: "only the disk does damage",
    lives: [{ commands: one }],
    breakFiles: (files) => {
      const { pathOf, ...followed } = followDescriptors(files);
      const signed = new Map<number, string>();
      return {
        ...followed,
        write: (fd, buffer, offset, length, position) => {
          const count = files.write(fd, buffer, offset, length, position);
          if (position === null) signed.set(fd, pathOf(fd));
          return count;
        },
        close: (fd) => {
          if (signed.get(fd) === pathOf(fd)) files.write(fd, bye, 0, bye.length, null);
          signed.delete(fd);
          followed.close(fd);
        },
      };
    },
  },
  {
    name: "writes the rest of a short write later",
    caughtBy: "not written stays unwritten",
    lives: fullLives,
    breakFiles: (files) => {
      let rest: { readonly fd: number; readonly bytes: Uint8Array } | undefined;
      return {
        ...files,
        write: (fd, buffer, offset, length, position) => {
          const count = files.write(fd, buffer, offset, length, position);
          if (count < length)
            rest = { fd, bytes: new Uint8Array(buffer.subarray(offset + count, offset + length)) };
          return count;
        },
        close: (fd) => {
          if (rest?.fd === fd) files.write(fd, rest.bytes, 0, rest.bytes.length, null);
          files.close(fd);
        },
      };
    },
  },
  {
    name: "cannot read a log whose last line is torn",
    caughtBy: "the log can be read",
    lives: tornLives,
    breakFiles: (files) => ({
      ...files,
      open: (path, flags, mode) => {
        const fd = files.open(path, flags, mode);
        const { size } = files.fstat(fd);
        if (!isLog(path) || size === 0) return fd;
        const last = new Uint8Array(1);
        files.read(fd, last, 0, 1, size - 1);
        if (last[0] === lf) return fd;
        files.close(fd);
        throw errnoError("EIO", "open", path);
      },
    }),
  },
  {
    name: "calls a failed flush not written",
    caughtBy: "not written stays unwritten",
    lives: [{ commands: two, tries: 1, faults: atCall(isFlush, { _tag: "FlushLost", errno: "EIO" }, 2) }],
    breakStore: (store) =>
      withOperations(store, {
        append: async (request) => {
          try {
            return await store.append(request);
          } catch (error) {
            if (!isStoreFault(error)) throw error;
            const { code, message } = error;
            throw new StoreFault(code, message, { outcome: "not_written", retryable: true, cause: error });
          }
        },
      }),
  },
  {
    name: "knows no repeated command",
    caughtBy: "a retry ends in exactly one",
    lives: [{ commands: one }],
    breakStore: (store) =>
      withOperations(store, {
        append: async (request) => {
          const { revision, digest } = await store.head(request.commit.stream);
          const { commit } = request;
          if (revision < commit.firstRevision) return store.append(request);
          throw new StoreFault("COMMAND_ID_REUSED", `the log ends at ${revision} ${digest}`, {
            outcome: "unknown",
            retryable: false,
          });
        },
      }),
  },
  {
    name: "shows a command twice",
    caughtBy: "nothing is doubled",
    lives: [{ commands: one }],
    breakStore: (store) =>
      withOperations(store, {
        read: (stream, options) =>
          changed(store.read(stream, options), (batch) => [...batch, ...batch] as unknown as EventBatch),
      }),
  },
  {
    name: "shows half a command",
    caughtBy: "nothing is half applied",
    lives: [{ commands: [{ commandId: "c1", events: 2 }] }],
    breakStore: (store) =>
      withOperations(store, {
        read: (stream, options) => changed(store.read(stream, options), (batch) => batch.slice(0, 1)),
      }),
  },
  {
    name: "counts one revision too far",
    caughtBy: "no revision is skipped",
    lives: [{ commands: two }],
    breakStore: (store) =>
      withOperations(store, {
        read: (stream, options) =>
          changed(store.read(stream, options), (batch) =>
            batch.map((event) => ({ ...event, revision: event.revision + (event.revision > 0 ? 1 : 0) })),
          ),
      }),
  },
  {
    name: "changes data on the way back",
    caughtBy: "what is read is what was written",
    lives: [{ commands: one }],
    breakStore: (store) =>
      withOperations(store, {
        read: (stream, options) =>
          changed(store.read(stream, options), (batch) =>
            batch.map((event) => ({ ...event, data: { ...event.data, part: "0" } })),
          ),
      }),
  },
  {
    name: "throws what the disk threw",
    caughtBy: "every answer is one of the four",
    lives: fullLives,
    breakStore: (store) =>
      withOperations(store, {
        append: async (request) => {
          try {
            return await store.append(request);
          } catch (error) {
            throw new Error(String(error));
          }
        },
      }),
  },
];

/**
 * A store whose streams have published copies in a git work tree. Promises: what arrived in a copy is in the log before the
 * next command on its stream is decided, and what a receipt stands for is handed on to the copy before the receipt is given.
 * The log alone is the truth: a copy that cannot be written is a warning.
 */
import { type EventStore, StoreFault, type Warning } from "@mission-ledger/core";
import { ledgerDirectories } from "../append/directories.ts";
import type { SuspectLogs } from "../append/suspect-logs.ts";
import { faultOf } from "../faults.ts";
import type { LedgerPorts } from "../ledger-access.ts";
import type { StreamLock } from "../lock/stream-lock.ts";
import { copyAccess } from "./copy-access.ts";
import { copyPlace } from "./copy-place.ts";
import type { CopyState } from "./copy-state.ts";
import { type Meeting, type Met, meetCopy, untouchedState } from "./meet-copy.ts";

export interface PublishedOptions extends LedgerPorts {
  /** The ledger's directory. */
  readonly directory: string;
  /** The `.mission-ledger` folder of the work tree; see `locateLedger`. */
  readonly publishTo: string;
  /** What the store knows of failed flushes; the store closes it. */
  readonly suspects: SuspectLogs;
}

/** One stream's copy, as this process keeps it. */
interface Keeper {
  readonly meeting: Meeting;
  readonly lock: StreamLock;
  known: CopyState | undefined;
  running: Promise<unknown> | undefined;
  /** Has not begun yet, so it serves whoever comes now as well. */
  waiting: Promise<Met> | undefined;
}

/** Copies whose lock is kept open. */
const mostKept = 64;

export const withPublishedCopies = (
  store: EventStore,
  { directory, publishTo, suspects, ...ports }: PublishedOptions,
): EventStore => {
  const access = copyAccess(directory, ports, suspects);
  const place = copyPlace(access.files, access.layout, publishTo);
  const directories = ledgerDirectories(access);
  const keepers = new Map<string, Keeper>();
  let closed = false;

  const keeperOf = (stream: string): Keeper => {
    const known = keepers.get(stream);
    if (known !== undefined) return known;
    for (const [name, { running, lock }] of keepers) {
      if (keepers.size < mostKept) break;
      if (running !== undefined) continue;
      lock.close();
      keepers.delete(name);
    }
    const paths = access.layout.of(stream);
    const copy = place.of(paths);
    const meeting = { access, place, paths, copy };
    const lock = access.lockAt(copy.lock);
    const keeper = { meeting, lock, known: undefined, running: undefined, waiting: undefined };
    keepers.set(stream, keeper);
    return keeper;
  };

  /** One after the other; those who come while one waits for its turn share it. */
  const meet = (keeper: Keeper): Promise<Met> => {
    if (keeper.waiting !== undefined) return keeper.waiting;
    const before = keeper.running;
    const begin = async (): Promise<Met> => {
      await before?.catch(() => {});
      keeper.waiting = undefined;
      directories.prepare();
      const mine = meetCopy(keeper.meeting, keeper.lock, { anew: false, known: keeper.known });
      keeper.running = mine;
      try {
        const met = await mine;
        keeper.known = met.state;
        return met;
      } finally {
        if (keeper.running === mine) keeper.running = undefined;
      }
    };
    keeper.waiting = begin();
    return keeper.waiting;
  };

  return {
    ...store,
    prepare: async (stream) => {
      if (closed) return;
      const keeper = keeperOf(stream);
      try {
        if (isSettled(keeper)) return;
        await meet(keeper);
      } catch (error) {
        throw nothingOfTheCommand(error, stream, keeper.meeting.paths.log);
      }
    },
    publish: async (stream) => {
      if (closed) return [];
      const keeper = keeperOf(stream);
      try {
        return (await meet(keeper)).warnings;
      } catch (error) {
        return [notPublished(error, stream)];
      }
    },
    close: async () => {
      if (closed) return;
      closed = true;
      await Promise.all(
        [...keepers.values()].map(async ({ running, waiting }) => {
          await (waiting ?? running)?.catch(() => {});
        }),
      );
      for (const { lock } of keepers.values()) lock.close();
      keepers.clear();
      access.close();
      await store.close();
    },
  };
};

/** Nobody changed the copy since it was last compared, or there is none to take anything from. */
const isSettled = (keeper: Keeper): boolean => {
  const { meeting } = keeper;
  try {
    keeper.known = untouchedState(meeting, keeper.known);
    return keeper.known !== undefined || meeting.access.files.lstat(meeting.copy.copy) === undefined;
  } catch {
    return false; // The comparison says what is wrong with the copy.
  }
};

/** What was taken in may be uncertain; of the command that waited for it nothing was written for certain. */
const nothingOfTheCommand = (error: unknown, stream: string, path: string): StoreFault => {
  const { code, message, hint, retryable, details, cause } = faultOf(error, "catch-up", { stream, path });
  return new StoreFault(code, message, {
    outcome: "not_written",
    retryable,
    ...(hint === undefined ? {} : { hint }),
    details,
    cause: cause ?? error,
  });
};

const notPublished = (error: unknown, stream: string): Warning => {
  const { code, message, hint } = faultOf(error, "catch-up", { stream });
  return {
    code,
    message: `the copy of ${stream} in the work tree was not brought up to date: ${message}`,
    ...(hint === undefined ? {} : { hint }),
  };
};

/** The front door for programs: a ledger over files or over any store, with the words people use. Loads no argument parser. */
import {
  type Clock,
  type EventStore,
  type Randomness,
  type SnapshotStore,
  systemRandomness,
  type Timers,
  type Warning,
} from "@mission-ledger/core";
import { type Ledger, ledgerOver, type RequestOptions } from "@mission-ledger/core/mission";
import { locateLedger } from "@mission-ledger/store-file";
import type { GuardAnswer } from "../guard/guard.ts";
import { systemMachine } from "../machine/machine.ts";
import { ledgerIndexOf, notingIndexes } from "../mission-index/ledger-index.ts";
import type { CheckedPrompt } from "../prompts/check-prompt.ts";
import { parseAddress } from "../store/address.ts";
import { storeAt } from "../store/addressed-store.ts";
import type { OpenedStore, StoreAddress, StorePorts } from "../store/store-kind.ts";
import { type GuardOptions, guardIn } from "./guard.ts";
import type { LibraryContext } from "./library-context.ts";
import { createMission, type MissionDetails, type OpenedMission, openedMission } from "./mission.ts";
import { type CheckPromptOptions, checkReviewPrompt } from "./prompts.ts";

export interface OpenLedgerOptions {
  /** Who acts when a call does not say. */
  readonly actor: string;
  /** The ledger's data directory. @defaultValue found from `cwd` as the command line finds it */
  readonly directory?: string;
  /**
   * Instead of a directory: an address, `"sqlite:plan.db"` or `"file:plan"`, or a store. Closed with the ledger. A SQLite
   * address needs the package `@mission-ledger/store-sqlite`; without it, or without its driver, `DRIVER_MISSING` is thrown.
   */
  readonly store?: string | EventStore | Promise<EventStore>;
  /** @defaultValue where the log is, in the directory or the database; none with a store that was opened elsewhere */
  readonly snapshots?: SnapshotStore;
  /** Where to look for a ledger when neither a directory nor a store is given, and where addresses begin. @defaultValue "." */
  readonly cwd?: string;
  /** @defaultValue the system's */
  readonly clock?: Clock;
  /** @defaultValue the system's */
  readonly randomness?: Randomness;
  /**
   * Called where what is remembered of a mission is not in its log any more (`LOG_REPLACED`), by commands and by reading. The
   * next receipt of the mission says it as well. Must not throw. @defaultValue only receipts tell it
   */
  readonly onWarning?: (warning: Warning) => void;
}

export interface MissionLedger {
  /** The ledger of core below: commands by name, views, history. */
  readonly engine: Ledger;
  readonly actor: string;
  /** Throws `ALREADY_EXISTS`. */
  createMission(details: MissionDetails, options?: RequestOptions): Promise<OpenedMission>;
  /** Asks nothing yet: calls on a mission that is not there throw `NOT_FOUND`. */
  mission(slug: string): OpenedMission;
  /** Slugs of all missions, sorted. */
  missions(): Promise<readonly string[]>;
  /**
   * Reads a review prompt, the log and git again; what it answers may be reviewed by, and its text are the bytes that were
   * checked. Throws `PROMPT_MISMATCH` with each difference.
   */
  checkReviewPrompt(file: string, options?: CheckPromptOptions): Promise<CheckedPrompt>;
  /**
   * Whether changed files belong to the package that is worked on where they changed. Only a verdict of `Ok` is leave to go on.
   * Throws what keeps the question from being answered: `GitFault`, faults of the store, `NOT_FOUND`.
   */
  guard(options?: GuardOptions): Promise<GuardAnswer>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A claim that renews itself is no reason for a program to go on. */
const backgroundTimers: Timers = {
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Opens a ledger. What is missing of it on the disk is made by the first write, but for the folder of a database. */
export const openLedger = async (options: OpenLedgerOptions): Promise<MissionLedger> => {
  const { actor, directory, store, cwd = ".", clock, randomness = systemRandomness, onWarning } = options;
  if (directory !== undefined && store !== undefined)
    throw new TypeError("openLedger takes a directory or a store, not both");
  if (directory?.trim() === "") throw new TypeError("openLedger takes a directory that is not blank");
  const ports = { ...(clock === undefined ? {} : { clock }), randomness };
  const place = store === undefined || typeof store === "string" ? placeOf(store, directory, cwd) : undefined;
  const opened: Pick<OpenedStore, "store"> & Partial<OpenedStore> =
    place === undefined
      ? { store: await (store as EventStore | Promise<EventStore>) }
      : await openAt(place, ports);
  const snapshots = options.snapshots ?? opened.snapshots;
  const engine = ledgerOver({
    store: opened.store,
    actor,
    ...ports,
    ...(snapshots === undefined ? {} : { snapshots }),
    ...(onWarning === undefined ? {} : { onWarning }),
  });
  const context: LibraryContext = {
    engine,
    actor,
    randomness,
    at: place?.at ?? null,
    cwd,
    timers: backgroundTimers,
    machine: systemMachine,
  };
  return {
    engine,
    actor,
    createMission: (details, options) => createMission(context, details, options),
    mission: (slug) => openedMission(context, slug),
    missions: () => engine.missions(),
    checkReviewPrompt: (file, options) => checkReviewPrompt(context, file, options),
    guard: (options = {}) => guardIn(context, options),
    close: () => engine.close(),
    [Symbol.asyncDispose]: () => engine.close(),
  };
};

interface LibraryPlace extends Pick<StorePorts, "publishTo"> {
  readonly at: StoreAddress;
}

const placeOf = (address: string | undefined, directory: string | undefined, cwd: string): LibraryPlace => {
  if (address !== undefined) return { at: parseAddress(address, "store", cwd) };
  if (directory !== undefined) return { at: { store: "file", path: directory } };
  const { directory: found, publishTo } = locateLedger(cwd);
  return { at: { store: "file", path: found }, ...(publishTo === undefined ? {} : { publishTo }) };
};

const openAt = async ({ at, ...copies }: LibraryPlace, ports: StorePorts): Promise<OpenedStore> => {
  const opened = await storeAt(at).open({ ...ports, ...copies });
  const index = ledgerIndexOf(at, ports);
  return index === undefined ? opened : { ...opened, store: notingIndexes(opened.store, index) };
};

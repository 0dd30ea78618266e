/** The front door for programs: a ledger over files or over any store, with the words people use. Loads no argument parser. */
import {
  type Clock,
  type EventStore,
  type Randomness,
  type SnapshotStore,
  systemRandomness,
} from "@mission-ledger/core";
import { type Ledger, ledgerOver, type RequestOptions } from "@mission-ledger/core/mission";
import { fileSnapshots, locateLedger, openFileStore } from "@mission-ledger/store-file";
import { createMission, type MissionDetails, type OpenedMission, openedMission } from "./mission.ts";

export interface OpenLedgerOptions {
  /** Who acts when a call does not say. */
  readonly actor: string;
  /** The ledger's data directory. @defaultValue found from `cwd` as the command line finds it */
  readonly directory?: string;
  /** A store instead of a directory; closed with the ledger. */
  readonly store?: EventStore | Promise<EventStore>;
  /** @defaultValue beside the log in the directory; none with a store */
  readonly snapshots?: SnapshotStore;
  /** Where to look for a ledger when neither a directory nor a store is given. @defaultValue "." */
  readonly cwd?: string;
  /** @defaultValue the system's */
  readonly clock?: Clock;
  /** @defaultValue the system's */
  readonly randomness?: Randomness;
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
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Opens a ledger. Its folder is made by the first write. */
export const openLedger = async (options: OpenLedgerOptions): Promise<MissionLedger> => {
  const { actor, directory, store, cwd = ".", clock, randomness = systemRandomness } = options;
  if (directory !== undefined && store !== undefined)
    throw new TypeError("openLedger takes a directory or a store, not both");
  const ports = { ...(clock === undefined ? {} : { clock }), randomness };
  const located = store === undefined && directory === undefined ? locateLedger(cwd) : undefined;
  const place = store === undefined ? (directory ?? located?.directory) : undefined;
  const publishTo = located?.publishTo;
  const opened =
    store === undefined
      ? await openFileStore({
          directory: place as string,
          ...(publishTo === undefined ? {} : { publishTo }),
          ...ports,
        })
      : await store;
  const snapshots =
    options.snapshots ?? (place === undefined ? undefined : fileSnapshots({ directory: place }));
  const engine = ledgerOver({
    store: opened,
    actor,
    ...ports,
    ...(snapshots === undefined ? {} : { snapshots }),
  });
  const context = { engine, actor, randomness };
  return {
    engine,
    actor,
    createMission: (details, options) => createMission(context, details, options),
    mission: (slug) => openedMission(context, slug),
    missions: () => engine.missions(),
    close: () => engine.close(),
    [Symbol.asyncDispose]: () => engine.close(),
  };
};

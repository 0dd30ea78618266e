/** The EventStoreDB store: a ledger on a server. Its package is loaded when an address asks for it, and never before. */
import path from "node:path";
import {
  type Clock,
  type EventStore,
  noSnapshots,
  type Randomness,
  type SnapshotStore,
  storeTransfer,
} from "@mission-ledger/core";
import { missionCategory } from "@mission-ledger/core/mission";
import { fileSnapshots } from "@mission-ledger/store-file";
import { loadedStore, storeLeftOut } from "./left-out.ts";
import type { AddressedStore, ServerAddress, StorePorts } from "./store-kind.ts";

export const eventStoreDbAt = (address: ServerAddress): AddressedStore => ({
  isThere: () => undefined,
  // The first event of a ledger makes everything that it needs on the server.
  make: async () => {},
  open: async (ports) => ({ store: await openAt(address, ports), snapshots: snapshotsOf(address, ports) }),
  transfer: async (ports) => {
    const store = await openAt(address, ports);
    return { ...storeTransfer(store, [missionCategory]), close: () => store.close() };
  },
  remembersIn: (ports) => folderOf(address, ports),
});

/** What the package will export. */
interface Expected {
  readonly openEventStoreDb?: (options: {
    readonly url: string;
    readonly clock?: Clock;
    readonly randomness?: Randomness;
  }) => Promise<EventStore>;
}

const openAt = async (address: ServerAddress, { clock, randomness }: StorePorts): Promise<EventStore> => {
  const { openEventStoreDb } = (await eventStoreDb()) as unknown as Expected;
  if (openEventStoreDb === undefined)
    throw storeLeftOut("@mission-ledger/store-eventstoredb", new TypeError("it opens no ledger yet"));
  return openEventStoreDb({
    url: address.reveal(),
    ...(clock === undefined ? {} : { clock }),
    ...(randomness === undefined ? {} : { randomness }),
  });
};

/**
 * On this machine, where the ledger is not. A fold that begins at a snapshot compares its digest with the server's event, so
 * a folder that is stale, or of another server, costs time and nothing else.
 */
const snapshotsOf = (address: ServerAddress, ports: StorePorts): SnapshotStore => {
  const directory = folderOf(address, ports);
  return directory === undefined
    ? noSnapshots
    : fileSnapshots({ directory, ...(ports.files === undefined ? {} : { files: ports.files }) });
};

/** Readable for whoever cleans up, and short enough for every file system. */
const folderOf = ({ identity }: ServerAddress, { cacheFolder }: StorePorts): string | undefined =>
  cacheFolder === undefined
    ? undefined
    : path.join(cacheFolder, "servers", encodeURIComponent(identity).slice(0, 200));

/** Throws `DRIVER_MISSING` where the package was left out. */
export const eventStoreDb = (): Promise<typeof import("@mission-ledger/store-eventstoredb")> =>
  loadedStore("@mission-ledger/store-eventstoredb", () => import("@mission-ledger/store-eventstoredb"));

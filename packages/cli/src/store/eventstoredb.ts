/** The EventStoreDB store: a ledger on a server. Its package is loaded when an address asks for it, and never before. */
import path from "node:path";
import { type EventStore, noSnapshots, type SnapshotStore, sha256Hex } from "@mission-ledger/core";
import type { ServerAddress as ReadAddress } from "@mission-ledger/store-eventstoredb";
import { fileSnapshots, fileViews } from "@mission-ledger/store-file";
import { usage } from "../output/problem.ts";
import { transferByPort } from "./by-port.ts";
import { loadedStore } from "./left-out.ts";
import type { AddressedStore, ServerAddress, StorePorts } from "./store-kind.ts";

export const eventStoreDbAt = (address: ServerAddress): AddressedStore => ({
  isThere: () => undefined,
  // The first event of a ledger makes everything that it needs on the server.
  make: async () => {},
  open: async (ports) => ({ store: await openAt(address, ports), snapshots: snapshotsOf(address, ports) }),
  transfer: async (ports) => transferByPort({ store: await openAt(address, ports) }),
  views: async (ports) => {
    const directory = folderOf(address, ports);
    return directory === undefined
      ? undefined
      : fileViews({ directory, ...(ports.files === undefined ? {} : { files: ports.files }) });
  },
  remembersIn: (ports) => folderOf(address, ports),
});

const openAt = async (
  address: ServerAddress,
  { randomness, patienceMs }: StorePorts,
): Promise<EventStore> => {
  const { openEventStoreDb } = await eventStoreDb();
  return openEventStoreDb({
    url: await readAddress(address),
    ...(randomness === undefined ? {} : { randomness }),
    ...(patienceMs === undefined ? {} : { patienceMs }),
  });
};

/** The address as the store reads it. Throws `USAGE` where it cannot. */
const readAddress = async ({ shown, reveal }: ServerAddress): Promise<ReadAddress> => {
  const { GatewayFailure, parseAddress } = await eventStoreDb();
  try {
    return parseAddress(reveal());
  } catch (error) {
    throw error instanceof GatewayFailure ? usage(`${shown}: ${error.message}`) : error;
  }
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

const folderOf = ({ identity }: ServerAddress, { cacheFolder }: StorePorts): string | undefined =>
  cacheFolder === undefined ? undefined : path.join(cacheFolder, "servers", serverFolderName(identity));

/** Readable for whoever cleans up, and short enough for every file system. */
export const serverFolderName = (identity: string): string => {
  const name = encodeURIComponent(identity);
  return name.length <= 120 ? name : `${name.slice(0, 80)}-${sha256Hex(identity).slice(0, 32)}`;
};

/** Throws `DRIVER_MISSING` where the package was left out. */
export const eventStoreDb = (): Promise<typeof import("@mission-ledger/store-eventstoredb")> =>
  loadedStore("@mission-ledger/store-eventstoredb", () => import("@mission-ledger/store-eventstoredb"));

/** A kind of store as people come in: by an address, at a path that is there or not, made, then opened. */
import type { Clock, EventStore, Randomness, SnapshotStore, TransferTarget } from "@mission-ledger/core";
import type { FilePort } from "@mission-ledger/store-file";

/**
 * Answers the constructor of better-sqlite3. Said without a type of store-sqlite, which is optional: whoever compiles against
 * this need not have it.
 */
export type LoadSqliteDriver = () => unknown;

/** What stands before the colon of an address. */
export type StoreName = "file" | "sqlite";

export interface StoreAddress {
  readonly store: StoreName;
  /** Absolute: the data directory, or the database file. */
  readonly path: string;
}

export interface StorePorts {
  readonly clock?: Clock;
  readonly randomness?: Randomness;
  /** The disk, with the way to the kernel's locks. @defaultValue as Node finds the binary from store-file */
  readonly files?: FilePort;
  /** @defaultValue as Node finds better-sqlite3 from store-sqlite */
  readonly loadDriver?: LoadSqliteDriver;
  /** The folder of the git work tree that gets a copy of each log. @defaultValue none */
  readonly publishTo?: string;
}

export interface OpenedStore {
  readonly store: EventStore;
  /** Kept where the log is. */
  readonly snapshots: SnapshotStore;
}

export interface StoreKind {
  /** As it is told to people: `file store`. */
  readonly title: string;
  /** Whether there is something that opening may judge. A path that was mistyped is never taken for an empty ledger. */
  isThere(path: string): boolean;
  /** Makes the ledger and the folders above it. Throws a fault for what the disk refuses, `USAGE` for a path that cannot be one. */
  make(path: string, ports: StorePorts): Promise<void>;
  open(path: string, ports: StorePorts): Promise<OpenedStore>;
  /** The ledger as a side of a copy. Reads and makes nothing yet. */
  transfer(path: string, ports: StorePorts): Promise<TransferTarget>;
}

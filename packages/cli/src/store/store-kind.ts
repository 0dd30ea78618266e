/** A kind of store as people come in: by an address, with something there or not, made, then opened. */
import type {
  Clock,
  EventStore,
  Kept,
  Randomness,
  SnapshotStore,
  TransferTarget,
  ViewStore,
} from "@mission-ledger/core";
import type { FilePort } from "@mission-ledger/store-file";

/**
 * Answers the constructor of better-sqlite3. Said without a type of store-sqlite, which is optional: whoever compiles against
 * this need not have it.
 */
export type LoadSqliteDriver = () => unknown;

/** A ledger on a disk of this machine. */
export interface DiskAddress {
  readonly store: "file" | "sqlite";
  /** Absolute: the data directory, or the database file. */
  readonly path: string;
}

/** A ledger on a server. Printed in any way, it shows no password. */
export interface ServerAddress {
  readonly store: "eventstoredb";
  /** The connection string with `***` for a password: for messages and documents. */
  readonly shown: string;
  /** Which ledger is meant, whoever asks for it and however: hosts and namespace. */
  readonly identity: string;
  /** The connection string as it was given: for the client alone. A function, so that nothing prints it by accident. */
  reveal(): string;
}

export type StoreAddress = DiskAddress | ServerAddress;

export type StoreName = StoreAddress["store"];

export interface StorePorts {
  readonly clock?: Clock;
  readonly randomness?: Randomness;
  /** The disk, with the way to the kernel's locks. @defaultValue as Node finds the binary from store-file */
  readonly files?: FilePort;
  /** @defaultValue as Node finds better-sqlite3 from store-sqlite */
  readonly loadDriver?: LoadSqliteDriver;
  /** The folder of the git work tree that gets a copy of each log. @defaultValue none */
  readonly publishTo?: string;
  /** Where views of ledgers on servers are remembered. @defaultValue nowhere */
  readonly cacheFolder?: string;
  /** Milliseconds for which a server that fails is asked again. @defaultValue as its store does */
  readonly patienceMs?: number;
}

export interface OpenedStore {
  readonly store: EventStore;
  /** Kept where the log is; for a server, on this machine. */
  readonly snapshots: SnapshotStore;
}

/** What stands at an address. Nothing is opened, made or asked until a method is called. */
export interface AddressedStore {
  /**
   * Whether there is something that opening may judge; `undefined` where only a server could say. A path that was mistyped is
   * never taken for an empty ledger.
   */
  isThere(): boolean | undefined;
  /** Makes the ledger and the folders above it. Throws a fault for what the disk refuses, `USAGE` for a path that cannot be one. */
  make(ports: StorePorts): Promise<void>;
  open(ports: StorePorts): Promise<OpenedStore>;
  /**
   * The ledger as a side of a copy. Makes nothing yet. Where the other side keeps commits alone, this one takes nothing else:
   * a log says of each line where it comes from, which nobody knows then.
   */
  transfer(ports: StorePorts, other: Kept): Promise<TransferTarget>;
  /** Views of the whole ledger, remembered beside it or on this machine; `undefined` where there is no place for them. */
  views(ports: StorePorts): Promise<ViewStore | undefined>;
  /** The file or folder where views of it are remembered, if they are not part of what is there. */
  remembersIn(ports: StorePorts): string | undefined;
}

import type { EventStore, SnapshotStore } from "@mission-ledger/core";

export type StoreName = "file" | "sqlite";
export type ServerName = "eventstoredb";

/** What a program needs that works on a store by its name. */
export interface NamedStore {
  readonly name: StoreName | ServerName;
  readonly open: (place: string, options?: object) => Promise<EventStore>;
  readonly snapshots: (place: string) => Promise<SnapshotStore>;
  /** What is wrong with what stands there, judged without the store that wrote it where that can be; sentences. */
  readonly inspect: (
    place: string,
    streams: readonly string[],
  ) => Promise<{
    readonly problems: readonly string[];
    readonly figures: Readonly<Record<string, number>>;
  }>;
}

export interface StoreUnderTest extends NamedStore {
  readonly name: StoreName;
  /** The place of a ledger in a folder of its own: what the others take. */
  readonly placeIn: (folder: string) => string;
}

export declare const stores: Readonly<Record<StoreName, StoreUnderTest>>;
export declare const servers: Readonly<Record<ServerName, NamedStore>>;
export declare const storeNamed: (name: string) => NamedStore;

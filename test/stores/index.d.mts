import type { EventStore, SnapshotStore } from "@mission-ledger/core";

export type StoreName = "file" | "sqlite";

export interface StoreUnderTest {
  readonly name: StoreName;
  /** The place of a ledger in a folder of its own: what the others take. */
  readonly placeIn: (folder: string) => string;
  readonly open: (place: string, options?: object) => Promise<EventStore>;
  readonly snapshots: (place: string) => Promise<SnapshotStore>;
  /** What is wrong with what stands on the disk, judged without the store that wrote it where that can be; sentences. */
  readonly inspect: (
    place: string,
    streams: readonly string[],
  ) => Promise<{
    readonly problems: readonly string[];
    readonly figures: Readonly<Record<string, number>>;
  }>;
}

export declare const stores: Readonly<Record<StoreName, StoreUnderTest>>;

import {
  believedSnapshotConformance,
  snapshotStoreConformance,
  viewStoreConformance,
} from "@mission-ledger/testkit";
import { describe, it } from "vitest";
import { openMemoryStore } from "./memory-store.ts";
import { memorySnapshots } from "./snapshots.ts";
import { memoryViews } from "./view-store.ts";

snapshotStoreConformance({
  describe,
  it,
  title: "snapshots in memory",
  open: async () => ({ cache: memorySnapshots() }),
});

viewStoreConformance({
  describe,
  it,
  title: "views in memory",
  open: async () => ({ cache: memoryViews() }),
  offers: ["drop"],
});

believedSnapshotConformance({
  describe,
  it,
  title: "a store and its snapshots in memory",
  open: async () => ({ store: openMemoryStore(), snapshots: memorySnapshots() }),
});

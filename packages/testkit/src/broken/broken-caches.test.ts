import { memoryViews, type SnapshotStore, type ViewStore } from "@mission-ledger/core";
import { describe, expect, it, test } from "vitest";
import { type CacheCase, runCacheCase } from "../conformance/cache-harness.ts";
import { ConformanceFailure } from "../conformance/failure.ts";
import { snapshotStoreCases, snapshotStoreConformance } from "../conformance/snapshot-store-cases.ts";
import { viewStoreCases } from "../conformance/view-store-cases.ts";
import { memorySnapshotSets } from "../memory-sets.ts";
import { type BrokenCache, brokenSnapshotStores, brokenViewStores } from "./broken-caches.ts";

const catches = <Cache>(
  cases: readonly CacheCase<Cache>[],
  broken: readonly BrokenCache<Cache>[],
  healthy: () => Cache,
): void => {
  test("has a name of its own for every case and every broken cache", () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
    expect(new Set(broken.map(({ name }) => name)).size).toBe(broken.length);
  });

  for (const { name, caughtBy, breakIt } of broken)
    test(`catches: ${name}`, async () => {
      const found = cases.find((one) => one.name === caughtBy);
      if (found === undefined) throw new TypeError(`no case is named ${JSON.stringify(caughtBy)}`);
      await runCacheCase(found, { open: async () => ({ cache: healthy() }) });
      const open = async () => ({ cache: breakIt(healthy()) });
      const error: unknown = await runCacheCase(found, { open }).catch((thrown: unknown) => thrown);
      // A case about what never throws is failed by whatever is thrown; anything else would be a mistake of the suite.
      const isCaught = error instanceof ConformanceFailure || caughtBy.includes("never throws");
      expect(error instanceof Error && isCaught, String(error)).toBe(true);
    });
};

describe("the cases of view stores", () => catches<ViewStore>(viewStoreCases, brokenViewStores, memoryViews));

describe("the cases of snapshot stores", () =>
  catches<SnapshotStore>(snapshotStoreCases, brokenSnapshotStores, memorySnapshotSets));

snapshotStoreConformance({
  describe,
  it,
  title: "snapshots in memory with sets",
  open: async () => ({ cache: memorySnapshotSets() }),
  reopen: async ({ cache }) => cache,
  offers: ["sets"],
});

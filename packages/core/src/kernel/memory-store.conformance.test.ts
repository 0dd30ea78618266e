import { storeConformance } from "@mission-ledger/testkit";
import { describe, it } from "vitest";
import { openMemoryStore } from "./memory-store.ts";

storeConformance({
  describe,
  it,
  title: "the memory store",
  open: async () => ({ store: openMemoryStore() }),
  supports: { decidesUnderLock: true },
  patienceMs: 2_000,
});

import { seededRandomness, storeConformance } from "@mission-ledger/testkit";
import { describe, it } from "vitest";
import { openEventStoreDb } from "./event-store-db.ts";
import { memoryServer } from "./testing/memory-server.ts";
import { steadyTimers } from "./timers.ts";

storeConformance({
  describe,
  it,
  title: "the EventStoreDB store over a server without a wire",
  supports: { durable: true, multiProcess: true, decidesUnderLock: false, byteReadback: false },
  open: async () => {
    const server = memoryServer({ timers: steadyTimers, randomness: seededRandomness(1), latencyMs: 0 });
    return {
      server,
      store: await openEventStoreDb({ gateway: server.gateway(), namespace: "here", pageSize: 7 }),
    };
  },
  reopen: async ({ server }) => openEventStoreDb({ gateway: server.gateway(), namespace: "here" }),
  tamper: async ({ server }, stream, revision) =>
    server.log.change(`here_${stream}`, revision, (event) => ({ ...event, data: { tampered: true } })),
});

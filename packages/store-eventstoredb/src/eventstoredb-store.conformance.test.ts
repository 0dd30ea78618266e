import { storeConformance } from "@mission-ledger/testkit";
import { startWireServer } from "@mission-ledger/wire-server";
import { afterAll, describe, it } from "vitest";
import { openEventStoreDb } from "./index.ts";

const server = await startWireServer();
afterAll(() => server.stop());

let ledgers = 0;

storeConformance({
  describe,
  it,
  title: "the EventStoreDB store",
  supports: { durable: true, multiProcess: true, decidesUnderLock: false, byteReadback: false },
  open: async () => {
    ledgers += 1;
    const url = `${server.url}&ledger=conformance_${ledgers}`;
    return { url, ledger: `conformance_${ledgers}`, store: await openEventStoreDb({ url }) };
  },
  reopen: ({ url }) => openEventStoreDb({ url }),
  /** Changes an event's data on the server, where nothing but its digest tells. */
  tamper: async ({ ledger }, stream, revision) =>
    server.tamper(`${ledger}_${stream}`, BigInt(revision), {
      data: new TextEncoder().encode('{"tampered":true}'),
    }),
});

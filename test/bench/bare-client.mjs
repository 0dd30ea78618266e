/** The client for EventStoreDB with nothing around it: one append of one event, and one read of it. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseAddress } from "@mission-ledger/store-eventstoredb";

const load = createRequire(new URL("../../packages/store-eventstoredb/package.json", import.meta.url));

const clientFor = ({ hosts, isCluster, hasTls, caFile }) => {
  const { EventStoreDBClient } = load("@eventstore/db-client");
  const [{ host, port }] = hosts;
  const endpoints = hosts.map(({ host: address, port: at }) => ({ address, port: at }));
  return new EventStoreDBClient(
    isCluster ? { endpoints, nodePreference: "leader" } : { endpoint: { address: host, port } },
    { insecure: !hasTls, ...(caFile === undefined ? {} : { rootCertificate: readFileSync(caFile) }) },
  );
};

/**
 * Writes `event` over and over to a stream of its own, each time under a fresh id and behind the one before.
 *
 * @param {{ url: string, stream: string, event: { type: string, data: object, metadata: object } }} options
 */
export const openBareClient = ({ url, stream, event: { type, data, metadata } }) => {
  const address = parseAddress(url);
  const client = clientFor(address);
  // With an account of its own an append takes the path that the store takes; a server without accounts does not look at it.
  const credentials = address.credentials ?? { username: "bench", password: "bench" };
  let last = -1n;
  const append = async () => {
    const { nextExpectedRevision } = await client.appendToStream(
      stream,
      [{ contentType: "application/json", id: crypto.randomUUID(), type, data, metadata }],
      { expectedRevision: last < 0n ? "no_stream" : last, requiresLeader: true, credentials },
    );
    last = nextExpectedRevision;
  };
  const read = async () => {
    const options = { fromRevision: last, maxCount: 1, requiresLeader: true, credentials };
    let seen = 0;
    for await (const { event } of client.readStream(stream, options)) if (event.revision === last) seen += 1;
    if (seen !== 1) throw new Error("the floor did not read back what it wrote");
  };
  return {
    append,
    read,
    both: async () => {
      await append();
      await read();
    },
    close: () => client.dispose(),
  };
};

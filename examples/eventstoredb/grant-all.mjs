import { EventStoreDBClient } from "@eventstore/db-client";

// node grant-all.mjs 'esdb://admin:…@db.example.com:2113?tlsCAFile=ca.crt' ledger-app
const [address, ...accounts] = process.argv.slice(2);
const client = EventStoreDBClient.connectionString(address);

const { metadata = {} } = await client.getStreamMetadata("$all");
const { acl = {} } = metadata;
const readRoles = [...new Set([acl.readRoles ?? "$admins", ...accounts].flat())];
await client.setStreamMetadata("$all", { ...metadata, acl: { ...acl, readRoles } });
console.log(`$all can be read by ${readRoles.join(", ")}`);
await client.dispose();

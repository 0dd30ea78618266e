/** A server that answers on EventStoreDB's wire as a real one does, with faults on demand. For tests. */

export type { Fault, FaultCut, FaultOrder, FaultPoint } from "./faults.ts";
export { startWireServer } from "./start.ts";
export { type Certificates, makeCertificates } from "./tls-certificates.ts";
export type { WireAccount, WireCluster, WireEvent, WireServer, WireServerOptions } from "./wire-server.ts";

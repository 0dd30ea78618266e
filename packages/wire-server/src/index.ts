/** A server that answers on EventStoreDB's wire as a real one does, with faults on demand. For tests. */

export { startWireCluster } from "./cluster.ts";
export type { WireAnswer, WireInstruction, WrittenOrder } from "./control.ts";
export type { Fault, FaultCut, FaultOrder, FaultPoint } from "./faults.ts";
export { startWireServer } from "./start.ts";
export { type Certificates, makeCertificates } from "./tls-certificates.ts";
export { startWireProcess, type WireProcess, type WireProcessOptions } from "./wire-process.ts";
export type {
  WireAccount,
  WireCluster,
  WireClusterOptions,
  WireEvent,
  WireServer,
  WireServerOptions,
} from "./wire-server.ts";

/** The EventStoreDB store: many machines, exact revisions, each append read back from the leader. */

export {
  describeAddress,
  type ServerAddress,
  type ServerCredentials,
  type ServerHost,
} from "./address/address.ts";
export { isServerAddress, parseAddress } from "./address/parse-address.ts";
export { checkNames, type DiagnoseOptions, type Diagnosis, diagnose } from "./diagnose/diagnose.ts";
export type { Check, CheckCode, CheckName } from "./diagnose/findings.ts";
export { type EventStoreDbOptions, openEventStoreDb, type StoreSettings } from "./event-store-db.ts";
export { type GatewayOptions, openGateway } from "./gateway/open-gateway.ts";
export {
  type AllRequest,
  type Gateway,
  type GatewayAppend,
  type GatewayAppended,
  type GatewayEvent,
  GatewayFailure,
  type GatewayFailureKind,
  type LogPosition,
  type RangeRead,
  type RangeRequest,
  type StoredEvent,
  type SubscribeRequest,
  type SubscriptionNews,
} from "./gateway-port.ts";
export type { Timers } from "./timers.ts";

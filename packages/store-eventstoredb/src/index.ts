/** The EventStoreDB store: many machines, exact revisions, each append read back from the leader. */

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
} from "./gateway/gateway.ts";

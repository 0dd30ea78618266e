/** ServerFeatures and Gossip: what the server can, and who is in the cluster. */
import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { asStatus } from "../wire/refusals.ts";
import { gossipMessages, serverFeaturesMessages, shared } from "../wire/stubs.ts";
import type { Member, Service } from "./service.ts";

type Empty = shared.Empty;
type SupportedMethods = serverFeaturesMessages.SupportedMethods;
type ClusterInfo = gossipMessages.ClusterInfo;

const serverVersion = "23.10.8";
/** Source: recorded answer, of the services that are here. */
const methods: readonly (readonly [service: string, method: string, features?: readonly string[]])[] = [
  ["event_store.client.gossip.gossip", "read"],
  ["event_store.client.server_features.serverfeatures", "getsupportedmethods"],
  ["event_store.client.streams.streams", "append"],
  ["event_store.client.streams.streams", "batchappend", ["deadline_duration"]],
  ["event_store.client.streams.streams", "delete"],
  ["event_store.client.streams.streams", "read", ["position", "events"]],
  ["event_store.client.streams.streams", "tombstone"],
];

export const handleFeatures =
  (service: Service) =>
  (call: ServerUnaryCall<Empty, SupportedMethods>, answer: sendUnaryData<SupportedMethods>): void => {
    service.gate.enter(service.arrived("ServerFeatures/GetSupportedMethods", "features", call)).then(
      () => {
        const response = new serverFeaturesMessages.SupportedMethods();
        response.setEventStoreServerVersion(serverVersion);
        for (const [serviceName, methodName, features = []] of methods) {
          const method = new serverFeaturesMessages.SupportedMethod();
          method.setServiceName(serviceName);
          method.setMethodName(methodName);
          method.setFeaturesList([...features]);
          response.addMethods(method);
        }
        answer(null, response);
      },
      (error: unknown) => answer(asStatus(error)),
    );
  };

const states = {
  leader: gossipMessages.MemberInfo.VNodeState.LEADER,
  follower: gossipMessages.MemberInfo.VNodeState.FOLLOWER,
  other: gossipMessages.MemberInfo.VNodeState.UNKNOWN,
} as const;

const memberInfo = (
  { instanceId, state, isAlive, host, port }: Member,
  now: number,
): gossipMessages.MemberInfo => {
  const member = new gossipMessages.MemberInfo();
  const id = new shared.UUID();
  id.setString(instanceId);
  member.setInstanceId(id);
  member.setTimeStamp(`${now}0000`);
  member.setState(states[state]);
  member.setIsAlive(isAlive);
  const endPoint = new gossipMessages.EndPoint();
  endPoint.setAddress(host);
  endPoint.setPort(port);
  member.setHttpEndPoint(endPoint);
  return member;
};

export const handleGossip =
  (service: Service) =>
  (call: ServerUnaryCall<Empty, ClusterInfo>, answer: sendUnaryData<ClusterInfo>): void => {
    service.gate.enter(service.arrived("Gossip/Read", "gossip", call)).then(
      () => {
        const response = new gossipMessages.ClusterInfo();
        for (const member of service.members()) response.addMembers(memberInfo(member, service.now()));
        answer(null, response);
      },
      (error: unknown) => answer(asStatus(error)),
    );
  };

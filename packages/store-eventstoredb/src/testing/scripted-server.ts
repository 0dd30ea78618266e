/** A server whose every answer the test writes: for what a faithful one never says. */
import gossip from "@eventstore/db-client/generated/gossip_grpc_pb.js";
import gossipMessages from "@eventstore/db-client/generated/gossip_pb.js";
import features from "@eventstore/db-client/generated/serverfeatures_grpc_pb.js";
import shared from "@eventstore/db-client/generated/shared_pb.js";
import streams from "@eventstore/db-client/generated/streams_grpc_pb.js";
import messages from "@eventstore/db-client/generated/streams_pb.js";
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
} from "@grpc/grpc-js";

type ReadReq = InstanceType<typeof messages.ReadReq>;
type ReadResp = InstanceType<typeof messages.ReadResp>;
type AppendReq = InstanceType<typeof messages.AppendReq>;
type AppendResp = InstanceType<typeof messages.AppendResp>;
type GossipInfo = InstanceType<typeof gossipMessages.ClusterInfo>;
export type ReadCall = ServerWritableStream<ReadReq, ReadResp>;

export interface Script {
  /** Called when the last event of an append has come. Never answers by itself. */
  readonly append?: (
    answer: (error: Partial<ServiceError> | null, reply?: AppendResp) => void,
    requests: readonly AppendReq[],
    headers: Metadata,
  ) => void;
  readonly read?: (call: ReadCall) => void;
  readonly gossip?: (
    answer: (error: Partial<ServiceError> | null, reply?: GossipInfo) => void,
    call: ServerUnaryCall<unknown, GossipInfo>,
  ) => void;
}

export interface ScriptedServer {
  readonly port: number;
  readonly url: string;
  /** Calls by name, in the order in which they came. */
  readonly calls: readonly string[];
  stop(): void;
}

export const scriptedServer = async (
  script: Script,
  { tls }: { readonly tls?: { readonly key: string; readonly certificate: string } } = {},
): Promise<ScriptedServer> => {
  const calls: string[] = [];
  const server = new Server();
  server.addService(streams.StreamsService, {
    append: (call: NodeJS.EventEmitter & { metadata: Metadata }, answer: sendUnaryData<AppendResp>) => {
      calls.push("append");
      const requests: AppendReq[] = [];
      call.on("data", (request: AppendReq) => requests.push(request));
      call.on("error", () => {});
      call.on("end", () => script.append?.((error, reply) => answer(error, reply), requests, call.metadata));
    },
    batchAppend: () => calls.push("batchAppend"),
    read: (call: ReadCall) => {
      calls.push("read");
      call.on("error", () => {});
      script.read?.(call);
    },
  });
  server.addService(features.ServerFeaturesService, { getSupportedMethods: () => calls.push("features") });
  server.addService(gossip.GossipService, {
    read: (call: ServerUnaryCall<unknown, GossipInfo>, answer: sendUnaryData<GossipInfo>) => {
      calls.push("gossip");
      script.gossip?.((error, reply) => answer(error, reply), call);
    },
  });
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [
          { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.certificate) },
        ]);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    port,
    url: `esdb://127.0.0.1:${port}${tls === undefined ? "?tls=false" : ""}`,
    calls,
    stop: () => server.forceShutdown(),
  };
};

/** An error with trailers, as a server ends a call. */
export const refusal = (
  code: number,
  details: string,
  trailers: Readonly<Record<string, string>> = {},
): Partial<ServiceError> => {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value);
  return { code, details, metadata };
};

/** An acknowledgement. */
export const acknowledged = (revision: number): AppendResp => {
  const position = new messages.AppendResp.Position();
  position.setCommitPosition("100");
  position.setPreparePosition("100");
  const success = new messages.AppendResp.Success();
  success.setCurrentRevision(String(revision));
  success.setPosition(position);
  const reply = new messages.AppendResp();
  reply.setSuccess(success);
  return reply;
};

/** A refusal because of the revision, which is a reply and no error. */
export const wrongRevision = (current: number): AppendResp => {
  const wrong = new messages.AppendResp.WrongExpectedVersion();
  wrong.setCurrentRevision(String(current));
  const reply = new messages.AppendResp();
  reply.setWrongExpectedVersion(wrong);
  return reply;
};

export interface ScriptedEvent {
  readonly revision: number;
  readonly stream?: string;
  readonly id?: string | null;
  readonly type?: string;
  readonly data?: string;
  readonly metadata?: string;
}

/** An event of a read or a subscription; with `id: null` one that lacks what it needs. */
export const eventMessage = ({
  revision,
  stream = "s-1",
  id = `00000000-0000-4000-8000-${String(revision).padStart(12, "0")}`,
  type = "Happened",
  data = "{}",
  metadata = "{}",
}: ScriptedEvent): ReadResp => {
  const recorded = new messages.ReadResp.ReadEvent.RecordedEvent();
  if (id !== null) {
    const uuid = new shared.UUID();
    uuid.setString(id);
    recorded.setId(uuid);
  }
  const name = new shared.StreamIdentifier();
  name.setStreamName(Buffer.from(stream));
  recorded.setStreamIdentifier(name);
  recorded.setStreamRevision(String(revision));
  recorded.setCommitPosition(String(100 + revision));
  recorded.setPreparePosition(String(100 + revision));
  recorded.getMetadataMap().set("type", type);
  recorded.getMetadataMap().set("content-type", "application/json");
  recorded.setData(Buffer.from(data));
  recorded.setCustomMetadata(Buffer.from(metadata));
  const event = new messages.ReadResp.ReadEvent();
  event.setEvent(recorded);
  const reply = new messages.ReadResp();
  reply.setEvent(event);
  return reply;
};

export const confirmation = (): ReadResp => {
  const confirmed = new messages.ReadResp.SubscriptionConfirmation();
  confirmed.setSubscriptionId("1");
  const reply = new messages.ReadResp();
  reply.setConfirmation(confirmed);
  return reply;
};

export const caughtUp = (): ReadResp => {
  const reply = new messages.ReadResp();
  reply.setCaughtUp(new messages.ReadResp.CaughtUp());
  return reply;
};

export const checkpoint = (position: number): ReadResp => {
  const place = new messages.ReadResp.Checkpoint();
  place.setCommitPosition(String(position));
  place.setPreparePosition(String(position));
  const reply = new messages.ReadResp();
  reply.setCheckpoint(place);
  return reply;
};

/** What gossip says: port, state and whether it is alive, of each member. */
export const members = (
  ...known: readonly (readonly [port: number, state: number, isAlive: boolean])[]
): GossipInfo => {
  const info = new gossipMessages.ClusterInfo();
  for (const [port, state, isAlive] of known) {
    const place = new gossipMessages.EndPoint();
    place.setAddress("127.0.0.1");
    place.setPort(port);
    const member = new gossipMessages.MemberInfo();
    member.setHttpEndPoint(place);
    member.setState(state as never);
    member.setIsAlive(isAlive);
    info.addMembers(member);
  }
  return info;
};

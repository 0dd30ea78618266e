/** Calls with the generated stubs and nothing else: what is on the wire, without a client that could smooth it over. */
import { createHash } from "node:crypto";
import gossipGrpc from "@eventstore/db-client/generated/gossip_grpc_pb.js";
import featuresGrpc from "@eventstore/db-client/generated/serverfeatures_grpc_pb.js";
import streamsGrpc from "@eventstore/db-client/generated/streams_grpc_pb.js";
import { type ChannelCredentials, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import emptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import timestamps from "google-protobuf/google/protobuf/timestamp_pb.js";
import { shared, streamsMessages } from "../wire/stubs.ts";

/** The same word is the same event id everywhere. */
export const idOf = (word: string): string => {
  const hex = createHash("md5").update(word).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
};

export interface RawOptions {
  /** Long enough for any answer of a busy machine; short where it has to pass. @defaultValue 60000 */
  readonly deadlineMs?: number;
  /** Cancels the call, which ends with 1, once this is so of the events it has seen. @defaultValue never */
  readonly until?: (seen: readonly string[]) => boolean;
  /** @defaultValue none */
  readonly headers?: Readonly<Record<string, string>>;
}

/** How a call ended. Words, so that a test shows at a glance what was seen. */
export interface RawEnd {
  /** `ok`, or the number of the status. */
  readonly status: "ok" | number;
  readonly details?: string;
  readonly trailers?: Readonly<Record<string, unknown>>;
}

export interface RawRead extends RawEnd {
  /** Types of the events seen, or `not found`. */
  readonly seen: readonly string[];
  /** When each event was written, by the server's clock. */
  readonly createdMs: readonly number[];
}

export interface RawAppended extends RawEnd {
  /** Of the last event, or `conflict`. */
  readonly revision?: number | "conflict";
}

export interface RawBatch {
  /** One word for each answer, such as `ours 0`, `unknown 0`, `ours error 4`; then how the call ended. */
  readonly answers: readonly string[];
  readonly end: RawEnd | "open";
}

export interface RawClient {
  /** `expected` is a revision, -1 for a stream without events. */
  readonly append: (
    stream: string,
    expected: number | "any",
    words: readonly string[],
    options?: RawOptions,
  ) => Promise<RawAppended>;
  /** `writeDeadlineMs` is how long the server may take by the caller's clock. */
  readonly batch: (
    stream: string,
    expected: number,
    words: readonly string[],
    options?: RawOptions & { readonly answers?: number; readonly writeDeadlineMs?: number },
  ) => Promise<RawBatch>;
  readonly read: (stream: string | "$all", options?: RawOptions) => Promise<RawRead>;
  /** Ends as its options say. */
  readonly subscribe: (
    stream: string | "$all",
    options?: RawOptions & { readonly onEvent?: (type: string) => void },
  ) => Promise<RawRead>;
  readonly features: (options?: RawOptions) => Promise<RawEnd>;
  /** States of the members by port. */
  readonly gossip: (
    options?: RawOptions,
  ) => Promise<RawEnd & { readonly members?: Readonly<Record<number, string>> }>;
  readonly close: () => void;
}

interface ClientCall {
  cancel(): void;
  on(event: "status", listener: () => void): unknown;
  on(event: "error", listener: (error: ServiceError) => void): unknown;
}

const ok: RawEnd = { status: "ok" };
const ended = (error: ServiceError): RawEnd => {
  const { exception, ...rest } = error.metadata?.getMap() ?? {};
  const leader = Object.fromEntries(Object.entries(rest).filter(([key]) => key.startsWith("leader-")));
  return {
    status: error.code,
    details: error.details,
    ...(exception === undefined ? {} : { trailers: { exception, ...leader } }),
  };
};

export const rawClient = (port: number, { ca }: { readonly ca?: string } = {}): RawClient => {
  const security: ChannelCredentials =
    ca === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(ca));
  const address = `127.0.0.1:${port}`;
  // Each client has connections of its own, and tries again at once after one was refused.
  const channel = { "grpc.use_local_subchannel_pool": 1, "grpc.initial_reconnect_backoff_ms": 20 };
  const streams = new streamsGrpc.StreamsClient(address, security, channel);
  const gossips = new gossipGrpc.GossipClient(address, security, channel);
  const features = new featuresGrpc.ServerFeaturesClient(address, security, channel);

  const headers = ({ headers: wanted = {} }: RawOptions): Metadata => {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(wanted)) metadata.set(key, value);
    return metadata;
  };
  const limit = ({ deadlineMs = 60_000 }: RawOptions) => ({ deadline: Date.now() + deadlineMs });
  const cancelled = <Call extends ClientCall>(
    call: Call,
    { until }: RawOptions,
    seen: readonly string[] = [],
  ): Call => {
    if (until === undefined) return call;
    const looking = setInterval(() => {
      if (until(seen)) call.cancel();
    }, 5);
    call.on("status", () => clearInterval(looking));
    return call;
  };

  const reading = (
    stream: string,
    isSubscription: boolean,
    options: RawOptions & { readonly onEvent?: (type: string) => void },
  ): Promise<RawRead> =>
    new Promise((resolve) => {
      const seen: string[] = [];
      const call = cancelled(
        streams.read(readRequest(stream, isSubscription), headers(options), limit(options)),
        options,
        seen,
      );
      const createdMs: number[] = [];
      call.on("data", (response: streamsMessages.ReadResp) => {
        if (response.hasStreamNotFound()) seen.push("not found");
        const type = response.getEvent()?.getEvent()?.getMetadataMap().get("type");
        if (type === undefined) return;
        seen.push(type);
        const ticks = response.getEvent()?.getEvent()?.getMetadataMap().get("created");
        createdMs.push(Number(ticks) / 10_000);
        options.onEvent?.(type);
      });
      call.on("error", (error: ServiceError) => resolve({ ...ended(error), seen, createdMs }));
      call.on("end", () => resolve({ ...ok, seen, createdMs }));
    });

  return {
    append: (stream, expected, words, options = {}) =>
      new Promise((resolve) => {
        const call = streams.append(headers(options), limit(options), (error, response) => {
          if (error !== null) return resolve(ended(error));
          if (response.hasWrongExpectedVersion()) return resolve({ ...ok, revision: "conflict" });
          resolve({ ...ok, revision: Number(response.getSuccess()?.getCurrentRevision()) });
        });
        cancelled(call, options).on("error", () => {});
        const first = new streamsMessages.AppendReq();
        const wanted = new streamsMessages.AppendReq.Options();
        wanted.setStreamIdentifier(identifier(stream));
        if (expected === "any") wanted.setAny(new shared.Empty());
        else if (expected < 0) wanted.setNoStream(new shared.Empty());
        else wanted.setRevision(String(expected));
        first.setOptions(wanted);
        call.write(first);
        for (const word of words) {
          const message = new streamsMessages.AppendReq();
          message.setProposedMessage(proposed(new streamsMessages.AppendReq.ProposedMessage(), word));
          call.write(message);
        }
        call.end();
      }),
    batch: (stream, expected, words, options = {}) =>
      new Promise((resolve) => {
        const call = cancelled(streams.batchAppend(headers(options), limit(options)), options);
        const ours = idOf(`correlation of ${stream} ${words.join()}`);
        const answers: string[] = [];
        const finish = (end: RawEnd | "open"): void => {
          resolve({ answers, end });
          call.cancel();
        };
        call.on("data", (response: streamsMessages.BatchAppendResp) => {
          const whose = response.getCorrelationId()?.getString() === ours ? "ours" : "unknown";
          const error = response.getError();
          answers.push(
            error === undefined
              ? `${whose} ${response.getSuccess()?.getCurrentRevision()}`
              : `${whose} error ${error.getCode()}`,
          );
          if (answers.length === (options.answers ?? 1)) finish("open");
        });
        call.on("error", (error: ServiceError) => finish(ended(error)));
        call.on("end", () => finish(ok));
        const request = new streamsMessages.BatchAppendReq();
        const correlation = new shared.UUID();
        correlation.setString(ours);
        request.setCorrelationId(correlation);
        const wanted = new streamsMessages.BatchAppendReq.Options();
        wanted.setStreamIdentifier(identifier(stream));
        if (expected < 0) wanted.setNoStream(new emptyMessages.Empty());
        else wanted.setStreamPosition(String(expected));
        if (options.writeDeadlineMs !== undefined)
          wanted.setDeadline(timestamps.Timestamp.fromDate(new Date(Date.now() + options.writeDeadlineMs)));
        request.setOptions(wanted);
        request.setIsFinal(true);
        for (const word of words)
          request.addProposedMessages(proposed(new streamsMessages.BatchAppendReq.ProposedMessage(), word));
        call.write(request);
      }),
    read: (stream, options = {}) => reading(stream, false, options),
    subscribe: (stream, options = {}) => reading(stream, true, options),
    features: (options = {}) =>
      new Promise((resolve) => {
        const call = features.getSupportedMethods(
          new shared.Empty(),
          headers(options),
          limit(options),
          (error) => resolve(error === null ? ok : ended(error)),
        );
        cancelled(call, options);
      }),
    gossip: (options = {}) =>
      new Promise((resolve) => {
        const call = gossips.read(new shared.Empty(), headers(options), limit(options), (error, response) => {
          if (error !== null) return resolve(ended(error));
          const members = Object.fromEntries(
            response
              .getMembersList()
              .map((member) => [
                Number(member.getHttpEndPoint()?.getPort()),
                `${stateNames[member.getState()] ?? member.getState()}${member.getIsAlive() ? "" : " dead"}`,
              ]),
          );
          resolve({ ...ok, members });
        });
        cancelled(call, options);
      }),
    close: () => {
      streams.close();
      gossips.close();
      features.close();
    },
  };
};

const stateNames: Readonly<Record<number, string>> = { 2: "unknown", 6: "follower", 8: "leader" };

const identifier = (stream: string): shared.StreamIdentifier => {
  const made = new shared.StreamIdentifier();
  made.setStreamName(Buffer.from(stream, "utf8"));
  return made;
};

const proposed = <
  Message extends streamsMessages.AppendReq.ProposedMessage | streamsMessages.BatchAppendReq.ProposedMessage,
>(
  message: Message,
  word: string,
): Message => {
  const id = new shared.UUID();
  id.setString(idOf(word));
  message.setId(id);
  message.getMetadataMap().set("type", word).set("content-type", "application/json");
  message.setData(Buffer.from(JSON.stringify({ word })));
  return message;
};

const readRequest = (stream: string, isSubscription: boolean): streamsMessages.ReadReq => {
  const { Options } = streamsMessages.ReadReq;
  const options = new Options();
  if (stream === "$all") {
    const all = new Options.AllOptions();
    all.setStart(new shared.Empty());
    options.setAll(all);
  } else {
    const one = new Options.StreamOptions();
    one.setStreamIdentifier(identifier(stream));
    one.setStart(new shared.Empty());
    options.setStream(one);
  }
  options.setNoFilter(new shared.Empty());
  if (isSubscription) options.setSubscription(new Options.SubscriptionOptions());
  else options.setCount("1000");
  const ids = new Options.UUIDOption();
  ids.setString(new shared.Empty());
  options.setUuidOption(ids);
  const request = new streamsMessages.ReadReq();
  request.setOptions(options);
  return request;
};

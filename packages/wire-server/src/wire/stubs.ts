/** The generated messages and services that the client's package carries: the wire's own words. CommonJS, hence the default imports. */
import gossip from "@eventstore/db-client/generated/gossip_grpc_pb.js";
import gossipMessages from "@eventstore/db-client/generated/gossip_pb.js";
import serverFeatures from "@eventstore/db-client/generated/serverfeatures_grpc_pb.js";
import serverFeaturesMessages from "@eventstore/db-client/generated/serverfeatures_pb.js";
import shared from "@eventstore/db-client/generated/shared_pb.js";
import status from "@eventstore/db-client/generated/status_pb.js";
import streams from "@eventstore/db-client/generated/streams_grpc_pb.js";
import streamsMessages from "@eventstore/db-client/generated/streams_pb.js";

export const GossipService: typeof gossip.GossipService = gossip.GossipService;
export const ServerFeaturesService: typeof serverFeatures.ServerFeaturesService =
  serverFeatures.ServerFeaturesService;
export const StreamsService: typeof streams.StreamsService = streams.StreamsService;
export { gossipMessages, serverFeaturesMessages, shared, status, streamsMessages };

/**
 * One node on the network: it listens, speaks gRPC, and can be cut off. Connections are accepted here and handed to grpc-js, so
 * that one can be reset or closed from outside and the port be given up without ending the node.
 */
import { createServer, type Socket } from "node:net";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { handleAppend } from "./rpc/append.ts";
import { handleBatchAppend } from "./rpc/batch-append.ts";
import { handleFeatures, handleGossip } from "./rpc/cluster-info.ts";
import { handleDelete, handleTombstone } from "./rpc/delete.ts";
import { handleRead } from "./rpc/read.ts";
import type { Service } from "./rpc/service.ts";
import { GossipService, ServerFeaturesService, StreamsService } from "./wire/stubs.ts";

export interface Connections {
  /** By the address and port they come from. */
  cut(peer: string, how: "rst" | "half_close"): void;
  cutAll(): void;
}

export interface WireNode {
  /** Known once it listens for the first time; kept from then on. */
  port(): number;
  listen(): Promise<void>;
  /** Cuts every connection and gives up the port. */
  close(): Promise<void>;
  /** Ends what keeps timers and sessions; it cannot listen again. */
  end(): void;
}

export const openConnections = (): Connections & { add(socket: Socket): void } => {
  const sockets = new Map<string, Socket>();
  const cut = (socket: Socket, how: "rst" | "half_close"): void => {
    if (how === "half_close") socket.end();
    // The kernel resets no connection that is ending already; the handle would stay and the process never end (Node 20.20).
    else if (socket.writableEnded) socket.destroy();
    else socket.resetAndDestroy();
  };
  return {
    add: (socket) => {
      const peer = `${socket.remoteAddress}:${socket.remotePort}`;
      sockets.set(peer, socket);
      socket.on("close", () => sockets.delete(peer));
      socket.on("error", () => {}); // a reset from the other side is no fault of ours
    },
    cut: (peer, how) => {
      const socket = sockets.get(peer);
      if (socket !== undefined) cut(socket, how);
    },
    cutAll: () => {
      for (const socket of [...sockets.values()]) cut(socket, "rst");
    },
  };
};

/** Answers of a read may be bytes already. */
const readMethod = {
  ...StreamsService.read,
  responseSerialize: (
    response: Parameters<typeof StreamsService.read.responseSerialize>[0] | Buffer,
  ): Buffer => (Buffer.isBuffer(response) ? response : StreamsService.read.responseSerialize(response)),
};

const largestMessage = 20 << 20;

export const openNode = ({
  service,
  connections,
  count,
  port: wantedPort = 0,
  tls,
}: {
  readonly service: Service;
  readonly connections: ReturnType<typeof openConnections>;
  /** Told the name of every call before anything of it is looked at. */
  readonly count: (name: string) => void;
  readonly port?: number;
  readonly tls?: { readonly key: string; readonly certificate: string };
}): WireNode => {
  const grpc = new Server({ "grpc.max_receive_message_length": largestMessage, "grpc.enable_channelz": 0 });
  const counted =
    <Arguments extends readonly unknown[]>(name: string, handle: (...args: Arguments) => void) =>
    (...args: Arguments): void => {
      count(name);
      handle(...args);
    };
  grpc.addService({ ...StreamsService, read: readMethod } as typeof StreamsService, {
    append: counted("Streams/Append", handleAppend(service)),
    batchAppend: counted("Streams/BatchAppend", handleBatchAppend(service)),
    read: counted("Streams/Read", handleRead(service)),
    delete: counted("Streams/Delete", handleDelete(service)),
    tombstone: counted("Streams/Tombstone", handleTombstone(service)),
  });
  grpc.addService(ServerFeaturesService, {
    getSupportedMethods: counted("ServerFeatures/GetSupportedMethods", handleFeatures(service)),
  });
  grpc.addService(GossipService, { read: counted("Gossip/Read", handleGossip(service)) });
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [
          { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.certificate) },
        ]);
  const injector = grpc.createConnectionInjector(credentials);
  const listener = createServer((socket) => {
    connections.add(socket);
    injector.injectConnection(socket);
  });

  let port = wantedPort;
  return {
    port: () => port,
    listen: () =>
      new Promise((resolve, reject) => {
        listener.once("error", reject);
        listener.listen(port, "127.0.0.1", () => {
          listener.off("error", reject);
          const address = listener.address();
          if (address !== null && typeof address === "object") port = address.port;
          resolve();
        });
      }),
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve());
        connections.cutAll();
      }),
    end: () => {
      injector.destroy();
      grpc.forceShutdown();
    },
  };
};

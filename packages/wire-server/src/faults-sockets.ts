/**
 * A port whose connections are in our own hands, so that a fault can end a real socket under a call. The server of grpc-js is
 * handed the sockets one by one; what it does over them it does as always.
 */
import { createServer, type Server as Listener, type Socket } from "node:net";
import type { Server, ServerCredentials } from "@grpc/grpc-js";

export interface Sockets {
  /** Chosen at the first `listen`, the same ever after. */
  readonly port: () => number;
  /** Rejects when somebody else holds the port. */
  readonly listen: () => Promise<void>;
  /** Ends the connection that this peer's call came over; `peer` is what `call.getPeer()` said. False: it is gone already. */
  readonly cut: (peer: string, how: "rst" | "half_close") => boolean;
  /** As the kernel does for a killed process: every connection is reset, and nobody listens any more. */
  readonly kill: () => Promise<void>;
  readonly open: () => number;
}

export const socketsOf = ({
  server,
  credentials,
  port: wanted = 0,
}: {
  readonly server: Server;
  readonly credentials: ServerCredentials;
  readonly port?: number;
}): Sockets => {
  const injector = server.createConnectionInjector(credentials);
  const open = new Map<string, Socket>();
  let port = wanted;
  let listener: Listener | undefined;

  const take = (socket: Socket): void => {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    open.set(peer, socket);
    socket.on("close", () => open.get(peer) === socket && open.delete(peer));
    socket.on("error", () => socket.destroy());
    injector.injectConnection(socket);
  };

  return {
    port: () => port,
    listen: () =>
      new Promise((resolve, reject) => {
        const next = createServer({ noDelay: true }, take);
        next.once("error", reject);
        next.listen(port, "127.0.0.1", () => {
          const address = next.address();
          if (address !== null && typeof address === "object") port = address.port;
          listener = next;
          resolve();
        });
      }),
    cut: (peer, how) => {
      const socket = open.get(peer);
      if (socket === undefined) return false;
      if (how === "rst") socket.resetAndDestroy();
      else socket.end();
      return true;
    },
    kill: async () => {
      const closed = listener;
      listener = undefined;
      const gone = new Promise<void>((resolve) => {
        if (closed === undefined) resolve();
        else closed.close(() => resolve());
      });
      for (const socket of [...open.values()]) socket.resetAndDestroy();
      await gone;
    },
    open: () => open.size,
  };
};

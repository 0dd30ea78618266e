/** A server that accepts connections and says nothing, as one that hangs or was stopped. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

export interface SilentServer {
  readonly port: number;
  /** How many connections came. */
  connections(): number;
  /** Resolves once somebody has connected. */
  readonly connected: Promise<void>;
  stop(): void;
}

export const silentServer = async (): Promise<SilentServer> => {
  const sockets: Socket[] = [];
  let seen = (): void => {};
  const connected = new Promise<void>((resolve) => {
    seen = resolve;
  });
  const server = createServer((socket) => {
    socket.on("error", () => {});
    sockets.push(socket);
    seen();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => sockets.length,
    connected,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
};

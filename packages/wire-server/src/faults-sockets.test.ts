import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import { type Sockets, socketsOf } from "./faults-sockets.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const listening = async (): Promise<Sockets> => {
  const server = new Server();
  const sockets = socketsOf({ server, credentials: ServerCredentials.createInsecure() });
  await sockets.listen();
  ends.push(async () => {
    server.forceShutdown();
    await sockets.kill();
  });
  return sockets;
};

interface Peer {
  readonly name: string;
  /** "end" for a FIN, else the code of the error. */
  readonly over: Promise<string>;
}
const connected = async (sockets: Sockets): Promise<Peer> => {
  const socket: Socket = connect({ port: sockets.port(), host: "127.0.0.1" });
  const over = new Promise<string>((resolve) => {
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(String(error.code)));
    socket.on("end", () => resolve("end"));
  });
  await once(socket, "data"); // The server's first frame: the connection is in grpc-js's hands.
  return { name: `127.0.0.1:${socket.localPort}`, over };
};

describe("a port with sockets of our own", () => {
  test("a reset arrives at the peer as a reset", async () => {
    const sockets = await listening();
    const { name, over } = await connected(sockets);
    expect(sockets.cut(name, "rst")).toBe(true);
    await expect(over).resolves.toBe("ECONNRESET");
  });

  test("a half-close arrives as a clean end", async () => {
    const sockets = await listening();
    const { name, over } = await connected(sockets);
    expect(sockets.cut(name, "half_close")).toBe(true);
    await expect(over).resolves.toBe("end");
  });

  test("only the connection named is cut", async () => {
    const sockets = await listening();
    const [struck, spared] = [await connected(sockets), await connected(sockets)];
    sockets.cut(struck.name, "rst");
    await struck.over;
    await expect(Promise.race([spared.over, Promise.resolve("open")])).resolves.toBe("open");
    expect(sockets.cut("127.0.0.1:1", "rst")).toBe(false);
  });

  test("a kill resets everybody and refuses newcomers; the port is the same afterwards", async () => {
    const sockets = await listening();
    const port = sockets.port();
    const { over } = await connected(sockets);
    await sockets.kill();
    await expect(over).resolves.toBe("ECONNRESET");
    const refused = connect({ port, host: "127.0.0.1" });
    const [error] = (await once(refused, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNREFUSED");
    await sockets.listen();
    expect(sockets.port()).toBe(port);
    const again = await connected(sockets);
    sockets.cut(again.name, "half_close");
    await expect(again.over).resolves.toBe("end");
  });

  test("a port that somebody holds is refused", async () => {
    const sockets = await listening();
    const server = new Server();
    const second = socketsOf({
      server,
      credentials: ServerCredentials.createInsecure(),
      port: sockets.port(),
    });
    await expect(second.listen()).rejects.toThrow("EADDRINUSE");
    server.forceShutdown();
  });
});

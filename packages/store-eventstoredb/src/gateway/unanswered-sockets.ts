/**
 * Connections that wait for a first word keep a process alive, for two minutes where packets are lost and for ever where a TLS
 * greeting is not answered, and grpc lets nobody reach them: closing its channel leaves them. Node tells of every socket that is
 * made; those that lead where a gateway went, and were never answered, are let go when it closes. One that has come about is not
 * destroyed, so that somebody else's to the same place loses nothing; one that has not keeps a process alive in any other case.
 */
import { channel } from "node:diagnostics_channel";
import { isIP, type Socket } from "node:net";
import type { ServerHost } from "../address/address.ts";

export interface UnansweredSockets {
  /** From now on sockets to there are looked at. */
  expect(host: ServerHost): void;
  /** Lets go of those that wait, and looks no more. A channel has to be closed before: it makes no new ones then. */
  letGo(): Promise<void>;
}

/** What becomes of one socket. */
interface Watcher {
  readonly attempted: (ip: string, port: number) => void;
  readonly closed: () => void;
}

/** One pair of listeners a socket, however many gateways are open: Node warns of more than ten. */
const watchersOf = new WeakMap<Socket, Set<Watcher>>();
const watch = (socket: Socket, watcher: Watcher): void => {
  const known = watchersOf.get(socket);
  if (known !== undefined) {
    known.add(watcher);
    return;
  }
  const watchers = new Set([watcher]);
  watchersOf.set(socket, watchers);
  socket.once("connectionAttempt", (ip: string, port: number) => {
    for (const { attempted } of watchers) attempted(ip, port);
  });
  socket.once("close", () => {
    for (const { closed } of watchers) closed();
  });
};

export const unansweredSockets = (): UnansweredSockets => {
  const made = channel("net.client.socket");
  const expected = new Map<number, Set<string>>();
  const waiting = new Set<Socket>();

  const onMade = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket };
    const attempted = (ip: string, port: number): void => {
      const hosts = expected.get(port);
      if (hosts === undefined) return;
      // A name stands for any address.
      if (!hosts.has(ip) && [...hosts].every((host) => isIP(host) !== 0)) return;
      waiting.add(socket);
    };
    watch(socket, { attempted, closed: () => waiting.delete(socket) });
  };
  made.subscribe(onMade);

  return {
    expect: ({ host, port }) => {
      const hosts = expected.get(port) ?? new Set();
      expected.set(port, hosts.add(host));
    },
    letGo: async () => {
      // One that was decided on is made a few promises later.
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      for (const socket of waiting)
        if (socket.connecting) socket.destroy();
        else if (socket.bytesRead === 0) socket.unref();
      waiting.clear();
      made.unsubscribe(onMade);
    },
  };
};

/** A server on loopback: one node over one log. */
import { randomUUID } from "node:crypto";
import { openLog, type WireLog } from "./log/log.ts";
import { openWriter } from "./log/writer.ts";
import { openConnections, openNode } from "./node.ts";
import { openGate } from "./rpc/gate.ts";
import { openService } from "./rpc/service.ts";
import { openEventEncoder } from "./wire/encode-event.ts";
import { idText } from "./wire/uuid.ts";
import type { WireEvent, WireServer, WireServerOptions } from "./wire-server.ts";

const eventAt = (log: WireLog, record: number): WireEvent => ({
  stream: log.streamAt(log.streamOf(record)).name,
  revision: BigInt(log.revisionOf(record)),
  id: idText(log.id(record)),
  type: log.typeAt(log.typeOf(record)),
  data: log.data(record),
  metadata: log.metadata(record),
  position: BigInt(log.position(record)),
});

/** Listens when it answers. Rejects where the port is taken. */
export const startWireServer = async ({
  port,
  tls,
  commitTimeoutMs = 2_000,
}: WireServerOptions = {}): Promise<WireServer> => {
  const log = openLog();
  const writer = openWriter(log);
  const connections = openConnections();
  const calls = new Map<string, number>();
  const instanceId = randomUUID();
  const service = openService({
    log,
    writer,
    encodeEvent: openEventEncoder(log),
    gate: openGate,
    members: () => [{ instanceId, state: "leader", isAlive: true, host: "127.0.0.1", port: node.port() }],
    commitTimeoutMs,
    cut: connections.cut,
  });
  const node = openNode({
    service,
    connections,
    count: (name) => calls.set(name, (calls.get(name) ?? 0) + 1),
    ...(port === undefined ? {} : { port }),
    ...(tls === undefined ? {} : { tls }),
  });
  await node.listen();
  return {
    port: node.port(),
    url: `esdb://127.0.0.1:${node.port()}?tls=${tls !== undefined}`,
    strike: () => {
      throw new Error("no fault can be ordered yet");
    },
    calm: () => {},
    setQuorum: (isThere) => log.limit(isThere ? Number.POSITIVE_INFINITY : log.visible()),
    events: (stream) => {
      const records =
        stream === undefined
          ? Array.from({ length: log.count() }, (_, record) => record)
          : log.stream(stream)?.records;
      return (records ?? []).map((record) => eventAt(log, record));
    },
    tamper: (stream, revision, change) => {
      const record = log.stream(stream)?.records[Number(revision)];
      if (record === undefined) throw new RangeError(`nothing stands at ${stream} ${revision}`);
      log.replace(record, change.data ?? log.data(record), change.metadata ?? log.metadata(record));
    },
    calls: () => new Map(calls),
    kill: () => node.close(),
    start: async () => {
      writer.forget();
      await node.listen();
    },
    stop: async () => {
      await node.close();
      node.end();
    },
  };
};

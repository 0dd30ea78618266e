/** A server on loopback: one node over one log, of its own or shared with the other nodes of a cluster. */
import { randomUUID } from "node:crypto";
import { admissionOf, allMetastream, grantsAll } from "./accounts.ts";
import { faultGate, type Leadership } from "./faults-gate.ts";
import { deletedRevision, type WireLog } from "./log/log.ts";
import { lastRevision } from "./log/visibility.ts";
import { openConnections, openNode } from "./node.ts";
import { type Member, openService } from "./rpc/service.ts";
import { openSharedLog, type SharedLog } from "./shared-log.ts";
import { idText } from "./wire/uuid.ts";
import type { WireEvent, WireServer, WireServerOptions } from "./wire-server.ts";

/** Listens when it answers. Rejects where the port is taken. */
export const startWireServer = async (options: WireServerOptions = {}): Promise<WireServer> => {
  const instanceId = randomUUID();
  const shared = openSharedLog(options);
  const server = await startNode({
    ...options,
    shared,
    leadership: () => ({ _tag: "Leads" }),
    members: (port) => [{ instanceId, state: "leader", isAlive: true, host: "127.0.0.1", port }],
  });
  return {
    ...server,
    start: () => {
      shared.writer.forget();
      return server.start();
    },
  };
};

export interface NodeOptions extends WireServerOptions {
  readonly shared: SharedLog;
  readonly leadership: () => Leadership;
  /** As gossip tells them; `port` is the node's own. */
  readonly members: (port: number) => readonly Member[];
}

export const startNode = async ({
  port,
  tls,
  accounts,
  commitTimeoutMs = 2_000,
  shared: { log, replication, encodeEvent, now },
  leadership,
  members,
}: NodeOptions): Promise<WireServer> => {
  const connections = openConnections();
  const calls = new Map<string, number>();
  const gate = faultGate({
    log,
    leadership,
    admission: admissionOf(accounts, {
      mayReadAll: (account) => grantsAll(lastData(log, allMetastream), account),
    }),
  });
  const service = openService({
    log,
    replication,
    encodeEvent,
    gate,
    members: () => members(node.port()),
    commitTimeoutMs,
    now,
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
    strike: gate.strike,
    calm: () => {
      gate.calm();
      replication.release();
    },
    held: gate.held,
    setQuorum: replication.setQuorum,
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
    pause: gate.pause,
    resume: gate.resume,
    kill: async () => {
      await node.close();
      gate.die();
    },
    start: node.listen,
    stop: async () => {
      gate.calm();
      await node.close();
      gate.die();
      node.end();
    },
  };
};

const eventAt = (log: WireLog, record: number): WireEvent => ({
  stream: log.streamAt(log.streamOf(record)).name,
  revision: log.isTombstone(record) ? deletedRevision : BigInt(log.revisionOf(record)),
  id: idText(log.id(record)),
  type: log.typeAt(log.typeOf(record)),
  data: log.data(record),
  metadata: log.metadata(record),
  position: BigInt(log.position(record)),
});

const lastData = (log: WireLog, name: string): Uint8Array | undefined => {
  const stream = log.stream(name);
  const record = stream?.records[lastRevision(stream, log.visible())];
  return record === undefined ? undefined : log.data(record);
};

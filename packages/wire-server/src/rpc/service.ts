/** What every handler has in its hands: the log, its writer, the gate, and who else is in the cluster. */
import type { Metadata } from "@grpc/grpc-js";
import type { FaultPoint } from "../faults.ts";
import { endCall } from "../faults-cut.ts";
import type { WireLog } from "../log/log.ts";
import type { Replication } from "../quorum.ts";
import type { EncodeEvent } from "../wire/encode-event.ts";
import type { Gate, WireCall } from "./gate.ts";

/** A node as gossip describes it. */
export interface Member {
  readonly instanceId: string;
  readonly state: "leader" | "follower" | "other";
  readonly isAlive: boolean;
  readonly host: string;
  readonly port: number;
}

/** What grpc-js calls of every kind have in common. */
export interface IncomingCall {
  readonly metadata: Metadata;
  readonly cancelled: boolean;
  getPeer(): string;
  on(event: "cancelled", listener: () => void): unknown;
}

export interface Service {
  readonly log: WireLog;
  readonly encodeEvent: EncodeEvent;
  readonly gate: Gate;
  readonly members: () => readonly Member[];
  readonly commitTimeoutMs: number;
  /** Milliseconds since 1970, by the server's clock. */
  readonly now: () => number;
  /** Writes, and waits until readers can see it; a `Refusal` with code 10 where that takes too long, the write stays. */
  readonly commit: Replication["commit"];
  readonly commitDelete: Replication["commitDelete"];
  /** The call as the gate sees it. */
  arrived(name: string, point: FaultPoint | undefined, call: IncomingCall, stream?: string): WireCall;
}

const answersInStreams: readonly (FaultPoint | undefined)[] = ["batchAppend", "read", "subscribe"];

/** Made on demand: most calls are answered before anybody asks, and an abort costs more than a small append. */
const signalOf = (call: IncomingCall): AbortSignal => {
  const gone = new AbortController();
  if (call.cancelled) gone.abort();
  else call.on("cancelled", () => gone.abort());
  return gone.signal;
};

export const openService = ({
  log,
  replication,
  encodeEvent,
  gate,
  members,
  commitTimeoutMs,
  now,
  cut,
}: {
  readonly log: WireLog;
  readonly replication: Replication;
  readonly encodeEvent: EncodeEvent;
  readonly gate: Gate;
  readonly members: () => readonly Member[];
  readonly commitTimeoutMs: number;
  readonly now: () => number;
  /** Breaks the connection that comes from there. */
  readonly cut: (peer: string, how: "rst" | "half_close") => void;
}): Service => ({
  log,
  encodeEvent,
  gate,
  members,
  commitTimeoutMs,
  now,
  commit: replication.commit,
  commitDelete: replication.commitDelete,
  arrived: (name, point, call, stream) => {
    const peer = call.getPeer();
    let signal: AbortSignal | undefined;
    return {
      name,
      point,
      stream,
      metadata: call.metadata,
      get signal() {
        signal ??= signalOf(call);
        return signal;
      },
      cut: (how) => {
        if (how === "rst" || how === "half_close") cut(peer, how);
        else endCall(call, how, { answersOnce: !answersInStreams.includes(point) });
      },
    };
  },
});

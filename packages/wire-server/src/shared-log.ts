/** What the nodes of a cluster have in common, and a single node has to itself: one log, one writer, one way to replicate. */
import { openLog, systemMicros, type WireLog } from "./log/log.ts";
import { type LogWriter, openWriter } from "./log/writer.ts";
import { type Replication, replicationOf } from "./quorum.ts";
import { type EncodeEvent, openEventEncoder } from "./wire/encode-event.ts";
import type { WireServerOptions } from "./wire-server.ts";

export interface SharedLog {
  /** Milliseconds since 1970, by the server's clock. */
  readonly now: () => number;
  readonly log: WireLog;
  readonly writer: LogWriter;
  readonly replication: Replication;
  readonly encodeEvent: EncodeEvent;
}

export const openSharedLog = ({
  commitTimeoutMs = 2_000,
  dropsOverlapping = false,
  overlapMs = 3,
  clockOffsetMs = 0,
}: Pick<
  WireServerOptions,
  "commitTimeoutMs" | "dropsOverlapping" | "overlapMs" | "clockOffsetMs"
>): SharedLog => {
  const log = openLog({ nowMicros: () => systemMicros() + clockOffsetMs * 1000 });
  const writer = openWriter(log);
  const replication = replicationOf(log, writer, {
    timeoutMs: commitTimeoutMs,
    holdMs: dropsOverlapping ? overlapMs : 0,
  });
  return {
    now: () => Date.now() + clockOffsetMs,
    log,
    writer,
    replication,
    encodeEvent: openEventEncoder(log),
  };
};

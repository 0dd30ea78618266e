/** What the nodes of a cluster have in common, and a single node has to itself: one log, one writer, one way to replicate. */
import { openLog, type WireLog } from "./log/log.ts";
import { type LogWriter, openWriter } from "./log/writer.ts";
import { type Replication, replicationOf } from "./quorum.ts";
import { type EncodeEvent, openEventEncoder } from "./wire/encode-event.ts";
import type { WireServerOptions } from "./wire-server.ts";

export interface SharedLog {
  readonly log: WireLog;
  readonly writer: LogWriter;
  readonly replication: Replication;
  readonly encodeEvent: EncodeEvent;
}

export const openSharedLog = ({
  commitTimeoutMs = 2_000,
  dropsOverlapping = false,
  overlapMs = 3,
}: Pick<WireServerOptions, "commitTimeoutMs" | "dropsOverlapping" | "overlapMs">): SharedLog => {
  const log = openLog();
  const writer = openWriter(log);
  const replication = replicationOf(log, writer, {
    timeoutMs: commitTimeoutMs,
    holdMs: dropsOverlapping ? overlapMs : 0,
  });
  return { log, writer, replication, encodeEvent: openEventEncoder(log) };
};

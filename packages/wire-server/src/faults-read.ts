/** What a fault makes of a read or a subscription that was let in. */
import type { Fault } from "./faults.ts";
import type { HeldCalls } from "./faults-held.ts";
import type { WireLog } from "./log/log.ts";
import { lastRevision } from "./log/visibility.ts";
import type { ReadTerms, WireCall } from "./rpc/gate.ts";

export type ReadFault = Extract<Fault, { readonly kind: "delay" | "stale" | "truncate" | "slow" }>;

export const readUnder = async (
  fault: ReadFault,
  { call, log, held }: { readonly call: WireCall; readonly log: WireLog; readonly held: HeldCalls },
): Promise<ReadTerms> => {
  switch (fault.kind) {
    case "delay":
      await held.delay(fault.ms, call.signal);
      return {};
    case "stale":
      return { unseen: unseenBy(log, call.stream, fault.events) };
    case "truncate": {
      const { events: atMost, how = "end" } = fault;
      if (how === "end") return { atMost };
      const whenOver = (): Promise<never> => {
        if (how !== "silence") call.cut(how);
        return held.silence(call.signal);
      };
      return { atMost, whenOver };
    }
    case "slow":
      return { msBetween: fault.ms };
  }
};

/** How many of the last records must stay unseen so that the last events of the stream, or of everything, are among them. */
const unseenBy = (log: WireLog, stream: string | undefined, events: number): number => {
  const end = log.visible();
  if (stream === undefined) return Math.min(events, end);
  const known = log.stream(stream);
  const record = known?.records[Math.max(0, lastRevision(known, end) - events + 1)];
  return record === undefined ? 0 : Math.max(0, end - record);
};

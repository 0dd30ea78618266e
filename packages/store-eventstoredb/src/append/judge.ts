/** What stands where a commit was to be written, and whose it is. */
import type { Commit, EventEnvelope } from "@mission-ledger/core";
import { notWhole } from "../faults.ts";
import type { StoredEvent } from "../gateway-port.ts";
import { isSealed, ledgerEvent } from "../layout/stored-event.ts";

export type Standing =
  /** Nothing, or less than all of ours: it may still be on its way. No proof of absence. */
  | { readonly _tag: "Nothing" }
  /** This very append, whole and equal. */
  | { readonly _tag: "Ours" }
  /** The same command, written by another append. */
  | { readonly _tag: "SameCommand" }
  /** Another command: ours can never be written there any more. */
  | { readonly _tag: "Another" }
  /** Bears our mark and is not what we sent. */
  | { readonly _tag: "Differs"; readonly revision: number };

/** Throws `LOG_CORRUPT` where the place cannot be seen. @param stored events from the commit's first revision on, at most as many as it has, from the leader */
export const judge = (stored: readonly StoredEvent[], commit: Commit, writer: string): Standing => {
  const { stream, firstRevision, events } = commit;
  const first = stored[0];
  if (first === undefined) return { _tag: "Nothing" };
  if (first.revision !== BigInt(firstRevision))
    throw notWhole(stream, firstRevision, `the next event that can be read is at revision ${first.revision}`);
  if (first.id !== events[0]?.id) return { _tag: "Another" };
  const found = ledgerEvent(first, stream);
  if (found === undefined) return { _tag: "Differs", revision: firstRevision };
  if (found.writer !== writer) return { _tag: "SameCommand" };
  for (const [at, one] of stored.entries()) {
    const event = ledgerEvent(one, stream);
    const sealed = events[at] as EventEnvelope;
    const isOurs =
      event !== undefined &&
      event.writer === writer &&
      event.commandDigest === commit.commandDigest &&
      event.index === at &&
      event.count === events.length &&
      isSealed(event, sealed);
    if (!isOurs) return { _tag: "Differs", revision: firstRevision + at };
  }
  return stored.length < events.length ? { _tag: "Nothing" } : { _tag: "Ours" };
};

/** What proves that a record is the one that was written: the digest of each event, computed again, and its links. */
import { checkLink, type EventEnvelope, type StreamHead } from "@mission-ledger/core";
import type { StoredRecord } from "../log/record.ts";

/** Whether every event's digest recomputes, each linked to the one before it. */
export const digestsHold = ({ events, firstRevision, previous }: StoredRecord): boolean => {
  let head: StreamHead = { revision: firstRevision - 1, digest: previous };
  for (const { position: _, ...event } of events) {
    if (checkLink(head, event as EventEnvelope) !== undefined) return false;
    head = { revision: event.revision, digest: event.digest };
  }
  return true;
};

/** The last event of a record. */
export const endOf = ({ events, firstRevision }: StoredRecord): { revision: number; digest: string } => ({
  revision: firstRevision + events.length - 1,
  digest: events.at(-1)?.digest ?? "",
});

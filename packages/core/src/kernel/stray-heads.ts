/**
 * Heads that are remembered of a stream and that its log does not hold: an older copy of a log, or another log under its name,
 * shows itself here and nowhere else. Why that is a warning and no fault: docs/adr/0025-a-log-that-holds-less-than-is-remembered.md.
 */
import type { StreamHead } from "./event.ts";
import type { EventStore, Warning } from "./event-store.ts";
import { isStoreFault } from "./faults.ts";
import type { CancelSignal } from "./ports.ts";
import { reconciliationOf } from "./reconciliation.ts";

/** Whether the log holds the very event that a head names. Throws what the store throws. */
export const holdsHead = async (
  store: Pick<EventStore, "read">,
  stream: string,
  head: StreamHead,
  signal?: CancelSignal,
): Promise<boolean> => {
  const options = { after: head, to: head.revision, ...(signal === undefined ? {} : { signal }) };
  try {
    for await (const _ of store.read(stream, options)) break;
    return true;
  } catch (error) {
    if (isStoreFault(error) && error.code === "LOG_REPLACED") return false;
    throw error;
  }
};

/**
 * Whether a decision between branches that the log holds explains why it does not hold this head: an event of a branch that was
 * decided against. By revisions, since a decision names no event of the branch but its last. Reads the whole stream.
 */
export const isDecidedAgainst = async (
  store: Pick<EventStore, "read">,
  stream: string,
  { revision }: StreamHead,
  signal?: CancelSignal,
): Promise<boolean> => {
  for await (const batch of store.read(stream, signal === undefined ? {} : { signal }))
    for (const event of batch)
      for (const loser of reconciliationOf(event)?.losers ?? [])
        if (revision <= loser.revision && revision > loser.revision - loser.events) return true;
  return false;
};

/** What is said of a head that was remembered, once it is known where the log ends. */
export const strayWarning = (stream: string, remembered: StreamHead, end: StreamHead): Warning => ({
  code: "LOG_REPLACED",
  message: `${stream} does not hold event ${nameOf(remembered)} that was remembered of it: ${
    end.revision < remembered.revision
      ? end.revision < 0
        ? "it holds none"
        : `it ended at event ${nameOf(end)}`
      : "another event stands there"
  }`,
  hint: "An older copy or another log was put in its place: put back the one that held the event before more is written, or take this one for right (mled rebuild --accept-replaced).",
});

const nameOf = ({ revision, digest }: StreamHead): string =>
  digest === null ? `${revision}` : `${revision} (${digest.slice(0, 12)})`;

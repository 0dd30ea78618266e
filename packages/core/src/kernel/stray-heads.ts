/**
 * Heads that are remembered of a stream and that its log does not hold: an older copy of a log, or another log under its name,
 * shows itself here and nowhere else. Why that is a warning and no fault: docs/adr/0025-a-log-that-holds-less-than-is-remembered.md.
 */
import type { StreamHead } from "./event.ts";
import type { EventStore, Warning } from "./event-store.ts";
import { isStoreFault } from "./faults.ts";
import { type Folded, type FoldSpec, saveFold } from "./fold.ts";
import type { CancelSignal } from "./ports.ts";
import type { SnapshotStore } from "./snapshots.ts";

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
 * As {@link saveFold}, but never in the place of a snapshot whose event the log does not hold: that is the last that tells of
 * what the log lost. Answers the head of such a snapshot. Never throws: what cannot be looked at stays.
 */
export const saveFoldUnlessStray = async <State>(
  store: Pick<EventStore, "read">,
  snapshots: SnapshotStore,
  stream: string,
  spec: Pick<FoldSpec<State>, "name" | "version">,
  folded: Folded<State>,
): Promise<StreamHead | undefined> => {
  try {
    const head = (await snapshots.load({ stream, name: spec.name, version: spec.version }))?.head;
    if (head !== undefined && head.revision >= 0 && !(await holdsHead(store, stream, head))) return head;
    await saveFold(snapshots, stream, spec, folded);
  } catch {
    // A snapshot is a cache: the next fold is longer, nothing else.
  }
  return undefined;
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

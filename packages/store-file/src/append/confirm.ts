/** Makes sure of a head that somebody else wrote, perhaps without having flushed it, before an answer is built on it. */
import { StoreFault, type StreamHead } from "@mission-ledger/core";
import { faultOf } from "../faults.ts";
import { openRegularIfThere, readOnly } from "../files/safe-files.ts";
import { parseMark, recordAt } from "../log/mark.ts";
import { eventsAfter } from "../stream-view/events-after.ts";
import type { StreamView } from "../stream-view/stream-view.ts";
import type { LogFlusher } from "./log-flusher.ts";
import { refuseNewer, refuseSuspect } from "./refusals.ts";
import type { StoreContext } from "./store-context.ts";

/** Flushes the log, then looks for the event by a descriptor opened by path. Throws `LOG_REPLACED` if it is not there. */
export const confirmHead = async (
  context: StoreContext,
  { view, flusher }: { readonly view: StreamView; readonly flusher: LogFlusher },
  head: StreamHead,
): Promise<void> => {
  const { files, failpoint, ensureOpen, names } = context;
  const { stream, encoded, log: path } = view.paths;
  const details = { stream, path };
  ensureOpen();
  try {
    names.generation();
    refuseSuspect(context, view, "not_written");
    view.refresh(head);
    refuseNewer(view);
    const { log } = view;
    if (log === undefined) throw notThere(view, head);
    failpoint("confirm:flush");
    flusher.note(false);
    await flusher.flush(log, view.end, "not_written");
    // Flushes take turns, but for those of an older version: one may have failed meanwhile, and then this one lied.
    names.generation();
    refuseSuspect(context, view, "not_written");
    failpoint("confirm:read-back");
    const opened = openRegularIfThere(files, path, readOnly);
    if (opened === undefined) throw notThere(view, head);
    try {
      if (opened.status.ino !== log.ino || opened.status.dev !== log.dev) throw notThere(view, head);
      const mark = head.mark ?? (view.head.revision === head.revision ? view.head.mark : undefined);
      const place = mark === undefined ? undefined : parseMark(mark);
      const found =
        place !== undefined && recordAt(files, opened.fd, place, head, stream, encoded) !== undefined;
      if (!found && eventsAfter(view, head) === undefined) throw notThere(view, head);
    } finally {
      files.close(opened.fd);
    }
  } catch (error) {
    throw faultOf(error, "catch-up", details);
  }
};

const notThere = ({ paths }: StreamView, { revision }: StreamHead): StoreFault =>
  new StoreFault(
    "LOG_REPLACED",
    `${paths.stream} does not hold the event remembered at revision ${revision}`,
    {
      outcome: "not_written",
      retryable: true,
      hint: "What was remembered belongs to another log; read the stream from its start.",
      details: { stream: paths.stream, revision },
    },
  );

/** The commits of a stream, put together from its pages: as many reads as there are pages, where a search takes two for each command. */
import { type CancelSignal, type Commit, emptyHead, type StreamHead } from "@mission-ledger/core";
import { notWhole } from "../faults.ts";
import { commitOf, type LedgerEvent } from "../layout/stored-event.ts";
import type { StreamReader } from "./stream-reader.ts";

export interface CommitsOptions {
  /** Only what begins behind it. @defaultValue the start of the stream */
  readonly after?: StreamHead;
  /** Only what ends here or before. @defaultValue the end of the stream */
  readonly to?: number;
  readonly signal?: CancelSignal;
}

/** Throws what reading the stream throws, and `LOG_CORRUPT` for a command that lacks events. */
export async function* readCommits(
  reader: Pick<StreamReader, "pages">,
  stream: string,
  options: CommitsOptions = {},
): AsyncGenerator<readonly Commit[]> {
  const { after = emptyHead, to } = options;
  let open: LedgerEvent[] = [];
  for await (const page of reader.pages(stream, options)) {
    const whole: Commit[] = [];
    for (const event of page) {
      const { commandId, revision } = event.recorded;
      const [first] = open;
      // The command that `after` stands in the middle of began before it.
      const isRest = first === undefined && revision - event.index <= after.revision;
      if (isRest) continue;
      const follows =
        first === undefined || (first.recorded.commandId === commandId && first.count === event.count);
      if (!follows || event.index !== open.length) throw lacksEvents(stream, revision);
      open.push(event);
      if (open.length < event.count) continue;
      whole.push(commitOf(open));
      open = [];
    }
    if (whole.length > 0) yield whole;
  }
  const [begun] = open;
  if (begun !== undefined && to === undefined) throw lacksEvents(stream, begun.recorded.revision);
}

const lacksEvents = (stream: string, revision: number) =>
  notWhole(stream, revision, "a command there lacks some of its events");

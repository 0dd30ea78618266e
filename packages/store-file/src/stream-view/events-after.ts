/** The events that follow a given one in a log that was read to its end: what a decision made again has missed. */
import type { RecordedEvent, StreamHead } from "@mission-ledger/core";
import { type FoldState, foldLog, startOfLog, stateBefore } from "../log/fold.ts";
import { openLineReader } from "../log/line-reader.ts";
import { decodeRecord } from "../log/record.ts";
import type { KnownRecord, StreamView } from "./stream-view.ts";

/** `undefined` if the log does not hold the event that `known` names. */
export const eventsAfter = (view: StreamView, known: StreamHead): readonly RecordedEvent[] | undefined => {
  const { files, log, paths } = view;
  if (log === undefined) return undefined;
  if (view.latest !== undefined && view.latest.after === known.digest) return view.latest.events;
  const from = placeOf(view, known.revision);
  const missed: RecordedEvent[] = [];
  let seen = known.revision < 0 && known.digest === null;
  let fold =
    from.state === undefined ? undefined : foldLog(paths.stream, paths.encoded, from.state, () => {});
  const reader = openLineReader(files, log.fd, { from: from.offset, to: view.end });
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    fold ??= foldFrom(line.bytes, view);
    const step = fold.take(line);
    if (step._tag !== "Record") continue;
    for (const event of step.record.events) {
      if (event.revision > known.revision) missed.push(event);
      else if (event.revision === known.revision) seen = event.digest === known.digest;
    }
  }
  return seen ? missed : undefined;
};

/** Where to begin: the record that holds the revision if it is known, the end of a segment before it, or the start. */
const placeOf = (
  view: StreamView,
  revision: number,
): { readonly offset: number; readonly state: FoldState | undefined } => {
  const entry = revision < 0 ? undefined : lastUpTo(view.recent, revision);
  if (entry !== undefined && entry.lastRevision >= revision)
    return { offset: entry.offset, state: undefined };
  const before = view.segments.segments.findLast(({ header }) => header.revision < revision);
  return before === undefined
    ? { offset: 0, state: startOfLog }
    : { offset: before.header.to, state: view.stateAt(before.header.to) };
};

/** The fold just before a record that is known to count. */
const foldFrom = (bytes: Buffer, { paths }: StreamView): ReturnType<typeof foldLog> => {
  const decoded = decodeRecord(bytes, paths.stream, paths.encoded);
  const state = decoded._tag === "Record" ? stateBefore(decoded.record) : startOfLog;
  return foldLog(paths.stream, paths.encoded, state, () => {});
};

/** The last known record that begins at or before a revision; the records are in order. */
const lastUpTo = (records: readonly KnownRecord[], revision: number): KnownRecord | undefined => {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((records[middle] as KnownRecord).firstRevision <= revision) low = middle + 1;
    else high = middle;
  }
  return records[low - 1];
};

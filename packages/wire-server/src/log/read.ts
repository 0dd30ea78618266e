/** Ranges of the log as lazy sequences of records: a stream or everything, forwards or backwards. */
import type { RecordFilter } from "./filter.ts";
import type { WireLog } from "./log.ts";
import { type LogEnd, viewStream } from "./visibility.ts";

export type Range =
  | { readonly _tag: "Records"; readonly records: Iterable<number> }
  | { readonly _tag: "Missing" }
  | { readonly _tag: "Tombstoned" }
  /** The server cannot read from there. */
  | { readonly _tag: "Impossible" };

const impossible: Range = { _tag: "Impossible" };

interface RangeRequest {
  readonly from: number | "start" | "end";
  readonly isBackwards: boolean;
  readonly count: number;
  readonly end: LogEnd;
}

function* upTo(count: number, records: Iterable<number>): Iterable<number> {
  let left = count;
  for (const record of records) {
    yield record;
    if (--left === 0) return;
  }
}

function* counting(from: number, to: number, step: 1 | -1): Iterable<number> {
  for (let at = from; step > 0 ? at <= to : at >= to; at += step) yield at;
}

function* revisions(records: readonly number[], numbers: Iterable<number>): Iterable<number> {
  for (const revision of numbers) yield records[revision] as number;
}

export const readStreamRange = (
  log: WireLog,
  name: string,
  { from, isBackwards, count, end }: RangeRequest,
): Range => {
  if (count === 0 || (from === "end" && !isBackwards)) return impossible;
  const view = viewStream(log, name, end);
  if (view._tag !== "There") return view;
  const { stream, first, last } = view;
  const start = from === "start" ? 0 : from === "end" ? last : from;
  const numbers = isBackwards
    ? counting(Math.min(start, last), first, -1)
    : counting(Math.max(start, first), last, 1);
  return { _tag: "Records", records: upTo(count, revisions(stream.records, numbers)) };
};

/** The first record at or after a place, which has to be a record's own unless it lies beyond all of them. */
export const recordFrom = (log: WireLog, from: number | "start" | "end", end: LogEnd): number | undefined => {
  if (from === "start" || from === 0) return 0;
  if (from === "end") return end;
  const record = log.recordFrom(from);
  if (record !== undefined) return Math.min(record, end);
  return from >= log.nextPosition() ? end : undefined;
};

function* filtered(records: Iterable<number>, filter: RecordFilter): Iterable<number> {
  for (const record of records) if (filter(record)) yield record;
}

/** Forwards from a position inclusive, backwards from before it: the server reads the records that end there. */
export const readAllRange = (
  log: WireLog,
  filter: RecordFilter | undefined,
  { from, isBackwards, count, end }: RangeRequest,
): Range => {
  if (count === 0 || (from === "end" && !isBackwards)) return impossible;
  const start = recordFrom(log, from, end);
  if (start === undefined) return impossible;
  const numbers = isBackwards ? counting(start - 1, 0, -1) : counting(start, end - 1, 1);
  return {
    _tag: "Records",
    records: upTo(count, filter === undefined ? numbers : filtered(numbers, filter)),
  };
};

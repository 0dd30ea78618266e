/** What a reader sees of a stream: its end, what its metadata hides, and whether it is there at all. */
import type { LogStream, WireLog } from "./log.ts";

/** How far a reader looks: records before this number. A stale node looks less far than the log is visible. */
export type LogEnd = number;

export const metastreamOf = (name: string): string => `$$${name}`;
const isMetastream = (name: string): boolean => name.startsWith("$$");

/** The last revision before `end`, -1 where there is none. */
export const lastRevision = (stream: LogStream | undefined, end: LogEnd): number => {
  if (stream === undefined) return -1;
  const { records } = stream;
  let last = records.length - 1;
  while (last >= 0 && (records[last] as number) >= end) last--;
  return last;
};

/** Of the stream itself, or, for a metastream, of the stream it speaks about. */
export const isTombstoned = (log: WireLog, name: string, end: LogEnd): boolean => {
  const tombstone = log.stream(name)?.tombstone;
  if (tombstone !== undefined) return tombstone < end;
  return isMetastream(name) && isTombstoned(log, name.slice(2), end);
};

/** The settings of a stream that hide events. */
export interface Truncation {
  /** `$tb` */
  readonly before?: number;
  /** `$maxCount` */
  readonly maxCount?: number;
  /** `$maxAge`, in seconds */
  readonly maxAge?: number;
}

/** Above what any stream reaches: the mark that a soft delete leaves. */
const softDeleted = 2 ** 63;

/** Metastreams keep one event. */
const ofMetastreams: Truncation = { maxCount: 1 };
const nothing: Truncation = {};

const positiveInteger = (value: unknown): number | undefined =>
  typeof value === "number" && value >= 0 ? value : undefined;

const truncationIn = (text: string): Truncation => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return nothing; // a real server ignores what it cannot read
  }
  if (typeof parsed !== "object" || parsed === null) return nothing;
  const { $tb, $maxCount, $maxAge } = parsed as Record<string, unknown>;
  const before = positiveInteger($tb);
  const maxCount = positiveInteger($maxCount);
  const maxAge = positiveInteger($maxAge);
  return {
    ...(before === undefined ? {} : { before }),
    ...(maxCount === undefined ? {} : { maxCount }),
    ...(maxAge === undefined ? {} : { maxAge }),
  };
};

const truncationOf = (log: WireLog, name: string, end: LogEnd): Truncation => {
  if (isMetastream(name)) return ofMetastreams;
  const metastream = log.stream(metastreamOf(name));
  if (metastream === undefined) return nothing;
  const last = metastream.records[lastRevision(metastream, end)];
  return last === undefined ? nothing : truncationIn(Buffer.from(log.data(last)).toString("utf8"));
};

export const isSoftDeleted = (log: WireLog, name: string, end: LogEnd): boolean =>
  (truncationOf(log, name, end).before ?? 0) >= softDeleted;

export type StreamView =
  | { readonly _tag: "Missing" }
  | { readonly _tag: "Tombstoned" }
  /** Revisions from `first` to `last`; none where `first > last`. */
  | { readonly _tag: "There"; readonly stream: LogStream; readonly first: number; readonly last: number };

export const viewStream = (
  log: WireLog,
  name: string,
  end: LogEnd,
  nowMicros: number = Date.now() * 1000,
): StreamView => {
  if (isTombstoned(log, name, end)) return { _tag: "Tombstoned" };
  const stream = log.stream(name);
  const last = lastRevision(stream, end);
  if (stream === undefined || last < 0) return { _tag: "Missing" };
  const { before = 0, maxCount = Number.POSITIVE_INFINITY, maxAge } = truncationOf(log, name, end);
  if (before >= softDeleted) return { _tag: "Missing" };
  let first = Math.max(0, before, last - maxCount + 1);
  if (maxAge !== undefined) {
    const oldest = nowMicros - maxAge * 1_000_000;
    while (first <= last && log.createdMicros(stream.records[first] as number) < oldest) first++;
  }
  return { _tag: "There", stream, first, last };
};

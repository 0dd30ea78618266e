/**
 * Whether a write may happen, happened already, or comes too late: the server's idempotency table, row by row.
 * Source: IndexWriter.CheckCommit of the server, 23.10 to 26.1; every row was seen on a running one.
 */
import type { WireLog } from "./log.ts";
import type { RecentIds } from "./recent-ids.ts";
import { isSoftDeleted, isTombstoned, lastRevision, metastreamOf, viewStream } from "./visibility.ts";

/** A revision (-1 is NO_STREAM), or one of the two that name none. */
export type Expected = number | "any" | "stream_exists";

export const noStream = -1;

export type CommitDecision =
  | { readonly _tag: "Write"; readonly current: number; readonly isSoftDeleted: boolean }
  /** Stored before. `position` is absent where the event can no longer be read. */
  | { readonly _tag: "Repeated"; readonly last: number; readonly record: number; readonly position?: number }
  | { readonly _tag: "WrongExpectedVersion"; readonly current: number }
  | { readonly _tag: "StreamDeleted" };

/** Everything written counts here, visible to readers or not. */
const written = Number.POSITIVE_INFINITY;

const repeated = (log: WireLog, name: string, last: number): CommitDecision => {
  const record = log.stream(name)?.records[last] as number;
  const view = viewStream(log, name, written);
  const isReadable = view._tag === "There" && view.first <= last;
  return { _tag: "Repeated", last, record, ...(isReadable ? { position: log.position(record) } : {}) };
};

export const checkCommit = (
  log: WireLog,
  recent: RecentIds,
  {
    stream: name,
    expected,
    ids,
  }: {
    readonly stream: string;
    readonly expected: Expected;
    readonly ids: readonly Uint8Array[];
  },
): CommitDecision => {
  if (isTombstoned(log, name, written)) return { _tag: "StreamDeleted" };
  const stream = log.stream(name);
  const current = lastRevision(stream, written);
  const wrong: CommitDecision = { _tag: "WrongExpectedVersion", current };
  const write = (): CommitDecision => ({
    _tag: "Write",
    current,
    isSoftDeleted: isSoftDeleted(log, name, written),
  });

  if (expected === "stream_exists") {
    if (isSoftDeleted(log, name, written)) return { _tag: "StreamDeleted" };
    if (current < 0 && lastRevision(log.stream(metastreamOf(name)), written) < 0) return wrong;
  }
  if (expected === "any" || expected === "stream_exists") {
    let last = -1;
    for (const [index, id] of ids.entries()) {
      const known = recent.get(id);
      if (known?.stream !== name) return index === 0 ? write() : wrong;
      last = known.revision;
    }
    return ids.length === 0 ? write() : repeated(log, name, last);
  }
  if (expected > current) return wrong;
  if (expected === current) return write();
  if (ids.length === 0) return wrong;
  for (const [index, id] of ids.entries()) {
    const record = stream?.records[expected + 1 + index];
    if (record !== undefined && log.hasId(record, id)) continue;
    const mayRevive = index === 0 && expected === noStream && isSoftDeleted(log, name, written);
    return mayRevive ? write() : wrong;
  }
  return repeated(log, name, expected + ids.length);
};

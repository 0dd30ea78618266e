/**
 * The write of a group: consecutive numbers, one record for each command, all lines with one call. A line counts from its
 * LF on, so of a call that fell short the complete lines at the front are records, and nothing else is or will ever be.
 */
import { type PendingAppend, StoreFault } from "@mission-ledger/core";
import { faultOf, flushFailed } from "../faults.ts";
import { createAppend, openRegular } from "../files/safe-files.ts";
import { type FoldState, tornSeal } from "../log/fold.ts";
import { handleOf, type LogHandle } from "../log/log-handle.ts";
import { encodeRecord } from "../log/record.ts";
import { crcOf } from "../log/sealed-line.ts";
import { logMissing, type StreamView } from "../stream-view/stream-view.ts";
import type { LedgerDirectories } from "./directories.ts";
import type { GroupPlan, PlannedWrite } from "./plan-group.ts";
import { markSuspect, shortWrite } from "./refusals.ts";
import type { StoreContext } from "./store-context.ts";

/** Bytes of a group at most: what is left waits for the next one. A single record may be longer. */
const mostGroupBytes = 1_048_576;

/** A record that stands in the log, not yet flushed. */
export interface Written {
  readonly write: PlannedWrite;
  readonly seq: number;
  readonly offset: number;
  /** As encoded, LF included. */
  readonly line: Buffer;
  /** The end of the log as it was known before the group, and the fold there: a record of a group counts only if those before it do. */
  readonly start: number;
  readonly before: FoldState;
}

export type GroupWrite =
  | { readonly _tag: "Done"; readonly written: readonly Written[]; readonly origin: string }
  /** Some can no longer be written, and have their answer: what follows them has to be planned anew. */
  | { readonly _tag: "PlanAgain" };

interface WriteOptions {
  readonly context: StoreContext;
  readonly directories: LedgerDirectories;
  readonly view: StreamView;
  readonly plan: GroupPlan;
}

/**
 * Writes what was planned. Those that were not written have their fault afterwards, except for those beyond the group's
 * size, which have no answer yet. Throws only what concerns all of them, with nothing written.
 */
export const writeGroup = async (options: WriteOptions): Promise<GroupWrite> => {
  const { context, directories, view, plan } = options;
  const { order } = context;
  const log = view.log ?? create(context, view);
  if (view.end === 0 && view.tail === 0 && plan.writes.length > 0) flushNames(context, directories, view);
  const origin = context.origin.id();
  let outcome: GroupWrite = { _tag: "PlanAgain" } as GroupWrite;
  const section = (highest: number): number | undefined => {
    // The writer of a repeat may have died before the counter was raised; then readers of the whole ledger would not see it.
    let used = highest;
    for (const step of plan.planned) if (step._tag === "Repeat") used = Math.max(used, step.found.record.seq);
    const lines = encodeGroup(options, origin, Math.max(highest, view.lastSeq) + 1);
    if (lines === undefined) return undefined;
    const written = lines.length === 0 ? [] : writeLines(options, log, lines);
    outcome = { _tag: "Done", written, origin };
    used = Math.max(used, written.at(-1)?.seq ?? 0);
    return used > highest ? used : undefined;
  };
  try {
    const waiting = order.exclusively(section, context.deadline());
    if (waiting !== undefined) await waiting;
    return outcome;
  } catch (error) {
    if (outcome._tag === "PlanAgain" || outcome.written.length === 0) throw error;
    for (const { write } of outcome.written)
      write.pending.fail(faultOf(error, "written", write.pending.details));
    return { _tag: "Done", written: [], origin };
  }
};

/** The lines that fit into one write; `undefined` if one was aborted meanwhile, or is none that can be stored. */
const encodeGroup = (
  { context, view, plan: { planned, writes } }: WriteOptions,
  origin: string,
  firstSeq: number,
): readonly Written[] | undefined => {
  if (planned.some(({ pending }) => pending.settled)) return undefined;
  const lines: Written[] = [];
  const start = view.end;
  let offset = start + (view.tail > 0 ? view.tail + tornSeal.length : 0);
  const before: FoldState = { head: view.head, origin: view.origin };
  let bytes = 0;
  for (const write of writes) {
    const seq = firstSeq + lines.length;
    let line: Buffer;
    try {
      line = encodeRecord(write.commit, { origin, seq }, context.maxRecordBytes);
    } catch (error) {
      write.pending.fail(error instanceof TypeError ? error : faultOf(error, "write", write.pending.details));
      return undefined;
    }
    bytes += line.length;
    if (bytes > mostGroupBytes && lines.length > 0) break;
    lines.push({ write, seq, offset, line, start, before });
    offset += line.length;
  }
  return lines;
};

/** One call. Answers the records that stand now; the others have their fault. */
const writeLines = (
  { context, view }: WriteOptions,
  log: LogHandle,
  lines: readonly Written[],
): readonly Written[] => {
  for (const { write } of lines) write.pending.begin();
  context.failpoint("append:write");
  const size = view.end + view.tail;
  const seal = view.tail > 0 ? [Buffer.from(tornSeal)] : [];
  const [only, ...others] = lines;
  const bytes =
    only !== undefined && others.length === 0 && seal.length === 0
      ? only.line
      : Buffer.concat([...seal, ...lines.map(({ line }) => line)]);
  let count: number;
  try {
    count = context.files.write(log.fd, bytes, 0, bytes.length, null);
  } catch (error) {
    failUnwritten(context, view, log, lines, error);
    return [];
  }
  const end = size + count;
  const whole = lines.filter(({ offset, line }) => offset + line.length <= end);
  for (const { write, offset, line } of lines.slice(whole.length)) {
    const taken = Math.max(0, Math.min(line.length, end - offset));
    write.pending.fail(shortWrite(write.pending.details, taken, line.length));
  }
  return whole;
};

/** The call failed. Whether a record got in nevertheless is known from the file's size, if that can be asked. */
const failUnwritten = (
  context: StoreContext,
  view: StreamView,
  log: LogHandle,
  lines: readonly Written[],
  error: unknown,
): void => {
  let end = Number.POSITIVE_INFINITY;
  try {
    end = context.files.fstat(log.fd).size;
  } catch {
    // Then any of them may be there.
  }
  if ((error as NodeJS.ErrnoException).code === "EIO") markSuspect(context, view);
  for (const { write, offset, line } of lines) {
    const step = end >= offset + line.length ? "written" : "write";
    write.pending.fail(faultOf(error, step, write.pending.details));
  }
};

/** A new log's name must be as durable as its content. Nothing is written yet, so that much is certain. */
const flushNames = (context: StoreContext, directories: LedgerDirectories, view: StreamView): void => {
  try {
    directories.flushNames();
  } catch (error) {
    const { stream, log } = view.paths;
    // Anything but a flush that failed happened on the way to it.
    if (!(error instanceof StoreFault)) throw faultOf(error, "open", { stream });
    markSuspect(context, view);
    throw flushFailed(error, "not_written", { ...error.details, stream, path: log });
  }
};

const create = (context: StoreContext, view: StreamView): LogHandle => {
  if (context.written.has(view.paths.stream)) throw logMissing(view.paths);
  context.failpoint("append:open");
  const log = handleOf(context.files, openRegular(context.files, view.paths.log, createAppend), true);
  view.adopt(log);
  return log;
};

/** Takes what was written into the view, as the log's new end. */
export const takeInWritten = (view: StreamView, written: readonly Written[], origin: string): void => {
  view.tail = 0;
  for (const { write, seq, offset, line } of written) {
    const { commandId, firstRevision, events } = write.commit;
    const last = events.at(-1);
    if (last === undefined) continue;
    view.add(
      { origin, seq, commandId, firstRevision, lastRevision: last.revision, digest: last.digest },
      { offset, length: line.length, crc: crcOf(line.subarray(0, line.length - 1)) },
    );
  }
};

/** Those of a plan that are beyond what was written and have no answer: the size of a group left no room for them. */
export const leftOver = (plan: GroupPlan, written: readonly Written[]): readonly PendingAppend[] => {
  const first = plan.writes.slice(written.length).find(({ pending }) => !pending.settled);
  if (first === undefined) return [];
  const from = plan.planned.indexOf(first);
  return plan.planned.slice(from).map(({ pending }) => pending);
};

/**
 * The append, step by step: lock, catch up, look the command up, decide, write with one call, flush, release.
 * Source: durability rules, section 5. Every error before the write is certain to have written nothing.
 */
import {
  type Appended,
  type AppendRequest,
  type Commit,
  type Conflict,
  type EventEnvelope,
  emptyHead,
  StoreFault,
  type StreamHead,
} from "@mission-ledger/core";
import { faultOf, flushFailed, type Step } from "../faults.ts";
import { createAppend, openRegular } from "../files/safe-files.ts";
import { type FoundRecord, findCommandIn } from "../log/command-lookup.ts";
import { eventsAfter } from "../log/events-after.ts";
import { type FoldState, stateBefore, tornSeal } from "../log/fold.ts";
import { handleOf, type LogHandle } from "../log/log-handle.ts";
import { markOf } from "../log/mark.ts";
import { commitOf, encodeRecord } from "../log/record.ts";
import { crcOf } from "../log/sealed-line.ts";
import { logMissing, type StreamView } from "../log/stream-view.ts";
import type { LedgerDirectories } from "./directories.ts";
import { ReceiptMark } from "./receipt-mark.ts";
import { commandIdReused, markSuspect, refuseDamaged, refuseSuspect, shortWrite } from "./refusals.ts";
import type { StoreContext } from "./store-context.ts";
import type { StreamWriter } from "./stream-writer.ts";

/** Appends under the lock. To be called in the writer's turn. */
export const appendTo = async (
  context: StoreContext,
  directories: LedgerDirectories,
  writer: StreamWriter,
  request: AppendRequest,
): Promise<Appended | Conflict> => {
  const { signal } = request;
  const details = { stream: request.commit.stream, commandId: request.commit.commandId };
  signal?.throwIfAborted();
  context.ensureOpen();
  let waitedMs = 0;
  try {
    directories.prepare();
    if (!writer.lock.tryAcquire()) waitedMs = await writer.lock.acquire(signal);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw faultOf(error, "lock", details);
  }
  try {
    return await appendLocked({ context, directories, writer, request, details, waitedMs });
  } finally {
    try {
      context.failpoint("append:release");
    } finally {
      writer.lock.release();
    }
  }
};

interface Locked {
  readonly context: StoreContext;
  readonly directories: LedgerDirectories;
  readonly writer: StreamWriter;
  readonly request: AppendRequest;
  readonly details: Readonly<Record<string, unknown>>;
  readonly waitedMs: number;
}

const appendLocked = async (locked: Locked): Promise<Appended | Conflict> => {
  const { context, writer, request } = locked;
  const { view } = writer;
  const { commit, expected, mark, signal, hasFreshId = false } = request;
  const revision = expected === "no_stream" ? -1 : expected;
  const found = at(locked, "catch-up", () => {
    context.failpoint("append:catch-up");
    view.refresh(mark === undefined ? emptyHead : { revision, digest: commit.previous, mark });
    const earlier = hasFreshId ? undefined : findCommandIn(view, commit.commandId);
    // What the command wrote before, perhaps where the damage is, may count again one day: nobody may say it wrote nothing.
    const mayHaveWritten = earlier !== undefined || (!hasFreshId && view.finding !== undefined);
    const outcome = mayHaveWritten ? "unknown" : "not_written";
    refuseSuspect(context, view, outcome);
    refuseDamaged(view, outcome);
    return earlier;
  });
  if (found !== undefined) return repeated(locked, found);
  signal?.throwIfAborted();

  let next = commit;
  if (!follows(commit, revision, view.head)) {
    const instead = decideAgain(locked, revision);
    if (instead === undefined)
      return { _tag: "Conflict", stream: commit.stream, expected, actual: { ...view.head } };
    next = instead;
  }
  return write(locked, next);
};

/** A repeat is flushed again: its first writer may have died between write and flush. */
const repeated = async (locked: Locked, { record, offset, bytes }: FoundRecord): Promise<Appended> => {
  const { context, writer, request, details, waitedMs } = locked;
  const log = writer.view.log as LogHandle;
  if (record.commandDigest !== request.commit.commandDigest) throw commandIdReused(request.commit);
  // It may also have died before the counter was raised; then readers of the whole ledger would not see the record.
  try {
    await context.order.exclusively(
      (highest) => (record.seq > highest ? record.seq : undefined),
      deadlineOf(context),
    );
    context.failpoint("append:flush");
  } catch (error) {
    throw faultOf(error, "catch-up", details);
  }
  flush(locked, log);
  const last = record.events[record.events.length - 1] as (typeof record.events)[number];
  const place = { offset, length: bytes.length, crc: crcOf(bytes.subarray(0, bytes.length - 1)) };
  return {
    _tag: "Appended",
    commit: commitOf(record),
    repeated: true,
    head: { revision: last.revision, digest: last.digest, mark: markOf(log.ino, place) },
    waitedMs,
    receiptMark: new ReceiptMark(log, offset, stateBefore(record), offset, bytes),
  };
};

/** `undefined` leaves with the conflict. The decider runs under the lock; what it throws passes through. */
const decideAgain = (locked: Locked, revision: number): Commit | undefined => {
  const { context, writer, request } = locked;
  const { view } = writer;
  if (request.decideAgain === undefined || view.head.revision <= revision) return undefined;
  const missed = at(locked, "decide", () => {
    context.failpoint("append:decide");
    return eventsAfter(view, { revision, digest: request.commit.previous });
  });
  if (missed === undefined) return undefined;
  const instead = request.decideAgain(missed, { ...view.head });
  if (instead === undefined) return undefined;
  if (instead.stream !== request.commit.stream || !follows(instead, view.head.revision, view.head))
    throw new TypeError("the commit that was decided again does not follow the head it was given");
  return instead;
};

const write = async (locked: Locked, commit: Commit): Promise<Appended> => {
  const { context, writer, request, waitedMs } = locked;
  const { failpoint } = context;
  const { view } = writer;
  const log = at(locked, "open", () => view.log ?? create(locked, view));
  if (view.end === 0 && view.tail === 0) flushNames(locked);
  const before: FoldState = { head: view.head, origin: view.origin };
  const start = view.end;
  const origin = at(locked, "open", () => context.origin.id());
  const offset = start + (view.tail > 0 ? view.tail + tornSeal.length : 0);
  let line: Buffer | undefined;
  let seq = 0;
  let done = false;
  try {
    const waiting = context.order.exclusively((highest) => {
      request.signal?.throwIfAborted();
      seq = Math.max(highest, view.lastSeq) + 1;
      line = encodeRecord(commit, { origin, seq }, context.maxRecordBytes);
      const bytes = view.tail > 0 ? Buffer.concat([Buffer.from(tornSeal), line]) : line;
      failpoint("append:write");
      writeOnce(locked, log, bytes, start + view.tail);
      done = true;
      return seq;
    }, deadlineOf(context));
    if (waiting !== undefined) await waiting;
    failpoint("append:flush");
  } catch (error) {
    if (!done && (request.signal?.aborted || error instanceof TypeError)) throw error;
    throw faultOf(error, done ? "written" : "write", locked.details);
  }
  const written = line as unknown as Buffer;
  const mark = new ReceiptMark(log, start, before, offset, written);
  try {
    flush(locked, log);
  } catch (error) {
    mark.release();
    throw error;
  }
  context.written.add(commit.stream);
  const last = commit.events[commit.events.length - 1] as EventEnvelope;
  view.tail = 0;
  view.add(
    {
      origin,
      seq,
      commandId: commit.commandId,
      firstRevision: commit.firstRevision,
      lastRevision: last.revision,
      digest: last.digest,
    },
    { offset, length: written.length, crc: crcOf(written.subarray(0, written.length - 1)) },
  );
  return { _tag: "Appended", commit, repeated: false, head: { ...view.head }, waitedMs, receiptMark: mark };
};

/**
 * One call, all or nothing. What falls short has no LF of its own, so it is no record, and the next writer's seal keeps it
 * from ever becoming one: nothing is cut off, and the rest is not written.
 */
const writeOnce = (locked: Locked, { fd }: LogHandle, bytes: Buffer, size: number): void => {
  const { files } = locked.context;
  let count: number;
  try {
    count = files.write(fd, bytes, 0, bytes.length, null);
  } catch (error) {
    let grown: number;
    try {
      grown = files.fstat(fd).size - size;
    } catch {
      throw faultOf(error, "written", locked.details);
    }
    if ((error as NodeJS.ErrnoException).code === "EIO") markSuspect(locked.context, locked.writer.view);
    throw faultOf(error, grown >= bytes.length ? "written" : "write", locked.details);
  }
  if (count !== bytes.length) throw shortWrite(locked.details, count, bytes.length);
};

const flush = (locked: Locked, { fd }: LogHandle): void => {
  const { context, writer, details } = locked;
  try {
    context.files.fdatasync(fd);
  } catch (error) {
    markSuspect(context, writer.view);
    throw faultOf(error, "flush", details);
  }
};

/** A new log's name must be as durable as its content. Nothing is written yet, so that much is certain. */
const flushNames = (locked: Locked): void => {
  try {
    locked.directories.flushNames();
  } catch (error) {
    if (error instanceof StoreFault) throw error;
    markSuspect(locked.context, locked.writer.view);
    throw flushFailed(error, "not_written", locked.details);
  }
};

const create = ({ context }: Locked, view: StreamView): LogHandle => {
  if (context.written.has(view.paths.stream)) throw logMissing(view.paths);
  context.failpoint("append:open");
  const log = handleOf(context.files, openRegular(context.files, view.paths.log, createAppend), true);
  view.adopt(log);
  return log;
};

/** Runs a step that has written nothing yet; what the disk says there becomes a fault of that step. */
const at = <A>({ details }: Locked, step: Step, action: () => A): A => {
  try {
    return action();
  } catch (error) {
    throw faultOf(error, step, details);
  }
};

const deadlineOf = ({ elapsed, lockTimeoutMs }: StoreContext): number => elapsed() + lockTimeoutMs;

/** Whether a commit may stand behind `head`: the revision that was expected, and the very event it was sealed on. */
const follows = (commit: Commit, revision: number, head: StreamHead): boolean =>
  revision === head.revision && commit.firstRevision === head.revision + 1 && commit.previous === head.digest;

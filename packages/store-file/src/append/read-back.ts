/**
 * Readback: the record once more, through a descriptor opened by path after the flush, so that neither the writer's memory
 * nor a file that is no longer at the path can pass for the log.
 */
import { type Appended, type Conflict, type RecordedEvent, StoreFault } from "@mission-ledger/core";
import { faultOf } from "../faults.ts";
import { type OpenedFile, openRegularIfThere, readFully, readOnly } from "../files/safe-files.ts";
import type { StreamPaths } from "../layout.ts";
import { foldLog } from "../log/fold.ts";
import { openLineReader } from "../log/line-reader.ts";
import { markOf } from "../log/mark.ts";
import { eventsOfKnownLine } from "../log/record.ts";
import { crcOf } from "../log/sealed-line.ts";
import { type ReceiptMark, receiptMarkOf, type SharedRead, standsTo } from "./receipt-mark.ts";
import type { StoreContext } from "./store-context.ts";

type Context = Pick<StoreContext, "files" | "failpoint" | "layout">;

export const readBackFrom = (context: Context, appended: Appended): readonly RecordedEvent[] | Conflict => {
  const { failpoint, layout } = context;
  const { commit } = appended;
  const mark = receiptMarkOf(appended);
  const paths = layout.of(commit.stream);
  const details = { stream: commit.stream, commandId: commit.commandId, path: paths.log };
  try {
    failpoint("append:read-back");
    const line = standingLine(context, paths, mark);
    if (line !== undefined) return eventsOf(paths, mark, line, true);
    return opened(context, paths, (file) => lookFurther(context, appended, paths, mark, file));
  } catch (error) {
    throw faultOf(error, "read-back", details);
  } finally {
    mark.release();
  }
};

const opened = <A>({ files }: Context, paths: StreamPaths, look: (file: OpenedFile) => A): A => {
  const file = openRegularIfThere(files, paths.log, readOnly);
  if (file === undefined) throw replaced(paths);
  try {
    return look(file);
  } finally {
    files.close(file.fd);
  }
};

/** The record as read, if it stands where it was written, and all that was written between it and the end known before. */
const standingLine = (context: Context, paths: StreamPaths, mark: ReceiptMark): Buffer | undefined => {
  const { log } = mark;
  const { start, offset, bytes, shared } = mark.record;
  const lines = shared?.lines ?? [{ offset, line: bytes }];
  // Between the end that we knew and our records only the torn line may stand that we sealed. Anything else is looked at.
  if (lines[0]?.offset !== start) return undefined;
  const range = shared ?? { lines, read: undefined, ...rangeOf(offset, bytes) };
  const { bytes: read, status, standsTo } = range.read ?? readRange(context, paths, range);
  if (status.ino !== log.ino || status.dev !== log.dev) throw replaced(paths);
  const at = offset - range.offset;
  return offset + bytes.length <= standsTo ? read.subarray(at, at + bytes.length) : undefined;
};

/** With the byte before, which has to end a line. */
const rangeOf = (offset: number, { length }: Buffer): Pick<SharedRead, "offset" | "length"> =>
  offset === 0 ? { offset, length } : { offset: offset - 1, length: length + 1 };

const readRange = (
  context: Context,
  paths: StreamPaths,
  range: SharedRead,
): NonNullable<SharedRead["read"]> =>
  opened(context, paths, ({ fd, status }) => {
    context.failpoint("append:read-back-bytes");
    const bytes = readFully(context.files, fd, range.offset, range.length);
    const read = { bytes, status, standsTo: standsTo(range, bytes) };
    range.read = read;
    setImmediate(() => {
      range.read = undefined;
    });
    return read;
  });

/** It does not stand as written, or something may stand before it: the fold is asked whether it counts. */
const lookFurther = (
  context: Context,
  appended: Appended,
  paths: StreamPaths,
  mark: ReceiptMark,
  { fd, status }: OpenedFile,
): readonly RecordedEvent[] | Conflict => {
  const { offset, bytes } = mark.record;
  if (status.ino !== mark.log.ino || status.dev !== mark.log.dev) throw replaced(paths);
  const claim = claimOf(context, paths, mark, fd);
  if (claim === "void")
    return {
      _tag: "Conflict",
      stream: paths.stream,
      expected: expectedOf(appended),
      actual: headNow(context, paths, mark, fd),
    };
  if (claim === "absent") throw differs(paths, offset);
  const before = offset === 0 ? 0 : 1;
  const read = readFully(context.files, fd, offset - before, bytes.length + before);
  const line = read.subarray(before);
  const stands = line.equals(bytes) && (before === 0 || read[0] === 0x0a);
  return eventsOf(paths, mark, stands ? line : bytes, stands);
};

/** Parsed from what was read; that it is a sound record is known, since every byte is the one that was written. */
const eventsOf = (
  paths: StreamPaths,
  { log, record: { offset, bytes } }: ReceiptMark,
  line: Buffer,
  stands: boolean,
): readonly RecordedEvent[] => {
  const events = eventsOfKnownLine(line, paths.stream, paths.encoded);
  if (events === undefined) throw differs(paths, offset);
  if (!stands) return events;
  const last = events[events.length - 1] as RecordedEvent;
  const place = { offset, length: bytes.length, crc: crcOf(line.subarray(0, line.length - 1)) };
  return [...events.slice(0, -1), Object.assign({}, last, { mark: markOf(log.ino, place) })];
};

/** Looks for our line from the end that was known before the write, and asks the fold whether it counts there. */
const claimOf = (
  { files }: Context,
  { stream, encoded }: StreamPaths,
  { record: { start, before, bytes } }: ReceiptMark,
  fd: number,
): "ours" | "void" | "absent" => {
  let isBehindHole = false;
  const fold = foldLog(stream, encoded, before, ({ kind }) => {
    if (kind === "gap") isBehindHole = true;
  });
  const reader = openLineReader(files, fd, { from: start });
  const ours = bytes.subarray(0, bytes.length - 1);
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    const step = fold.take(line);
    if (line.oversized || !line.bytes.equals(ours)) continue;
    if (step._tag !== "Record") return "void";
    return isBehindHole ? "absent" : "ours";
  }
  return "absent";
};

const headNow = (
  { files }: Context,
  { stream, encoded }: StreamPaths,
  { record: { start, before } }: ReceiptMark,
  fd: number,
): Conflict["actual"] => {
  const fold = foldLog(stream, encoded, before, () => {});
  const reader = openLineReader(files, fd, { from: start });
  for (let line = reader.next(); line !== undefined; line = reader.next()) fold.take(line);
  return fold.head;
};

const expectedOf = ({ commit }: Appended): Conflict["expected"] =>
  commit.firstRevision === 0 ? "no_stream" : commit.firstRevision - 1;

const replaced = ({ stream, log }: StreamPaths): StoreFault =>
  new StoreFault("LOG_REPLACED", `the log of ${stream} is not the file that was written`, {
    outcome: "unknown",
    retryable: true,
    hint: "Find out what replaces the log; then repeat the command with the same command id.",
    details: { stream, path: log },
  });

const differs = ({ stream, log }: StreamPaths, offset: number): StoreFault =>
  new StoreFault("READBACK_FAILED", `the log of ${stream} does not hold what was written at byte ${offset}`, {
    outcome: "unknown",
    retryable: true,
    hint: "Repeat the command with the same command id; if it happens again, distrust the disk.",
    details: { stream, path: log, offset },
  });

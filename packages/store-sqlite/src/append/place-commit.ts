/** What becomes of one append inside the transaction: it is written, it is a repeat, or it is a conflict. */
import {
  type Appended,
  type AppendRequest,
  type Commit,
  type Conflict,
  checkCommit,
  type EventEnvelope,
  type Failpoint,
  type RecordedEvent,
  StoreFault,
  type StreamHead,
} from "@mission-ledger/core";
import type { Connection } from "../connection/connection.ts";
import { faultOf } from "../faults.ts";
import { digestAt, findStored, pageOf } from "../read/stream-events.ts";
import { checkLength } from "../schema/bounds.ts";
import { type CommitRows, commitOf, rowsOf } from "../schema/rows.ts";
import type { LogEnd } from "./log-end.ts";

export interface PlaceContext {
  readonly connection: Connection;
  readonly end: LogEnd;
  readonly maxCommitBytes: number;
  readonly failpoint: Failpoint;
}

export type Placed =
  | { readonly _tag: "Written"; readonly commit: Commit; readonly rows: CommitRows }
  | { readonly _tag: "Repeat"; readonly commit: Commit; readonly rows: CommitRows }
  | { readonly _tag: "Conflict"; readonly conflict: Conflict };

const insertCommandSql = "INSERT INTO commands VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const insertEventSql = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/** Decides and writes. What `decideAgain` throws passes through as it is; nothing of this append was written then. */
export const placeCommit = (context: PlaceContext, request: AppendRequest): Placed => {
  const { connection, end } = context;
  const { commit, expected, hasFreshId = false, decideAgain } = request;
  const { stream, commandId } = commit;
  if (!hasFreshId) {
    const earlier = findStored(connection, stream, commandId);
    if (earlier !== undefined) {
      const { command, commandRow, eventRows, events } = earlier;
      if (command.commandDigest !== commit.commandDigest) throw commandIdReused(commit);
      const rows = { command: commandRow, events: eventRows };
      return { _tag: "Repeat", commit: commitOf(command, events), rows };
    }
  }
  const head = end.headOf(stream);
  if (follows(commit, head) && (expected === "no_stream" ? -1 : expected) === head.revision)
    return write(context, commit);
  const conflict: Conflict = { _tag: "Conflict", stream, expected, actual: { ...head } };
  const known = request.known ?? {
    revision: expected === "no_stream" ? -1 : expected,
    digest: commit.previous,
  };
  if (decideAgain === undefined || digestAt(connection, stream, known.revision) !== known.digest)
    return { _tag: "Conflict", conflict };
  context.failpoint("append:decide-again");
  const instead = askAgain(context, decideAgain, known, { stream, head });
  if (instead === undefined) return { _tag: "Conflict", conflict };
  if (!follows(instead, head) || instead.stream !== stream || instead.commandId !== commandId)
    throw new PassedThrough(
      new TypeError("a commit that was decided again is sealed on the head it was given"),
    );
  return write(context, instead);
};

/** A commit that is none is its caller's mistake; those in the same transaction have nothing to do with it. */
const checkedRows = (commit: Commit, position: number, ledgerId: string): CommitRows => {
  try {
    checkCommit(commit);
    return rowsOf(commit, position, { id: ledgerId, seq: position });
  } catch (error) {
    throw error instanceof TypeError ? new PassedThrough(error) : error;
  }
};

/** What somebody else's function or commit threw: it goes to whoever asked for the append, and concerns nobody else. */
export class PassedThrough extends Error {
  readonly original: unknown;
  constructor(original: unknown) {
    super("passed through");
    this.original = original;
  }
}

/**
 * An error of the database while it is asked is thrown as it is, whatever became of it there: SQLite has undone the transaction
 * with many of them, and what is written next would stand by itself at once.
 */
const askAgain = (
  { connection }: PlaceContext,
  decideAgain: NonNullable<AppendRequest["decideAgain"]>,
  known: StreamHead,
  { stream, head }: { readonly stream: string; readonly head: StreamHead },
): Commit | undefined => {
  const met: unknown[] = [];
  const missed = (): readonly EventEnvelope[] => {
    try {
      return missedAfter(connection, stream, known, head);
    } catch (error) {
      met.push(error);
      throw faultOf(error, "decide", { stream });
    }
  };
  let answer: Commit | undefined;
  try {
    answer = decideAgain(missed, { ...head });
  } catch (error) {
    throw met.length > 0 ? met[0] : new PassedThrough(error);
  }
  if (met.length > 0) throw met[0];
  return answer;
};

const follows = (commit: Commit, head: StreamHead): boolean =>
  commit.firstRevision === head.revision + 1 && commit.previous === head.digest;

const missedAfter = (
  connection: Connection,
  stream: string,
  known: StreamHead,
  head: StreamHead,
): readonly EventEnvelope[] => {
  const missed: RecordedEvent[] = [];
  for (let after = known; after.revision < head.revision; after = missed.at(-1) as RecordedEvent)
    missed.push(...pageOf(connection, stream, after, head.revision));
  return missed;
};

const write = (context: PlaceContext, commit: Commit): Placed => {
  const { connection, end, maxCommitBytes, failpoint } = context;
  const position = end.lastPosition() + 1;
  const rows = checkedRows(commit, position, connection.ledgerId);
  checkLength(rows, maxCommitBytes);
  failpoint("append:insert-command");
  connection.prepare(insertCommandSql).run(...rows.command);
  for (const row of rows.events) {
    failpoint("append:insert-event");
    connection.prepare(insertEventSql).run(...row);
  }
  end.note(commit.stream, headOf(commit), position + commit.events.length - 1);
  return { _tag: "Written", commit, rows };
};

export const headOf = ({ events }: Commit): StreamHead => {
  const { revision, digest } = events[events.length - 1] as EventEnvelope;
  return { revision, digest };
};

export const appendedOf = (
  commit: Commit,
  repeated: boolean,
  waitedMs: number,
  receiptMark: unknown,
): Appended => ({ _tag: "Appended", commit, repeated, head: headOf(commit), waitedMs, receiptMark });

const commandIdReused = ({ stream, commandId }: Commit): StoreFault =>
  new StoreFault("COMMAND_ID_REUSED", `command id ${commandId} was used for another command in ${stream}`, {
    outcome: "not_written",
    retryable: false,
    hint: "Make a new command id for a new intention; repeat an id only with the same command.",
    details: { stream, commandId },
  });

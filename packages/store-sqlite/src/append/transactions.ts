/** The write transaction: begun at once as a writer, short, with nothing else running in between, committed or undone. */
import { type Commit, isStoreFault, type PendingAppend, StoreFault, whileWanted } from "@mission-ledger/core";
import { beginAtOnce } from "../connection/begin-at-once.ts";
import { type Connection, checkVersion } from "../connection/connection.ts";
import { codeOf, faultOf, type Step } from "../faults.ts";
import { type FileIdentity, statusOf } from "../location/database-place.ts";
import { readHead } from "../read/stream-head.ts";
import { touchSql } from "../schema/schema.ts";
import { answerGroup, type PlacedAppend } from "./answer-group.ts";
import { checkpointBehind } from "./checkpoints.ts";
import { PassedThrough, placeCommit } from "./place-commit.ts";
import type { StoreContext } from "./store-context.ts";
import { suspicion, writeLeftoversAnew } from "./suspicion.ts";
import {
  commandKey,
  faultFor,
  quickCheck,
  refuseDamage,
  type Troubles,
  type WritingState,
  writingState,
} from "./writing-state.ts";

export interface Transactions {
  /** Writes what can be written of a group, and answers each of it. Never throws. */
  writeGroup(group: readonly PendingAppend[]): Promise<void>;
  settle(): Promise<void>;
  /** Writes the database anew if a flush failed, here or in another process. Throws `DURABILITY_UNKNOWN`. */
  recover(): Promise<void>;
  /** Remembers the damage that somebody met who was reading: nothing is written behind it. */
  meet(fault: StoreFault): void;
}

export const transactions = (context: StoreContext): Transactions => {
  const { database, retry, failpoint, maxCommitBytes, path, elapsed } = context;
  const troubles: Troubles = { open: new Set(), damage: undefined };
  const doubt = suspicion({ path, database, failpoint });
  let state: WritingState | undefined;

  const undo = ({ connection }: WritingState): void => {
    state?.end.forget();
    try {
      if (connection.db.inTransaction) connection.prepare("ROLLBACK").run();
    } catch {
      // A transaction that cannot be undone dies with its connection.
      database.drop();
    }
  };
  const remember = (fault: StoreFault, file: FileIdentity | undefined): void => {
    if (fault.code === "LOG_CORRUPT" && file !== undefined) troubles.damage ??= { fault, file };
  };
  /** The damage is remembered: a database with a broken page still accepts inserts. */
  const noting = (fault: StoreFault, from: WritingState | undefined): StoreFault => {
    remember(fault, from?.connection.files.database);
    return fault;
  };
  const clearDoubt = (connection: Connection): void => {
    if (!doubt.stands()) return;
    doubt.clear(connection);
    troubles.open.clear();
  };
  const open = (): WritingState => {
    failpoint("append:open");
    const connection = database.writer();
    if (state?.connection !== connection) {
      const opened = writingState(connection);
      try {
        if (database.needsCheck()) {
          quickCheck(connection, path);
          writeLeftoversAnew(connection, path);
        }
      } catch (error) {
        if (StoreFault.is(error, "DURABILITY_UNKNOWN")) doubt.arise();
        throw noting(faultOf(error, "open", { path }), opened);
      }
      state = opened;
    }
    clearDoubt(connection);
    return state;
  };
  /** Whether the connection at hand is not asked about before the lock is held: it was good the last time. */
  let isTrusted = false;
  const begin = (): WritingState => {
    const now = isTrusted && state?.connection.db.open === true ? state : open();
    refuseDamage(troubles, now.connection);
    isTrusted = false;
    failpoint("append:begin");
    beginAtOnce(now.connection);
    if (!isStillThere(now)) return begin();
    try {
      // Whoever has committed since may have been a newer program, and have made the tables its own.
      if (now.end.refresh()) checkVersion(now.connection, path);
    } catch (error) {
      database.drop();
      throw error;
    }
    isTrusted = true;
    return now;
  };
  /**
   * The database may have been moved away, or a flush have failed, until the lock was held. Then it is let go: the pages of a
   * failed flush are written anew outside of a transaction.
   */
  const isStillThere = (now: WritingState): boolean => {
    try {
      if (!doubt.isRemembered() && database.standsStill(now.connection)) return true;
      if (database.writer() === now.connection && !doubt.stands()) return true;
    } catch (error) {
      undo(now);
      throw error;
    }
    undo(now);
    return false;
  };

  const commit = ({ connection }: WritingState): void => {
    retry.stubbornly(() => connection.prepare("COMMIT").run());
  };

  /** Places all of a group in one transaction, or throws what undid it. */
  const place = (now: WritingState, group: readonly PendingAppend[]): readonly PlacedAppend[] => {
    const placed: PlacedAppend[] = [];
    for (const pending of group) {
      if (pending.settled) continue;
      pending.begin();
      try {
        const place = { maxCommitBytes, failpoint, ...now };
        placed.push({ pending, placed: placeCommit(place, pending.request) });
      } catch (error) {
        // Of these nothing was written, and they concern nobody else.
        if (error instanceof PassedThrough) pending.fail(error.original);
        else if (isStoreFault(error) && error.code !== "LOG_CORRUPT") pending.fail(error);
        else throw error;
      }
    }
    return placed;
  };

  const failAll = (group: readonly PendingAppend[], fault: StoreFault): void => {
    for (const pending of group) {
      if (pending.settled) continue;
      const { commit } = pending.request;
      // Its first try may have reached the disk, so this one's refusal is not the last word.
      const isOpen = troubles.open.has(commandKey(commit));
      pending.fail(faultFor(fault, commit, isOpen ? "unknown" : fault.outcome));
    }
  };

  /** What a constraint of the tables says about one append that was tried alone. */
  const answerConstraint = (error: unknown, pending: PendingAppend, now: WritingState): boolean => {
    if (!codeOf(error)?.startsWith("SQLITE_CONSTRAINT")) return false;
    const { commit, expected } = pending.request;
    const what = (error as Error).message;
    if (what.includes("events.revision")) {
      // Of the second connection: the first is gone if it could not be rolled back.
      const actual = readHead(database.reader() ?? now.connection, commit.stream);
      pending.answer({ _tag: "Conflict", stream: commit.stream, expected, actual });
      return true;
    }
    if (!what.includes("command_id") && !what.includes("events.id")) return false;
    pending.fail(idTaken(commit, error));
    return true;
  };

  const writeGroup = async (group: readonly PendingAppend[]): Promise<void> => {
    const signal = whileWanted(group);
    let now: WritingState;
    try {
      now = await retry.patiently(begin, signal);
    } catch (error) {
      if (!signal.aborted) failAll(group, noting(faultOf(error, "begin", { path }), state));
      return;
    }
    const begun = elapsed();
    let step: Step = "insert";
    let placed: readonly PlacedAppend[];
    try {
      placed = place(now, group);
      const isWriting = placed.some(({ placed: { _tag } }) => _tag === "Written");
      const needsFlush = !now.settled && placed.some(({ placed: { _tag } }) => _tag === "Repeat");
      if (needsFlush && !isWriting) now.connection.prepare(touchSql).run();
      if (isWriting || needsFlush) {
        failpoint("append:commit");
        step = "commit";
        retry.stubbornly(() => now.connection.prepare("COMMIT").run());
        now.settled = true;
        failpoint("append:committed");
      } else undo(now);
    } catch (error) {
      return afterTrouble(now, group, error, step);
    }
    answerGroup(placed, now.connection.files, begun);
    const written = placed.flatMap(({ placed: one }) => (one._tag === "Written" ? one.rows.events : []));
    if (checkpointBehind(now.connection, written)) doubt.arise();
  };

  const afterTrouble = async (
    now: WritingState,
    group: readonly PendingAppend[],
    error: unknown,
    step: Step,
  ): Promise<void> => {
    const wasCommitted = step === "commit" && !now.connection.db.inTransaction && codeOf(error) === undefined;
    // Undone before it was committed: certain, although the step alone would leave it open.
    const isCertain = StoreFault.is(error, "LOCK_TIMEOUT");
    const fault = isCertain ? (error as StoreFault) : faultOf(error, step, { path });
    const isUnknown = fault.outcome === "unknown";
    // Before the lock falls, if it is still held.
    if ((isUnknown && !wasCommitted) || fault.code === "STORAGE_ERROR") doubt.arise();
    undo(now);
    if (step === "insert") {
      const left = group.filter(({ settled }) => !settled);
      const [only] = left;
      if (left.length > 1) {
        // Whose fault it was is found out one by one.
        for (const pending of left) await writeGroup([pending]);
        return;
      }
      if (only === undefined) return;
      try {
        if (answerConstraint(error, only, now)) return;
      } catch (later) {
        failAll(group, noting(faultOf(later, "insert", { path }), now));
        return;
      }
    }
    noting(fault, now);
    if (isUnknown) for (const { request } of group) troubles.open.add(commandKey(request.commit));
    if (isUnknown || fault.code === "STORAGE_ERROR") database.drop();
    failAll(group, fault);
  };

  return {
    writeGroup,
    recover: async () => {
      if (doubt.stands()) await retry.patiently(() => clearDoubt(database.writer()));
    },
    meet: (fault) => {
      if (fault.code === "LOG_CORRUPT") remember(fault, fileNow(path));
    },
    settle: async () => {
      const isSettled = await retry.patiently(
        () =>
          database.reader() === undefined ||
          (state?.settled === true && state.connection === database.writer() && !doubt.stands()),
      );
      if (isSettled) return;
      const now = await retry.patiently(begin);
      let step: Step = "insert";
      try {
        now.connection.prepare(touchSql).run();
        failpoint("confirm:flush");
        step = "commit";
        commit(now);
        now.settled = true;
      } catch (error) {
        const fault = faultOf(error, step, { path });
        const isUnknown = fault.outcome === "unknown" && !StoreFault.is(error, "LOCK_TIMEOUT");
        if (isUnknown) doubt.arise();
        undo(now);
        if (StoreFault.is(error, "LOCK_TIMEOUT")) throw error;
        noting(fault, now);
        if (isUnknown) database.drop();
        throw new StoreFault(fault.code, fault.message, {
          outcome: "not_written",
          retryable: fault.retryable,
          ...(fault.hint === undefined ? {} : { hint: fault.hint }),
          details: fault.details,
          cause: error,
        });
      }
    },
  };
};

/** `undefined` also where nobody can look: the fault that was met is what has to be told. */
const fileNow = (path: string): FileIdentity | undefined => {
  try {
    return statusOf(path);
  } catch {
    return undefined;
  }
};

const idTaken = ({ stream, commandId }: Commit, cause: unknown): StoreFault =>
  new StoreFault("COMMAND_ID_REUSED", `command id ${commandId} or an event id of it is taken in ${stream}`, {
    outcome: "not_written",
    retryable: false,
    hint: "Make a new command id for a new intention.",
    details: { stream, commandId },
    cause,
  });

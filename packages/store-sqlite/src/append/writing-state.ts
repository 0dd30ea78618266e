/** What a store knows of the connection it writes with, and why it may have to turn back before it writes. */
import { type Commit, type Outcome, StoreFault } from "@mission-ledger/core";
import type { Connection } from "../connection/connection.ts";
import { faultOf } from "../faults.ts";
import { type FileIdentity, isSameFile } from "../location/database-place.ts";
import { type LogEnd, logEnd } from "./log-end.ts";

export interface WritingState {
  readonly connection: Connection;
  readonly end: LogEnd;
  /**
   * This connection has had the write-ahead log flushed. What stood there before is durable then, whoever wrote it; and what
   * comes later was flushed by its writer before anybody could see it. Only when the log is recovered after every writer has
   * died may commits show that were never flushed, and it is not recovered while a connection is open.
   */
  settled: boolean;
}

export const writingState = (connection: Connection): WritingState => ({
  connection,
  end: logEnd(connection),
  settled: false,
});

/** What went wrong earlier and still stands in the way. */
export interface Troubles {
  /** Commands whose outcome a failed flush left open. */
  readonly open: Set<string>;
  /** The damage that was met, and in which file. */
  damage: { readonly fault: StoreFault; readonly file: FileIdentity } | undefined;
}

export const commandKey = ({ stream, commandId }: Commit): string => JSON.stringify([stream, commandId]);

/** Throws the damage that keeps writers out. */
export const refuseDamage = (troubles: Troubles, { files }: Connection): void => {
  if (troubles.damage === undefined) return;
  const { fault, file } = troubles.damage;
  if (isSameFile(file, files.database)) throw refusing(fault);
  troubles.damage = undefined;
};

const refusing = (fault: StoreFault): StoreFault =>
  new StoreFault("LOG_CORRUPT", `the database was found damaged earlier: ${fault.message}`, {
    outcome: "not_written",
    retryable: false,
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    details: fault.details,
    cause: fault,
  });

/** A fault for one of several appends that failed together. */
export const faultFor = (fault: StoreFault, { stream, commandId }: Commit, outcome: Outcome): StoreFault =>
  new StoreFault(fault.code, fault.message, {
    outcome,
    retryable: fault.retryable,
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    details: { ...fault.details, stream, commandId },
    cause: fault.cause ?? fault,
  });

/** After a sudden end of all writers the pages are looked through before anything is written behind them. */
export const quickCheck = ({ db }: Connection, path: string): void => {
  const answer = db.pragma("quick_check(1)", { simple: true });
  if (answer !== "ok")
    throw faultOf(
      Object.assign(new Error(`quick_check: ${String(answer)}`), { code: "SQLITE_CORRUPT" }),
      "open",
      { path },
    );
};

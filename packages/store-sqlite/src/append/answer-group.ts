/** What each append of a group is told once its transaction was committed. */
import type { PendingAppend } from "@mission-ledger/core";
import type { DatabaseFiles } from "../connection/connection.ts";
import type { CommitRows } from "../schema/rows.ts";
import { groupReads } from "./group-read.ts";
import { appendedOf, type Placed } from "./place-commit.ts";
import { ReceiptMark } from "./receipt-mark.ts";

export interface PlacedAppend {
  readonly pending: PendingAppend;
  readonly placed: Placed;
}

/** `begun`: when the lock was got, in milliseconds that never step back. */
export const answerGroup = (group: readonly PlacedAppend[], files: DatabaseFiles, begun: number): void => {
  const reads = group.length === 1 ? undefined : groupReads(group.flatMap(writtenBy));
  for (const { pending, placed } of group)
    if (placed._tag === "Conflict") pending.answer(placed.conflict);
    else {
      const { commit, rows, _tag } = placed;
      const mark = new ReceiptMark(rows, files, reads?.get(rows));
      pending.answer(appendedOf(commit, _tag === "Repeat", begun - pending.since, mark));
    }
};

const writtenBy = ({ placed }: PlacedAppend): readonly CommitRows[] =>
  placed._tag === "Written" ? [placed.rows] : [];

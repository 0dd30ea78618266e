/** What each append of a group is told once the group was written and flushed. */
import type { Appended, PendingAppend } from "@mission-ledger/core";
import { stateBefore } from "../log/fold.ts";
import type { LogHandle } from "../log/log-handle.ts";
import { markOf } from "../log/mark.ts";
import { commitOf } from "../log/record.ts";
import { crcOf } from "../log/sealed-line.ts";
import type { GroupPlan, Planned, PlannedWrite } from "./plan-group.ts";
import { ReceiptMark, sharedRead } from "./receipt-mark.ts";
import { leftOver, type Written } from "./write-group.ts";

export interface WrittenGroup {
  readonly plan: GroupPlan;
  readonly written: readonly Written[];
  readonly log: LogHandle | undefined;
  /** Whether a flush that began after the write has succeeded, or none was needed. */
  flushed: boolean;
}

interface Waited {
  readonly waitedMs: number;
  /** When the lock was got. */
  readonly lockedAt: number;
}

/** Answers all whose answer is certain now; the others come back, to go round again. */
export const answerGroup = (
  { plan, written, log, flushed }: WrittenGroup,
  waited: Waited,
): readonly PendingAppend[] => {
  const stands = flushed && written.length === plan.writes.length;
  const places = new Map(written.map((entry) => [entry.write, entry]));
  const again = new Set(leftOver(plan, written));
  const shared = written.length > 1 ? sharedRead(written) : undefined;
  const waitOf = ({ since }: PendingAppend): number =>
    waited.waitedMs === 0 ? 0 : Math.max(0, Math.min(waited.waitedMs, waited.lockedAt - since));

  const appended = (pending: PendingAppend, write: PlannedWrite, repeated: boolean): void => {
    const entry = places.get(write);
    if (entry === undefined || log === undefined) {
      pending.fail(write.pending.failure);
      return;
    }
    const { commit } = write;
    const { offset, line, start, before } = entry;
    const last = commit.events[commit.events.length - 1] as (typeof commit.events)[number];
    const place = { offset, length: line.length, crc: crcOf(line.subarray(0, line.length - 1)) };
    pending.answer({
      _tag: "Appended",
      commit,
      repeated,
      head: { revision: last.revision, digest: last.digest, mark: markOf(log.ino, place) },
      waitedMs: waitOf(pending),
      receiptMark: new ReceiptMark(log, { start, before, offset, bytes: line, shared }),
    });
  };

  const answer = (step: Planned): void => {
    const { pending } = step;
    switch (step._tag) {
      case "Write":
        if (!pending.settled) appended(pending, step, false);
        return;
      case "RepeatInGroup":
        if (step.first.pending.failure === undefined) appended(pending, step.first, true);
        else pending.fail(step.first.pending.failure);
        return;
      case "Repeat":
        if (!pending.settled && log !== undefined) pending.answer(repeated(step, log, waitOf(pending)));
        return;
      case "Conflict":
        // Where something that it rests on did not come to stand, the conflict may never have been one.
        if (stands || !step.afterWrites) pending.answer(step.conflict);
        else again.add(pending);
    }
  };
  for (const step of plan.planned) if (!again.has(step.pending)) answer(step);
  return [...again];
};

const repeated = (
  { found: { record, offset, bytes } }: Extract<Planned, { readonly _tag: "Repeat" }>,
  log: LogHandle,
  waitedMs: number,
): Appended => {
  const last = record.events[record.events.length - 1] as (typeof record.events)[number];
  const place = { offset, length: bytes.length, crc: crcOf(bytes.subarray(0, bytes.length - 1)) };
  return {
    _tag: "Appended",
    commit: commitOf(record),
    repeated: true,
    head: { revision: last.revision, digest: last.digest, mark: markOf(log.ino, place) },
    waitedMs,
    receiptMark: new ReceiptMark(log, { start: offset, before: stateBefore(record), offset, bytes }),
  };
};

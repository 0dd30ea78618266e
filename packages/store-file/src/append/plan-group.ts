/**
 * What is to become of each append of a group, decided one after the other under the lock: each on the stream as those
 * before it will leave it. Nothing is written here, so whatever is refused was certainly not written.
 */
import {
  type Commit,
  type Conflict,
  type EventEnvelope,
  type ExpectedRevision,
  emptyHead,
  type Outcome,
  type PendingAppend,
  type StreamHead,
} from "@mission-ledger/core";
import { faultOf, type Step } from "../faults.ts";
import { type FoundRecord, findCommandIn } from "../stream-view/command-lookup.ts";
import { eventsAfter } from "../stream-view/events-after.ts";
import type { StreamView } from "../stream-view/stream-view.ts";
import { commandIdReused, refuseDamaged, refuseSuspect } from "./refusals.ts";
import type { StoreContext } from "./store-context.ts";

export interface PlannedWrite {
  readonly _tag: "Write";
  readonly pending: PendingAppend;
  readonly commit: Commit;
  /** The head that it follows. */
  readonly on: StreamHead;
}

export type Planned =
  | PlannedWrite
  /** Stands in the log already, perhaps without having been flushed. */
  | { readonly _tag: "Repeat"; readonly pending: PendingAppend; readonly found: FoundRecord }
  /** The same command once more, in one group. */
  | { readonly _tag: "RepeatInGroup"; readonly pending: PendingAppend; readonly first: PlannedWrite }
  | {
      readonly _tag: "Conflict";
      readonly pending: PendingAppend;
      readonly conflict: Conflict;
      /** It may rest on what others of the group are yet to write. */
      readonly afterWrites: boolean;
    };

export interface GroupPlan {
  readonly planned: readonly Planned[];
  readonly writes: readonly PlannedWrite[];
}

/** Plans for all that still wait. Those that are refused have their answer afterwards and no place in the plan. */
export const planGroup = (
  context: StoreContext,
  view: StreamView,
  group: readonly PendingAppend[],
): GroupPlan => {
  const planned: Planned[] = [];
  const writes: PlannedWrite[] = [];
  const byCommand = new Map<string, PlannedWrite>();
  const after = missedEvents(context, view, writes);
  let head = view.head;

  const plan = (pending: PendingAppend): Planned => {
    const { commit, expected, decideAgain, signal } = pending.request;
    const inGroup = byCommand.get(commit.commandId);
    if (inGroup !== undefined) {
      if (inGroup.commit.commandDigest !== commit.commandDigest) throw commandIdReused(commit);
      return { _tag: "RepeatInGroup", pending, first: inGroup };
    }
    const found = during("catch-up", pending, () => findEarlier(context, view, pending));
    if (found !== undefined) {
      if (found.record.commandDigest !== commit.commandDigest) throw commandIdReused(commit);
      return { _tag: "Repeat", pending, found };
    }
    signal?.throwIfAborted();
    if (revisionOf(expected) === head.revision && follows(commit, head))
      return { _tag: "Write", pending, commit, on: head };
    const missed = decideAgain === undefined ? undefined : during("decide", pending, () => after(pending));
    const instead = missed === undefined ? undefined : decideAgain?.(missed, { ...head });
    if (instead === undefined) {
      const conflict: Conflict = { _tag: "Conflict", stream: commit.stream, expected, actual: { ...head } };
      return { _tag: "Conflict", pending, conflict, afterWrites: writes.length > 0 };
    }
    if (instead.stream !== commit.stream || !follows(instead, head))
      throw new TypeError("the commit that was decided again does not follow the head it was given");
    return { _tag: "Write", pending, commit: instead, on: head };
  };

  for (const pending of group) {
    if (pending.settled) continue;
    try {
      const step = plan(pending);
      planned.push(step);
      if (step._tag !== "Write") continue;
      writes.push(step);
      byCommand.set(step.commit.commandId, step);
      head = headAfter(step.commit);
    } catch (error) {
      pending.fail(error);
    }
  }
  return { planned, writes };
};

/** What the command wrote before. Throws if the log must not be written to. */
const findEarlier = (
  context: StoreContext,
  view: StreamView,
  { request }: PendingAppend,
): FoundRecord | undefined => {
  const { commit, hasFreshId = false } = request;
  const earlier = hasFreshId ? undefined : findCommandIn(view, commit.commandId);
  // What the command wrote before, perhaps where the damage is, may count again one day: nobody may say it wrote nothing.
  const mayHaveWritten = earlier !== undefined || (!hasFreshId && view.finding !== undefined);
  const outcome: Outcome = mayHaveWritten ? "unknown" : "not_written";
  refuseSuspect(context, view, outcome);
  refuseDamaged(view, outcome);
  return earlier;
};

/**
 * What an append has missed: events of the log behind the one that it knows, then those that its group will write before it.
 * `undefined` if the log does not hold the known event. Appends of one group mostly know the same event, so the log is read
 * for it once.
 */
const missedEvents = (
  { failpoint }: StoreContext,
  view: StreamView,
  writes: readonly PlannedWrite[],
): ((pending: PendingAppend) => (() => readonly EventEnvelope[]) | undefined) => {
  const inLog = new Map<string | null, readonly EventEnvelope[] | undefined>([[view.head.digest, []]]);
  return ({ request: { commit, expected, known: given } }) => {
    const known = given ?? { revision: revisionOf(expected), digest: commit.previous };
    // Nothing was missed by whoever is ahead of the log.
    if (known.revision > view.head.revision) return undefined;
    failpoint("append:decide");
    if (!inLog.has(known.digest)) inLog.set(known.digest, eventsAfter(view, known));
    const behind = inLog.get(known.digest);
    if (behind === undefined) return undefined;
    const before = writes.length;
    return () => [...behind, ...writes.slice(0, before).flatMap(({ commit: { events } }) => events)];
  };
};

/** Runs a step that has written nothing yet; what the disk says there becomes a fault of that step. */
const during = <A>(step: Step, { details }: PendingAppend, action: () => A): A => {
  try {
    return action();
  } catch (error) {
    throw faultOf(error, step, details);
  }
};

const revisionOf = (expected: ExpectedRevision): number => (expected === "no_stream" ? -1 : expected);

/** Whether a commit may stand behind `head`: sealed on that very event. */
const follows = (commit: Commit, head: StreamHead): boolean =>
  commit.firstRevision === head.revision + 1 && commit.previous === head.digest;

const headAfter = ({ events }: Commit): StreamHead => {
  const { revision, digest } = events.at(-1) ?? emptyHead;
  return { revision, digest };
};

/**
 * The append, step by step: lock, catch up, look the command up, decide, write with one call, flush, release. What waits for
 * one stream goes through these steps as one group: one lock, one write call, one flush; each command keeps its own record,
 * its own answer and its own proof. Source: durability rules, section 5, and docs/adr/0013-group-flush.md.
 */
import { emptyHead, type PendingAppend, type StreamHead, whileWanted } from "@mission-ledger/core";
import { faultOf, type Step } from "../faults.ts";
import type { StreamLock } from "../lock/stream-lock.ts";
import type { StreamView } from "../stream-view/stream-view.ts";
import { answerGroup, type WrittenGroup } from "./answer-group.ts";
import type { LedgerDirectories } from "./directories.ts";
import type { LogFlusher } from "./log-flusher.ts";
import { type GroupPlan, planGroup } from "./plan-group.ts";
import type { StoreContext } from "./store-context.ts";
import { takeInWritten, writeGroup } from "./write-group.ts";

export interface AppendPlace {
  readonly context: StoreContext;
  readonly directories: LedgerDirectories;
  readonly view: StreamView;
  readonly lock: StreamLock;
  readonly flusher: LogFlusher;
}

/**
 * Appends a group, to be called in the writer's turn. `join` gives those that came while the lock was waited for. Answers
 * those that have to go round again; all others have their answer. Never throws.
 */
export const appendGroup = async (
  place: AppendPlace,
  first: readonly PendingAppend[],
  join: () => readonly PendingAppend[],
): Promise<readonly PendingAppend[]> => {
  const { context, directories, lock } = place;
  let waitedMs = 0;
  try {
    context.ensureOpen();
    directories.prepare();
    if (!lock.tryAcquire()) waitedMs = await lock.acquire(whileWanted(first));
  } catch (error) {
    failAll(first, error, "lock");
    return [];
  }
  const lockedAt = waitedMs > 0 ? context.elapsed() : 0;
  const group = waitedMs > 0 ? [...first, ...join()] : first;
  let written: WrittenGroup | undefined;
  try {
    written = await appendLocked(place, group, waitedMs > 0);
    if (written !== undefined && place.flusher.isInsideLock) await flush(place, written);
  } catch (error) {
    failAll(group, error, "write");
  } finally {
    release(place, group);
  }
  if (written === undefined) return [];
  if (!place.flusher.isInsideLock) await flush(place, written);
  return answerGroup(written, { waitedMs, lockedAt });
};

/** `undefined` if all have their answer. */
const appendLocked = async (
  { context, directories, view, flusher }: AppendPlace,
  group: readonly PendingAppend[],
  isContended: boolean,
): Promise<WrittenGroup | undefined> => {
  try {
    context.failpoint("append:catch-up");
    view.refresh(group.map(hintOf).find(({ mark }) => mark !== undefined));
  } catch (error) {
    failAll(group, error, "catch-up");
    return undefined;
  }
  for (;;) {
    const plan = planGroup(context, view, group);
    if (plan.planned.length === 0) return undefined;
    if (plan.planned.every(({ _tag }) => _tag === "Conflict"))
      return { plan, written: [], log: undefined, flushed: true };
    try {
      flusher.note(isContended);
      const outcome = await writeGroup({ context, directories, view, plan });
      if (outcome._tag === "PlanAgain") continue;
      if (outcome.written.length > 0) {
        takeInWritten(view, outcome.written, outcome.origin);
        context.written.add(view.paths.stream);
      }
      return { plan, written: outcome.written, log: view.log, flushed: false };
    } catch (error) {
      failPlanned(plan, error);
      return undefined;
    }
  }
};

/** One flush for all of the group, and for what a repeat's first writer may have left unflushed. */
const flush = async ({ flusher, view }: AppendPlace, group: WrittenGroup): Promise<void> => {
  if (group.flushed || group.log === undefined) return;
  try {
    await flusher.flush(group.log, view.end, "unknown");
    group.flushed = true;
  } catch (error) {
    failFlushed(group, error);
  }
};

const release = ({ context, lock }: AppendPlace, group: readonly PendingAppend[]): void => {
  try {
    context.failpoint("append:release");
  } catch (error) {
    failAll(group, error, "written");
  } finally {
    lock.release();
  }
};

/** The head that an append begins from, with its mark: a view that has seen nothing yet starts there. */
const hintOf = ({ request: { commit, expected, known, mark } }: PendingAppend): StreamHead => {
  if (known !== undefined) return known;
  if (mark === undefined) return emptyHead;
  return { revision: expected === "no_stream" ? -1 : expected, digest: commit.previous, mark };
};

const failAll = (group: readonly PendingAppend[], error: unknown, step: Step): void => {
  for (const pending of group) pending.fail(faultOf(error, step, pending.details));
};

/** Nothing was written now; what a repeat wrote the first time stands all the same. */
const failPlanned = ({ planned }: GroupPlan, error: unknown): void => {
  for (const { _tag, pending } of planned)
    pending.fail(faultOf(error, _tag === "Repeat" ? "written" : "write", pending.details));
};

/** Whoever was only told of a conflict is not concerned: it goes round again. */
const failFlushed = ({ plan, written }: WrittenGroup, error: unknown): void => {
  for (const { write } of written) write.pending.fail(faultOf(error, "written", write.pending.details));
  for (const { _tag, pending } of plan.planned)
    if (_tag === "Repeat") pending.fail(faultOf(error, "written", pending.details));
};

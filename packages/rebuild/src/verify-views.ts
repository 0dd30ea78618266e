/** Compares live views with what their events make, and writes nothing. */

import { type CancelSignal, eventLoopTurns } from "@mission-ledger/core";
import { withForgotten } from "./forgotten.ts";
import { type Ground, refuseOddFolds, streamsOf } from "./ground.ts";
import type { ViewsOptions } from "./options.ts";
import type { StreamOutcome } from "./outcome.ts";
import { beginRun, type RunReport } from "./run.ts";
import { workOnStream } from "./work-on-stream.ts";

/**
 * Each live view is compared where it stands: at the last event it has taken in. Of each that differs the first place is
 * told, with both values and the event that made the true one, for which its stream is folded once more. A view that was
 * never written down is not compared. In one pass over each stream, with no more than one stream in memory.
 *
 * Throws as `rebuildViews` does.
 */
export const verifyViews = async (options: ViewsOptions): Promise<RunReport> => {
  refuseOddFolds(options.folds);
  const todo = await streamsOf(options.store, options.scope);
  const run = beginRun(await withForgotten(options, todo), {
    work: comparing,
    part: undefined,
    writes: undefined,
    todo,
    resumed: [],
  });
  run.report.enter("folding");
  await run.over(todo, "all");
  options.signal?.throwIfAborted();
  run.report.enter("done");
  return run.ended();
};

/** The same of one stream. */
export const verifyStream = async (
  ground: Ground,
  stream: string,
  { signal }: { readonly signal?: CancelSignal | undefined } = {},
): Promise<StreamOutcome> => {
  const turn = eventLoopTurns();
  return workOnStream(ground, stream, { work: comparing, signal, count: turn });
};

const comparing = { compare: true, keep: [], accept: false };

/** Every view of a mission as it was written down, against what its events make. They must be the same. */
import type { CancelSignal } from "@mission-ledger/core";
import { type Ledger, missionStream } from "@mission-ledger/core/mission";
import { type StreamOutcome, type StreamProblem, verifyStream } from "@mission-ledger/rebuild";
import { type ShownDifference, shownDifference } from "../rebuild/difference.ts";
import { foldsOf, viewNames, viewOf } from "../rebuild/ground.ts";

export interface ComparedView {
  readonly view: string;
  readonly equal: boolean;
  /** The first place where they differ. */
  readonly difference: ShownDifference | null;
}

export interface ComparedMission {
  readonly revision: number;
  readonly unknownEvents: number;
  /** The log cannot be read or lacks events: no view of it is whole, and none was compared. */
  readonly problem: StreamProblem | null;
  readonly views: readonly ComparedView[];
}

export const compareViews = async (
  { store, snapshots }: Ledger,
  slug: string,
  { signal }: { readonly signal: CancelSignal | undefined },
): Promise<ComparedMission> => {
  const outcome = await verifyStream({ store, snapshots, folds: foldsOf([]) }, missionStream(slug), {
    signal,
  });
  const { revision, unknownEvents, problem } = outcome;
  return {
    revision,
    unknownEvents,
    problem,
    views: problem === null ? comparedViews(outcome, viewNames) : [],
  };
};

/** The named views of a stream, each with what was found. A view that was never written down is what its events make. */
export const comparedViews = (
  { differences }: Pick<StreamOutcome, "differences">,
  names: readonly string[],
): readonly ComparedView[] =>
  names.map((view) => {
    const found = differences.find(({ view: { name } }) => viewOf(name) === view);
    return {
      view,
      equal: found === undefined,
      difference: found === undefined ? null : shownDifference(found),
    };
  });

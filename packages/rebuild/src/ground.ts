/** What a rebuild stands on. */
import type { EventStore, FoldSpec, SnapshotStore } from "@mission-ledger/core";
import type { StreamProblem, ViewName } from "./outcome.ts";

/** Where the events are, where the views go, and what makes the ones of the others. */
export interface Ground {
  readonly store: EventStore;
  readonly snapshots: SnapshotStore;
  /** Every view that is made, in one pass over each stream. */
  readonly folds: readonly FoldSpec<unknown>[];
  /** What is wrong with a stream's log and would not show in reading it, such as a damaged end. @defaultValue nothing */
  readonly inspect?: (stream: string) => StreamProblem | undefined;
}

/** Which streams: all of a category, or these by name. */
export type Scope = { readonly category: string } | { readonly streams: readonly string[] };

export const nameOf = ({ name, version }: ViewName): ViewName => ({ name, version });

/** Throws `TypeError` where no view is named, which would remove them all, or one twice, of which one would be lost. */
export const refuseOddFolds = (folds: Ground["folds"]): void => {
  if (folds.length === 0) throw new TypeError("folds names no view");
  const names = folds.map(({ name, version }) => `${name} ${version}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new TypeError(`folds names a view twice: ${twice}`);
};

export const streamsOf = async (
  store: Pick<EventStore, "streams">,
  scope: Scope,
): Promise<readonly string[]> => ("streams" in scope ? scope.streams : store.streams(scope.category));

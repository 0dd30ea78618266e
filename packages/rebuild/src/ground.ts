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

export const streamsOf = async (
  store: Pick<EventStore, "streams">,
  scope: Scope,
): Promise<readonly string[]> => ("streams" in scope ? scope.streams : store.streams(scope.category));

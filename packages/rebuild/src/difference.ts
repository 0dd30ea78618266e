/** What is written down against what its events make: the one comparison of views. */
import {
  type CancelSignal,
  type Difference,
  differencesBetween,
  type EventStore,
  type Folded,
  type FoldSpec,
  type Snapshot,
  whichEventMade,
} from "@mission-ledger/core";
import { nameOf } from "./ground.ts";
import type { ViewDifference } from "./outcome.ts";

/** A difference that was found while its stream was folded. Values are copies. */
export interface FoundDifference {
  readonly spec: FoldSpec<unknown>;
  readonly revision: number;
  /** The first place; `undefined` where only the counts of unknown events differ. */
  readonly first: Difference | undefined;
  readonly more: number;
  readonly unknownEvents: { readonly live: number; readonly rebuilt: number };
}

/** `undefined` where both are the same. Keys in another order are no difference. */
export const findDifference = (
  spec: FoldSpec<unknown>,
  live: Snapshot,
  rebuilt: Pick<Folded<unknown>, "state" | "unknownEvents">,
): FoundDifference | undefined => {
  // Almost always: both were made by the same steps, down to the order of the keys.
  const isSame = JSON.stringify(live.state) === JSON.stringify(rebuilt.state);
  const [first, ...others] = isSame ? [] : differencesBetween(live.state, rebuilt.state);
  if (first === undefined && live.unknownEvents === rebuilt.unknownEvents) return undefined;
  return {
    spec,
    revision: live.head.revision,
    first: first === undefined ? undefined : copyOf(first),
    more: others.length,
    unknownEvents: { live: live.unknownEvents, rebuilt: rebuilt.unknownEvents },
  };
};

/** The difference with the event behind it, for which its stream is folded once more. */
export const explainDifference = async (
  store: EventStore,
  stream: string,
  { spec, revision, first, more, unknownEvents }: FoundDifference,
  signal: CancelSignal | undefined,
): Promise<ViewDifference> => {
  const view = nameOf(spec);
  if (first === undefined)
    return { stream, view, path: [], kind: "unknown_events", ...unknownEvents, revision, madeBy: null, more };
  const { path } = first;
  const options = { to: revision, ...(signal === undefined ? {} : { signal }) };
  const made = await whichEventMade(store, stream, spec, path, options);
  return {
    stream,
    view,
    path,
    kind: kinds[first._tag],
    live: "before" in first ? first.before : null,
    rebuilt: "after" in first ? first.after : null,
    revision,
    madeBy:
      made === undefined ? null : { id: made.event.id, type: made.event.type, revision: made.event.revision },
    more,
  };
};

const kinds: Readonly<Record<Difference["_tag"], ViewDifference["kind"]>> = {
  Added: "missing",
  Changed: "changed",
  Removed: "too_much",
};

/** The fold goes on changing its state in place. */
const copyOf = (difference: Difference): Difference => JSON.parse(JSON.stringify(difference)) as Difference;

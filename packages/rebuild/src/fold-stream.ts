/** Folds a stream once for many views, and looks at what the live ones hold on the way. */
import {
  type CancelSignal,
  type EventStore,
  emptyFold,
  type Folded,
  type FoldSpec,
  foldMany,
  type Snapshot,
} from "@mission-ledger/core";

export interface FoldedStream {
  readonly folded: readonly Folded<unknown>[];
  /** Indexes of live views whose last event is not in the log. */
  readonly strays: readonly number[];
}

export interface FoldStreamOptions {
  /** What is looked at on the way: of each fold, the live view if there is one. @defaultValue none */
  readonly live?: readonly (Snapshot | undefined)[];
  /** Called with each fold's state just where its live view stands. The state goes on changing afterwards. */
  readonly meet?: (index: number, folded: Folded<unknown>, live: Snapshot) => void;
  readonly signal: CancelSignal | undefined;
  /** Called with the number of events that were just folded; what it answers is waited for. */
  readonly count: (events: number) => Promise<void> | undefined;
}

/** Events that are folded without a look at the signal: some 30 ms. */
const atOnce = 16_384;

/** From the first event to the last, in one pass. Throws `PROJECTION_FAILED`, and what the store throws. */
export const foldStream = async (
  store: EventStore,
  stream: string,
  specs: readonly FoldSpec<unknown>[],
  { live = [], meet = () => {}, signal, count }: FoldStreamOptions,
): Promise<FoldedStream> => {
  let folded: readonly Folded<unknown>[] = specs.map(emptyFold);
  const waiting = new Map(
    live.flatMap((snapshot, index) => (snapshot === undefined ? [] : [[index, snapshot] as const])),
  );
  for (let reached = -1, ended = specs.length === 0; !ended; ) {
    const stops = [...waiting.values()].map(({ head }) => head.revision).filter((stop) => stop > reached);
    const to = Math.min(reached + atOnce, ...stops);
    const options = { begun: folded, to, ...(signal === undefined ? {} : { signal }) };
    folded = await foldMany(store, stream, specs, options);
    const { head } = folded[0] as Folded<unknown>;
    const events = head.revision - reached;
    reached = head.revision;
    ended = reached < to;
    for (const [index, snapshot] of waiting) {
      if (snapshot.head.revision !== reached || snapshot.head.digest !== head.digest) continue;
      waiting.delete(index);
      meet(index, folded[index] as Folded<unknown>, snapshot);
    }
    if (events > 0) await count(events);
    signal?.throwIfAborted();
  }
  return { folded, strays: [...waiting.keys()] };
};

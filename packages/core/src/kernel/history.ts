/** How a value came to be: the events that changed what stands at a place of a fold. */
import { differencesBetween, type ValuePath, valueAt } from "./differences.ts";
import type { RecordedEvent } from "./event.ts";
import type { EventStore } from "./event-store.ts";
import { type FoldSpec, privateCopy } from "./fold.ts";
import type { Json } from "./json.ts";
import type { CancelSignal } from "./ports.ts";

/** One event and what it made of a value. */
export interface ValueChange {
  readonly event: RecordedEvent;
  /** `undefined` where nothing stood before. */
  readonly before: Json | undefined;
  /** `undefined` where nothing stands afterwards. */
  readonly after: Json | undefined;
}

export interface HistoryOptions {
  /** Last revision looked at, inclusive. @defaultValue the end of the stream */
  readonly to?: number;
  readonly signal?: CancelSignal;
}

/**
 * Every event of a stream that changed the value at `path` of a fold, oldest first: the last one made it what it is. Reads
 * from the first event, since no snapshot remembers how it came to be. Values are copies. Events that write what stood
 * there already are not listed; a value that no event changed is the fold's initial one.
 */
export async function* changesOf<State>(
  store: EventStore,
  stream: string,
  spec: FoldSpec<State>,
  path: ValuePath,
  { to, signal }: HistoryOptions = {},
): AsyncGenerator<ValueChange> {
  let state = privateCopy(spec.initial);
  // Kept as text: a fold may change its state in place, and most events leave the value as it is.
  let before = textAt(state, path);
  const options = { ...(to === undefined ? {} : { to }), ...(signal === undefined ? {} : { signal }) };
  for await (const batch of store.read(stream, options))
    for (const event of batch) {
      state = spec.stepInPlace(state, event) ?? state;
      const after = textAt(state, path);
      if (after === before) continue;
      const change = { event, before: parsed(before), after: parsed(after) };
      before = after;
      // Texts may differ in the order of their keys alone.
      if (differencesBetween(change.before, change.after).length > 0) yield change;
    }
}

/** The event that made the value at `path` what it is at the end (or at `to`); `undefined` where no event ever changed it. */
export const whichEventMade = async <State>(
  ...parameters: Parameters<typeof changesOf<State>>
): Promise<ValueChange | undefined> => {
  let last: ValueChange | undefined;
  for await (const change of changesOf<State>(...parameters)) last = change;
  return last;
};

const textAt = (state: unknown, path: ValuePath): string | undefined => JSON.stringify(valueAt(state, path));

const parsed = (text: string | undefined): Json | undefined =>
  text === undefined ? undefined : (JSON.parse(text) as Json);

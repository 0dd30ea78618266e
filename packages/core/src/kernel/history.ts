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

/** Which value of a fold: the one at a path, or whatever a function makes of the state; that must be JSON, and is copied. */
export type ValueOf<State> = ValuePath | ((state: State) => unknown);

/**
 * Every event of a stream that changed a value of a fold, oldest first: the last one made it what it is. Reads
 * from the first event, since no snapshot remembers how it came to be. Values are copies. Events that write what stood
 * there already are not listed; a value that no event changed is the fold's initial one.
 */
export async function* changesOf<State>(
  store: EventStore,
  stream: string,
  spec: FoldSpec<State>,
  of: ValueOf<State>,
  { to, signal }: HistoryOptions = {},
): AsyncGenerator<ValueChange> {
  let state = privateCopy(spec.initial);
  // Kept as text: a fold may change its state in place, and most events leave the value as it is.
  const textOf = (): string | undefined =>
    JSON.stringify(typeof of === "function" ? of(state) : valueAt(state, of));
  let before = textOf();
  const options = { ...(to === undefined ? {} : { to }), ...(signal === undefined ? {} : { signal }) };
  for await (const batch of store.read(stream, options))
    for (const event of batch) {
      state = spec.stepInPlace(state, event) ?? state;
      const after = textOf();
      if (after === before) continue;
      const change = { event, before: parsed(before), after: parsed(after) };
      before = after;
      // Texts may differ in the order of their keys alone.
      if (differencesBetween(change.before, change.after).length > 0) yield change;
    }
}

/** The event that made a value what it is at the end (or at `to`); `undefined` where no event ever changed it. */
export const whichEventMade = async <State>(
  ...parameters: Parameters<typeof changesOf<State>>
): Promise<ValueChange | undefined> => {
  let last: ValueChange | undefined;
  for await (const change of changesOf<State>(...parameters)) last = change;
  return last;
};

const parsed = (text: string | undefined): Json | undefined =>
  text === undefined ? undefined : (JSON.parse(text) as Json);

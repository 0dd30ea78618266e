/** Views are stored as JSON: one that JSON does not keep is refused, and the event found that made it so. */
import type { EventEnvelope } from "./event.ts";
import type { EventBatch, EventStore } from "./event-store.ts";
import { type FoldSpec, privateCopy } from "./fold.ts";
import { isUnkeptAt, type Unkept, unkeptIn } from "./kept-in-json.ts";
import type { CancelSignal } from "./ports.ts";
import { viewNotKept } from "./projection-failed.ts";

type Spec<State> = Pick<FoldSpec<State>, "name" | "version" | "initial" | "stepInPlace">;

/**
 * `undefined` for a view that JSON keeps, and that is almost always. Else a promise that rejects with `PROJECTION_FAILED`:
 * `log` is folded once more, up to the event where the view stands, to name the event behind it.
 */
export const refuseUnkept = <State>(
  spec: Spec<State>,
  view: unknown,
  log: () => AsyncIterable<EventBatch>,
): Promise<never> | undefined => {
  const unkept = unkeptIn(view);
  return unkept === undefined ? undefined : refuse(spec, unkept, log());
};

/** Rejects with `PROJECTION_FAILED` for what was found in the fold of a stream at a revision. */
export const refuseFold = <State>(
  store: Pick<EventStore, "read">,
  stream: string,
  spec: Spec<State>,
  unkept: Unkept,
  { to, signal }: { readonly to: number; readonly signal?: CancelSignal | undefined },
): Promise<never> =>
  refuse(spec, unkept, store.read(stream, { to, ...(signal === undefined ? {} : { signal }) }));

const refuse = async <State>(
  spec: Spec<State>,
  unkept: Unkept,
  log: AsyncIterable<EventBatch>,
): Promise<never> => {
  let view = privateCopy(spec.initial);
  let maker: EventEnvelope | undefined;
  let last: EventEnvelope | undefined;
  for await (const batch of log)
    for (const event of batch) {
      view = spec.stepInPlace(view, event) ?? view;
      if (!isUnkeptAt(view, unkept.path)) maker = undefined;
      else maker ??= event;
      last = event;
    }
  const event = maker ?? last ?? { id: "", type: "nothing", stream: "", revision: -1 };
  // Without a maker the same events made something else the second time, and where it stood is all that is known.
  throw viewNotKept(spec, event, { ...unkept, isMadeAgain: maker !== undefined });
};

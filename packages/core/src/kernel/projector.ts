/** The projector: feeds a projection from the whole log and remembers where it was. */
import type { Codec } from "./codec.ts";
import type { DomainEvent } from "./decider.ts";
import type { RecordedEvent, StreamHead } from "./event.ts";
import type { EventBatch, EventStore } from "./event-store.ts";
import { isStoreFault } from "./faults.ts";
import { headAfter, privateCopy } from "./fold.ts";
import type { CancelSignal } from "./ports.ts";
import { type Projection, projectionFold } from "./projection.ts";
import { reconciledType } from "./reconciliation.ts";

/** A view with its projection checkpoint. Both are stored together or not at all. */
export interface Projected<View> {
  readonly view: View;
  /** Position of the last event taken in; `null` before the first. */
  readonly position: string | null;
  /** Events taken in so far. */
  readonly events: number;
  /** The event at `position`: a view whose last event is not in the log is of another log, and is made again. */
  readonly last: LastSeen | null;
}

/** Where a stream stood, and which stream. */
export interface LastSeen extends StreamHead {
  readonly stream: string;
}

export interface ViewStore {
  load<View>(name: string, version: number): Promise<Projected<View> | undefined>;
  save<View>(name: string, version: number, projected: Projected<View>): Promise<void>;
}

export const memoryViews = (): ViewStore => {
  const kept = new Map<string, string>();
  return {
    load: async <View>(name: string, version: number) => {
      const text = kept.get(`${name}@${version}`);
      return text === undefined ? undefined : (JSON.parse(text) as Projected<View>);
    },
    save: async (name, version, projected) => {
      kept.set(`${name}@${version}`, JSON.stringify(projected));
    },
  };
};

export interface ProjectorOptions<View, Event extends DomainEvent> {
  readonly store: EventStore;
  readonly codec: Codec<Event>;
  readonly projection: Projection<View, Event>;
  readonly views: ViewStore;
  /** Only streams of this category. @defaultValue all */
  readonly category?: string;
}

export interface Projector<View> {
  /**
   * Takes in everything up to the present end of the log, stores view and checkpoint, answers both. A stored view that
   * the log does not bear out, or that may have taken in events which were decided against since, is made again.
   */
  catchUp(signal?: CancelSignal): Promise<Projected<View>>;
  /** From the first event, beside the stored view, which is replaced only at the end. */
  rebuild(signal?: CancelSignal): Promise<Projected<View>>;
  /** Stays: yields after each batch taken in. Leaving the loop ends the subscription. */
  follow(signal?: CancelSignal): AsyncIterable<Projected<View>>;
}

export const projector = <View, Event extends DomainEvent>({
  store,
  codec,
  projection,
  views,
  category,
}: ProjectorOptions<View, Event>): Projector<View> => {
  const { name, version, initial } = projection;
  const spec = projectionFold(projection, codec);
  const nothing = (): Projected<View> => ({
    view: privateCopy(initial),
    position: null,
    events: 0,
    last: null,
  });
  const optionsAfter = ({ position }: Projected<View>, signal: CancelSignal | undefined) => ({
    ...(position === null ? {} : { after: position }),
    ...(category === undefined ? {} : { category }),
    ...(signal === undefined ? {} : { signal }),
  });
  const take = (projected: Projected<View>, batch: EventBatch): Projected<View> => {
    const end = batch.at(-1);
    if (end === undefined) return projected;
    let { view } = projected;
    for (const event of batch) view = spec.stepInPlace(view, event) ?? view;
    const { position, stream } = end;
    return {
      view,
      position,
      events: projected.events + batch.length,
      last: { stream, ...headAfter(end) },
    };
  };
  /** What was stored, if it can be gone on from. */
  const begin = async (signal: CancelSignal | undefined): Promise<Projected<View>> => {
    const stored = await views.load<View>(name, version);
    return stored !== undefined && (await isInLog(store, stored, signal)) ? stored : nothing();
  };
  const run = async (begun: Projected<View>, signal: CancelSignal | undefined): Promise<Projected<View>> => {
    let projected = begun;
    for await (const batch of store.readAll(optionsAfter(begun, signal))) {
      if (begun.position !== null && batch.some(decidesBranches)) return run(nothing(), signal);
      projected = take(projected, batch);
    }
    await views.save(name, version, projected);
    return projected;
  };
  return {
    catchUp: async (signal) => run(await begin(signal), signal),
    rebuild: (signal) => run(nothing(), signal),
    async *follow(signal) {
      let projected = await begin(signal);
      for await (const batch of store.subscribe(optionsAfter(projected, signal))) {
        const { position } = projected;
        // After it was made again it is ahead of the subscription.
        const news = position === null ? batch : batch.filter((event) => event.position > position);
        if (news.length === 0) continue;
        if (position !== null && news.some(decidesBranches)) projected = await run(nothing(), signal);
        else {
          projected = take(projected, news);
          await views.save(name, version, projected);
        }
        yield { ...projected, view: privateCopy(projected.view) };
      }
    },
  };
};

/** Events of a branch that was taken in may have been decided against: they are not delivered again as undone. */
const decidesBranches = ({ type }: RecordedEvent): boolean => type === reconciledType;

const isInLog = async (
  store: EventStore,
  { position, last }: Projected<unknown>,
  signal: CancelSignal | undefined,
): Promise<boolean> => {
  if (position === null) return true;
  // Stored by a version that did not say which event it saw last.
  if (last === undefined || last === null) return false;
  const { stream, ...after } = last;
  const options = { after, to: after.revision, ...(signal === undefined ? {} : { signal }) };
  try {
    for await (const _ of store.read(stream, options)) break;
    return true;
  } catch (error) {
    if (isStoreFault(error) && error.code === "LOG_REPLACED") return false;
    throw error;
  }
};

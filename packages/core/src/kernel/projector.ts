/** The projector: feeds a projection from the whole log and remembers where it was. */
import type { Codec } from "./codec.ts";
import type { DomainEvent } from "./decider.ts";
import type { RecordedEvent } from "./event.ts";
import type { EventBatch, EventStore } from "./event-store.ts";
import { privateCopy } from "./fold.ts";
import type { CancelSignal } from "./ports.ts";
import { type Projection, projectionFold } from "./projection.ts";

/** A view with its projection checkpoint. Both are stored together or not at all. */
export interface Projected<View> {
  readonly view: View;
  /** Position of the last event taken in; `null` before the first. */
  readonly position: string | null;
  /** Events taken in so far. */
  readonly events: number;
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
  /** Takes in everything up to the present end of the log, stores view and checkpoint, answers both. */
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
  const nothing = (): Projected<View> => ({ view: privateCopy(initial), position: null, events: 0 });
  const optionsAfter = ({ position }: Projected<View>, signal: CancelSignal | undefined) => ({
    ...(position === null ? {} : { after: position }),
    ...(category === undefined ? {} : { category }),
    ...(signal === undefined ? {} : { signal }),
  });
  const take = ({ view, position, events }: Projected<View>, batch: EventBatch): Projected<View> => {
    let next = view;
    for (const event of batch) next = spec.stepInPlace(next, event) ?? next;
    return {
      view: next,
      position: (batch.at(-1) as RecordedEvent | undefined)?.position ?? position,
      events: events + batch.length,
    };
  };
  const run = async (begun: Projected<View>, signal: CancelSignal | undefined): Promise<Projected<View>> => {
    let projected = begun;
    for await (const batch of store.readAll(optionsAfter(begun, signal))) projected = take(projected, batch);
    await views.save(name, version, projected);
    return projected;
  };
  return {
    catchUp: async (signal) => run((await views.load<View>(name, version)) ?? nothing(), signal),
    rebuild: (signal) => run(nothing(), signal),
    async *follow(signal) {
      let projected = (await views.load<View>(name, version)) ?? nothing();
      for await (const batch of store.subscribe(optionsAfter(projected, signal))) {
        projected = take(projected, batch);
        await views.save(name, version, projected);
        yield { ...projected, view: privateCopy(projected.view) };
      }
    },
  };
};

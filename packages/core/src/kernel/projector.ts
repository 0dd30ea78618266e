/** The projector: feeds a projection from the whole log and remembers where it was. */
import type { Codec } from "./codec.ts";
import type { DomainEvent } from "./decider.ts";
import type { RecordedEvent } from "./event.ts";
import { readingInTurns } from "./event-loop-turns.ts";
import type { EventBatch, EventStore } from "./event-store.ts";
import { isStoreFault } from "./faults.ts";
import { headAfter, privateCopy } from "./fold.ts";
import { isInLog } from "./is-in-log.ts";
import { type CancelSignal, type Clock, systemClock } from "./ports.ts";
import { type OnProgress, progressMeter } from "./progress.ts";
import { type Projection, projectionFold } from "./projection.ts";
import { projectionFailed } from "./projection-failed.ts";
import { type Verified, verifyView } from "./projector-verify.ts";
import { reconciledType } from "./reconciliation.ts";
import { refuseUnkept } from "./refuse-unkept.ts";
import type { Projected, ViewStore } from "./view-store.ts";

export interface ProjectorOptions<View, Event extends DomainEvent> {
  readonly store: EventStore;
  readonly codec: Codec<Event>;
  readonly projection: Projection<View, Event>;
  readonly views: ViewStore;
  /** Only streams of this category. @defaultValue all */
  readonly category?: string;
  /** Events after which a pass puts down how far it has come. @defaultValue 100000 */
  readonly saveEveryEvents?: number;
  /** Milliseconds after which it does so too. @defaultValue 10000 */
  readonly saveEveryMs?: number;
  readonly clock?: Clock;
}

export interface PassOptions {
  /** Ends the pass between two batches; what is stored stays as it was, and the next pass goes on where this one was. */
  readonly signal?: CancelSignal;
  /**
   * Called between batches, about ten times a second, and at the end of the pass. How much there is to do is known only
   * where the projector has a category. What it throws ends the pass.
   */
  readonly onProgress?: OnProgress;
}

export interface RebuildOptions extends PassOptions {
  /** Goes on with a rebuild that was interrupted. `false` begins with the first event. @defaultValue true */
  readonly resume?: boolean;
}

export interface Projector<View> {
  /**
   * Takes in everything up to the present end of the log, stores view and checkpoint, answers both. A stored view that the
   * log does not bear out, or that may have taken in events which were decided against since, is made again beside the
   * stored one. Throws `PROJECTION_FAILED` if the projection throws, or makes what JSON does not keep; the stored view then
   * stays as it was.
   */
  catchUp(options?: PassOptions): Promise<Projected<View>>;
  /** From the first event, beside the stored view, which is replaced in one step at the end. */
  rebuild(options?: RebuildOptions): Promise<Projected<View>>;
  /**
   * Stays: yields the view when it has reached the end that the log had at the start, then after each batch taken in. Never
   * yields a view on its way there, whatever has to be made again. Leaving the loop ends the subscription.
   */
  follow(options?: PassOptions): AsyncIterable<Projected<View>>;
  /** Compares the stored view with what the log makes of it, key by key, and writes nothing. */
  verify(options?: PassOptions): Promise<Verified>;
}

/** Ends the name under which a view that is being made is kept, where no reader looks for it. */
const underwaySuffix = " (underway)";

/** At most this part of the time goes into saving it, however large the view is. */
const savingShare = 1 / 20;

export const projector = <View, Event extends DomainEvent>({
  store,
  codec,
  projection,
  views,
  category,
  saveEveryEvents = 100_000,
  saveEveryMs = 10_000,
  clock = systemClock,
}: ProjectorOptions<View, Event>): Projector<View> => {
  const { name, version, initial } = projection;
  if (name.endsWith(underwaySuffix))
    throw new TypeError(`a projection's name does not end in ${JSON.stringify(underwaySuffix)}`);
  const underway = `${name}${underwaySuffix}`;
  const spec = projectionFold(projection, codec);
  const nothing = (): Projected<View> => ({
    view: privateCopy(initial),
    position: null,
    events: 0,
    last: null,
    ...(category === undefined ? {} : { category }),
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
    for (const event of batch)
      try {
        view = spec.stepInPlace(view, event) ?? view;
      } catch (error) {
        throw isStoreFault(error) ? error : projectionFailed(projection, event, error);
      }
    const { position, stream } = end;
    return {
      ...projected,
      view,
      position,
      events: projected.events + batch.length,
      last: { stream, ...headAfter(end) },
    };
  };

  /** Throws `PROJECTION_FAILED` for a view that would come back as another. */
  const refuseOdd = (
    { view, position }: Projected<View>,
    signal: CancelSignal | undefined,
  ): Promise<never> | undefined =>
    refuseUnkept(spec, view, () =>
      upTo(position, readingInTurns(store).readAll(optionsAfter(nothing(), signal))),
    );
  const save = async (
    savedAs: string,
    projected: Projected<View>,
    signal: CancelSignal | undefined,
  ): Promise<void> => {
    await refuseOdd(projected, signal);
    await views.save(savedAs, version, projected);
  };

  /** What was kept under a name, if it can be gone on from. */
  const kept = async (
    keptName: string,
    signal: CancelSignal | undefined,
  ): Promise<Projected<View> | undefined> => {
    const stored = await views.load<View>(keptName, version);
    if (stored === undefined || stored.position === null || stored.category !== category) return undefined;
    return (await isInLog(store, stored, signal)) ? stored : undefined;
  };
  const forgetUnderway = async (): Promise<void> => {
    if (views.drop === undefined) await views.save(underway, version, nothing());
    else await views.drop(underway, version);
  };

  /**
   * Goes on from `begun` to the end of the log. A view that readers have anyway is stored as it advances; one that is made
   * from nothing is kept out of their sight until it is whole.
   */
  const run = async (
    begun: Projected<View>,
    savedAs: string,
    { signal, onProgress }: PassOptions,
  ): Promise<Projected<View>> => {
    const total = onProgress === undefined ? undefined : await countEvents(store, category, signal);
    const meter = progressMeter({ begun, ...(total === undefined ? {} : { total }), clock });
    let projected = begun;
    let [events, at, pauseMs] = [begun.events, clock.now(), 0];
    for await (const batch of readingInTurns(store).readAll(optionsAfter(begun, signal))) {
      // What was taken in of a branch that lost is not delivered again as undone.
      if (begun.position !== null && batch.some(decidesBranches))
        return run(nothing(), underway, { ...(signal && { signal }), ...(onProgress && { onProgress }) });
      projected = take(projected, batch);
      const now = clock.now();
      const isDue = projected.events - events >= saveEveryEvents || now - at >= saveEveryMs;
      if (isDue && now - at >= pauseMs) {
        await save(savedAs, projected, signal);
        [events, at] = [projected.events, clock.now()];
        pauseMs = (at - now) / savingShare;
      }
      const progress = onProgress === undefined ? undefined : meter.due(projected);
      if (progress !== undefined) onProgress?.(progress);
    }
    if (projected !== begun || savedAs === underway) await save(name, projected, signal);
    if (savedAs === underway) await forgetUnderway();
    onProgress?.(meter.now(projected));
    return projected;
  };
  const fromNothing = async ({ resume = true, ...options }: RebuildOptions): Promise<Projected<View>> => {
    const interrupted = resume ? await kept(underway, options.signal) : undefined;
    return run(interrupted ?? nothing(), underway, options);
  };
  const catchUp = async (options: PassOptions): Promise<Projected<View>> => {
    const stored = await kept(name, options.signal);
    return stored === undefined ? fromNothing(options) : run(stored, name, options);
  };

  return {
    catchUp: (options = {}) => catchUp(options),
    rebuild: (options = {}) => fromNothing(options),
    async *follow(options = {}) {
      const { signal } = options;
      let projected: Projected<View>;
      try {
        projected = await catchUp(options);
      } catch (error) {
        // An abort ends a following, whether the log's end was reached or not.
        if (signal?.aborted === true && !isStoreFault(error)) return;
        throw error;
      }
      yield { ...projected, view: privateCopy(projected.view) };
      for await (const batch of store.subscribe(optionsAfter(projected, signal))) {
        const { position } = projected;
        // After it was made again it is ahead of the subscription.
        const news = position === null ? batch : batch.filter((event) => event.position > position);
        if (news.length === 0) continue;
        if (position !== null && news.some(decidesBranches))
          projected = await run(nothing(), underway, signal === undefined ? {} : { signal });
        else {
          projected = take(projected, news);
          await save(name, projected, signal);
        }
        yield { ...projected, view: privateCopy(projected.view) };
      }
    },
    verify: async (options = {}) => {
      const stored = await views.load<View>(name, version);
      if (stored === undefined || stored.position === null) return { _tag: "Missing" };
      const isOurs = stored.category === category && (await isInLog(store, stored, options.signal));
      if (!isOurs) return { _tag: "Foreign", events: stored.events };
      const total = stored.events;
      return verifyView({
        stored,
        begin: nothing,
        take,
        refuseOdd: (projected) => refuseOdd(projected, options.signal),
        read: () => readingInTurns(store).readAll(optionsAfter(nothing(), options.signal)),
        meter: progressMeter({ total, clock }),
        ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
      });
    },
  };
};

/** A reading of the log as far as a view stands. */
async function* upTo(
  position: string | null,
  batches: AsyncIterable<EventBatch>,
): AsyncGenerator<EventBatch> {
  for await (const batch of batches) {
    const wanted = batch.filter((event) => position !== null && event.position <= position);
    yield wanted;
    if (wanted.length < batch.length) return;
  }
}

/** Events of a branch that was taken in may have been decided against: they are not delivered again as undone. */
const decidesBranches = ({ type }: RecordedEvent): boolean => type === reconciledType;

/** How many events a category has: the heads of its streams say it without reading them. */
const countEvents = async (
  store: EventStore,
  category: string | undefined,
  signal: CancelSignal | undefined,
): Promise<number | undefined> => {
  if (category === undefined) return undefined;
  let count = 0;
  for (const stream of await store.streams(category)) {
    signal?.throwIfAborted();
    count += (await store.head(stream)).revision + 1;
  }
  return count;
};

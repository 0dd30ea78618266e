/** Folding a stream: from a snapshot if one fits, else from the start; the same answer either way. */
import type { Codec } from "./codec.ts";
import type { Decider, DomainEvent } from "./decider.ts";
import { type EventEnvelope, emptyHead, type StreamHead } from "./event.ts";
import type { EventStore, WantedFields } from "./event-store.ts";
import { isStoreFault } from "./faults.ts";
import type { Json } from "./json.ts";
import type { CancelSignal } from "./ports.ts";
import type { SnapshotStore } from "./snapshots.ts";
import { holdsHead, isDecidedAgainst } from "./stray-heads.ts";

/** One meaning of a stream: a decider's state, or a view. */
export interface FoldSpec<State> {
  /** Part of the snapshot's key; never renamed. */
  readonly name: string;
  /** Raised when the meaning changes, so that older snapshots are forgotten. */
  readonly version: number;
  readonly initial: State;
  /** Takes one event into state that nobody else holds; may change it in place. Answers `undefined` for an event it does not know. */
  stepInPlace(state: State, envelope: EventEnvelope): State | undefined;
  /** Several steps on state that others hold too, which stays as it was. @defaultValue repeated `stepInPlace` */
  steps?(state: State): Steps<State>;
  /** What the fold reads of the events that matter to it; the others need only be known. @defaultValue all of every event */
  readonly wanted?: ReadonlyMap<string, WantedFields>;
  /** The same step in two halves, so that many folds share one decoding. @defaultValue `stepInPlace` */
  readonly decoded?: DecodedSteps<State>;
}

/** `stepInPlace` without the decoding: an event that `codec` knows is folded by the step of its type, or changes nothing. */
export interface DecodedSteps<State> {
  readonly codec: Codec<DomainEvent>;
  /** Must not change the event: others get it too. */
  stepOf(type: string): ((state: State, event: DomainEvent, meta: EventEnvelope) => State) | undefined;
}

/** A state on its way through several events. */
export interface Steps<State> {
  /** Answers whether the event is known. */
  take(envelope: EventEnvelope): boolean;
  end(): State;
}

/** State at a head, and how it was come by. */
export interface Folded<State> {
  readonly head: StreamHead;
  readonly state: State;
  /** Events skipped because this reader does not know their type or version. */
  readonly unknownEvents: number;
  /** Breaks in the chain of what was read: the log lacks events there, and the state with it. */
  readonly gaps: number;
  /** Events folded since the snapshot this began with; decides when the next one is worth writing. */
  readonly sinceSnapshot: number;
}

export const emptyFold = <State>({ initial }: FoldSpec<State>): Folded<State> => ({
  head: emptyHead,
  state: privateCopy(initial),
  unknownEvents: 0,
  gaps: 0,
  sinceSnapshot: 0,
});

/** A decider's state as a fold. Bulk folds run bare on private state; see `Decider.evolveInPlace`. */
export const deciderFold = <State, Event extends DomainEvent>(
  {
    category,
    version,
    initial,
    evolve,
    evolveInPlace = evolve,
  }: Pick<
    Decider<never, State, Event, unknown>,
    "category" | "version" | "initial" | "evolve" | "evolveInPlace"
  >,
  codec: Codec<Event>,
): FoldSpec<State> => {
  const { versions } = codec;
  const step = (state: State, event: DomainEvent): State => evolveInPlace(state, event as Event);
  return {
    name: category,
    version,
    initial,
    stepInPlace: (state, envelope) => {
      const decoded = codec.decode(envelope);
      return decoded._tag === "Known" ? evolveInPlace(state, decoded.event) : undefined;
    },
    ...(versions === undefined ? {} : { wanted: everyEvent(versions) }),
    decoded: { codec: codec as unknown as Codec<DomainEvent>, stepOf: () => step },
  };
};

/** A decider sees the event alone; an upcaster sees all that was stored with it. */
const everyEvent = (versions: ReadonlyMap<string, number>): ReadonlyMap<string, WantedFields> =>
  new Map(Array.from(versions, ([type, version]) => [type, { version, meta: [] }]));

/** The same for state that is shared: nothing is changed that anybody else may hold. */
export const sharedFold = <State, Event extends DomainEvent>(
  decider: Pick<
    Decider<never, State, Event, unknown>,
    "category" | "version" | "initial" | "evolve" | "evolution"
  >,
  codec: Codec<Event>,
): FoldSpec<State> => {
  const spec = deciderFold({ ...decider, evolveInPlace: decider.evolve }, codec);
  const { evolution } = decider;
  if (evolution === undefined) return spec;
  return {
    ...spec,
    steps: (state) => {
      const evolving = evolution(state);
      return {
        take: (envelope) => {
          const decoded = codec.decode(envelope);
          if (decoded._tag === "Known") evolving.take(decoded.event);
          return decoded._tag === "Known";
        },
        end: evolving.end,
      };
    },
  };
};

export interface LoadOptions {
  readonly snapshots: SnapshotStore;
  /** Last revision wanted, inclusive; a snapshot beyond it is not used. @defaultValue the end of the stream */
  readonly to?: number;
  readonly signal?: CancelSignal;
  /**
   * Called with the head of a snapshot that the log does not hold, and where the log ended instead. Not called for a log that
   * lacks events, which is told otherwise, nor for an event of a branch that was decided against. @defaultValue nobody is told
   */
  readonly onStray?: (remembered: StreamHead, end: StreamHead) => void;
}

/** The fold of a stream now (or at `to`). A snapshot that the log does not bear out is dropped and the stream read whole. */
export const loadFold = async <State>(
  store: EventStore,
  stream: string,
  spec: FoldSpec<State>,
  { snapshots, to, signal, onStray }: LoadOptions,
): Promise<Folded<State>> => {
  const snapshot = await snapshots.load({ stream, name: spec.name, version: spec.version });
  const options = { ...(to === undefined ? {} : { to }), ...(signal === undefined ? {} : { signal }) };
  // Before the first event stands no digest that the log could bear out: a state that claims to be from there is anybody's.
  const isOfLog = snapshot !== undefined && snapshot.head.revision >= 0;
  if (isOfLog && (to === undefined || snapshot.head.revision <= to)) {
    const begun: Folded<State> = {
      head: snapshot.head,
      state: snapshot.state as State,
      unknownEvents: snapshot.unknownEvents,
      gaps: 0,
      sinceSnapshot: 0,
    };
    try {
      return await foldOnto(store, stream, spec, begun, options);
    } catch (error) {
      if (!isStoreFault(error) || error.code !== "LOG_REPLACED") throw error;
      const folded = await foldOnto(store, stream, spec, emptyFold(spec), options);
      if (onStray !== undefined && folded.gaps === 0)
        if (!(await isDecidedAgainst(store, stream, snapshot.head, signal)))
          onStray(snapshot.head, folded.head);
      return folded;
    }
  }
  return foldOnto(store, stream, spec, emptyFold(spec), options);
};

/** Continues a fold to the end of the stream (or to `to`). Takes over `begun.state`, which must be private to the caller. */
export const foldOnto = async <State>(
  store: EventStore,
  stream: string,
  spec: FoldSpec<State>,
  begun: Folded<State>,
  { to, signal }: { readonly to?: number; readonly signal?: CancelSignal } = {},
): Promise<Folded<State>> => {
  let folded = begun;
  const options = {
    after: begun.head,
    ...(to === undefined ? {} : { to }),
    ...(signal === undefined ? {} : { signal }),
  };
  for await (const batch of store.read(stream, options)) folded = takeIn(spec, folded, batch);
  return folded;
};

/** One step of every fold: takes events in, counts those it does not know and the breaks between them. */
export const takeIn = <State>(
  spec: FoldSpec<State>,
  { head, state, unknownEvents, gaps, sinceSnapshot }: Folded<State>,
  events: readonly (EventEnvelope & { readonly mark?: string })[],
): Folded<State> => {
  const last = events.at(-1);
  let { revision, digest } = head;
  let unknown = unknownEvents;
  let breaks = gaps;
  const steps = spec.steps?.(state) ?? stepsInPlace(spec, state);
  for (const event of events) {
    if (event.previous !== digest || event.revision !== revision + 1) breaks += 1;
    if (!steps.take(event)) unknown += 1;
    ({ revision, digest } = event);
  }
  return {
    head: last === undefined ? head : headAfter(last),
    state: steps.end(),
    unknownEvents: unknown,
    gaps: breaks,
    sinceSnapshot: sinceSnapshot + events.length,
  };
};

const stepsInPlace = <State>({ stepInPlace }: FoldSpec<State>, state: State): Steps<State> => {
  let folded = state;
  return {
    take: (envelope) => {
      const next = stepInPlace(folded, envelope);
      if (next !== undefined) folded = next;
      return next !== undefined;
    },
    end: () => folded,
  };
};

/** Writes the fold down for the next reader. */
export const saveFold = async <State>(
  snapshots: SnapshotStore,
  stream: string,
  { name, version }: Pick<FoldSpec<State>, "name" | "version">,
  { head, state, unknownEvents }: Folded<State>,
): Promise<void> => snapshots.save({ stream, name, version }, { head, state: state as Json, unknownEvents });

/**
 * As {@link saveFold}, but never in the place of a snapshot whose event the log does not hold: that is the last that tells of
 * what the log lost. Answers the head of such a snapshot. Never throws: what cannot be looked at stays.
 */
export const saveFoldUnlessStray = async <State>(
  store: Pick<EventStore, "read">,
  snapshots: SnapshotStore,
  stream: string,
  spec: Pick<FoldSpec<State>, "name" | "version">,
  folded: Folded<State>,
): Promise<StreamHead | undefined> => {
  try {
    const head = (await snapshots.load({ stream, name: spec.name, version: spec.version }))?.head;
    if (
      head !== undefined &&
      head.revision >= 0 &&
      !(await holdsHead(store, stream, head)) &&
      !(await isDecidedAgainst(store, stream, head))
    )
      return head;
    await saveFold(snapshots, stream, spec, folded);
  } catch {
    // A snapshot is a cache: the next fold is longer, nothing else.
  }
  return undefined;
};

export const headAfter = ({
  revision,
  digest,
  mark,
}: EventEnvelope & { readonly mark?: string }): StreamHead => ({
  revision,
  digest,
  ...(mark === undefined ? {} : { mark }),
});

export const privateCopy = <A>(value: A): A => JSON.parse(JSON.stringify(value)) as A;

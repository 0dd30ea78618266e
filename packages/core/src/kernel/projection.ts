/** Projections: what people look at. Pure folds of events, never read by `decide`, and never the truth. */
import type { Codec } from "./codec.ts";
import type { DomainEvent } from "./decider.ts";
import { formatPath } from "./differences.ts";
import type { EventEnvelope } from "./event.ts";
import type { WantedFields } from "./event-store.ts";
import type { FoldSpec } from "./fold.ts";
import { unkeptIn } from "./kept-in-json.ts";

/** Everything known about an event besides its data. */
export type EventMeta = Omit<EventEnvelope, "data">;

type Handlers<View, Event extends DomainEvent> = {
  readonly [Type in Event["type"]]?: (
    view: View,
    event: Extract<Event, { readonly type: Type }>,
    meta: EventMeta,
  ) => View;
};

export interface Projection<View, Event extends DomainEvent> {
  /** Part of the stored key; never renamed. */
  readonly name: string;
  /** Raised when `when` changes meaning: stored views of other versions are rebuilt from the first event. */
  readonly version: number;
  readonly initial: View;
  /** The events that matter and what each does. May change `view` in place: it is private to the fold. */
  readonly when: Handlers<View, Event>;
  /**
   * What `when` reads of the events it handles, where that is less than everything: a rebuild need not parse the rest. What
   * is not named may be missing from the event or its meta; a law in testkit finds what was forgotten.
   * @defaultValue all of every event
   */
  readonly needs?: Needs<Event>;
}

/** By event type: the members of its data, and what is read of its meta. */
export type Needs<Event extends DomainEvent> = {
  readonly [Type in Event["type"]]?: {
    /** @defaultValue all */
    readonly data?: readonly Exclude<keyof Extract<Event, { readonly type: Type }> & string, "type">[];
    /** @defaultValue all */
    readonly meta?: readonly (keyof EventMeta)[];
  };
};

/**
 * A projection as a fold over one stream. Events it does not handle leave the view as it is; those that nobody here knows are
 * counted. Throws `TypeError` for a handler that is an async function and for an `initial` that JSON does not keep, and the fold does for a
 * handler that answers nothing.
 */
export const projectionFold = <View, Event extends DomainEvent>(
  { name, version, initial, when, needs = {} }: Projection<View, Event>,
  codec: Codec<Event>,
): FoldSpec<View> => {
  const handlers = new Map<string, Handler<View>>();
  for (const [type, handler] of Object.entries(when)) {
    if (isAsync(handler))
      throw new TypeError(
        `the projection ${name} handles ${type} by an async function; a fold is synchronous`,
      );
    handlers.set(
      type,
      answering(handler as Handler<View>, `the projection ${name} answers nothing for ${type}`),
    );
  }
  const unkept = unkeptIn(initial);
  if (unkept !== undefined)
    throw new TypeError(
      `the projection ${name} begins with what JSON does not keep: ${formatPath(unkept.path) || "its view"} is ${unkept.what}`,
    );
  const known = new Map<string, boolean>();
  /** Asked once for each shape: most events of a log are handled by some view and not by this one. */
  const isKnown = (envelope: EventEnvelope): boolean => {
    const shape = `${envelope.version} ${envelope.type}`;
    const answer = known.get(shape) ?? codec.decode(envelope)._tag === "Known";
    if (known.size < mostShapes) known.set(shape, answer);
    return answer;
  };
  return {
    name,
    version,
    initial,
    stepInPlace: (view, envelope) => {
      const handler = handlers.get(envelope.type);
      if (handler === undefined) return isKnown(envelope) ? view : undefined;
      const decoded = codec.decode(envelope);
      return decoded._tag === "Known" ? handler(view, decoded.event, envelope) : undefined;
    },
    ...(codec.versions === undefined ? {} : { wanted: wantedBy(handlers.keys(), needs, codec.versions) }),
    decoded: { codec: codec as unknown as Codec<DomainEvent>, stepOf: (type) => handlers.get(type) },
  };
};

type Handler<View> = (view: View, event: DomainEvent, meta: EventMeta) => View;

/** A forgotten `return` would be taken for an event that nobody knows, and what the handler made would be lost. */
const answering =
  <View>(handler: Handler<View>, problem: string): Handler<View> =>
  (view, event, meta) => {
    const next = handler(view, event, meta);
    if (next === undefined) throw new TypeError(`${problem}; a handler returns the view`);
    return next;
  };

/** Its promise would be taken for the view, and stored as one without content. */
const isAsync = (handler: unknown): boolean =>
  Object.prototype.toString.call(handler) === "[object AsyncFunction]";

/** An older version is handed over whole: what its upcaster reads is nobody's to say but its own. */
const wantedBy = (
  types: Iterable<string>,
  needs: Readonly<Partial<Record<string, Omit<WantedFields, "version">>>>,
  versions: ReadonlyMap<string, number>,
): ReadonlyMap<string, WantedFields> =>
  new Map(
    Array.from(types, (type) => {
      const version = versions.get(type);
      return [type, { ...needs[type], ...(version === undefined ? {} : { version }) }];
    }),
  );

/** A log may hold any number of names; a codec knows a few dozen. */
const mostShapes = 256;

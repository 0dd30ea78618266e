/** Between what a decider says and what is stored: names, versions, upcasters. */
import type { DomainEvent } from "./decider.ts";
import type { EncodedEvent, EventEnvelope } from "./event.ts";
import type { JsonObject } from "./json.ts";

/** From the stored data of one version to the next. Pure; never throws. */
export type Upcaster = (data: JsonObject, envelope: EventEnvelope) => JsonObject;

export interface EventShape {
  /** Version written now, counted from 1. */
  readonly version: number;
  /** `upcasters[n]` lifts version n to n + 1; one for every version below the present one. */
  readonly upcasters?: Readonly<Record<number, Upcaster>>;
}

/** An event as folds see it: its data, or the fact that this reader does not know it. */
export type Decoded<Event> =
  | { readonly _tag: "Known"; readonly event: Event }
  | { readonly _tag: "Unknown"; readonly type: string; readonly version: number };

export interface Codec<Event extends DomainEvent> {
  encode(event: Event): EncodedEvent;
  /** A type or version this reader does not know is `Unknown`: kept in the log, skipped by folds, counted. */
  decode(envelope: EventEnvelope): Decoded<Event>;
  /**
   * As `decode`, for an envelope that nobody else holds or looks at again: its data may become the event. Must answer the
   * same. @defaultValue `decode`
   */
  decodeOwn?(envelope: EventEnvelope): Decoded<Event>;
  /**
   * The version written now, by type: all that `decode` knows. Lets a rebuild pass over what nobody wants.
   * @defaultValue found out by decoding
   */
  readonly versions?: ReadonlyMap<string, number>;
}

/** Whether a codec that names its versions knows a shape; throws `TypeError` for a version that never was, as `decode` does. */
export const knowsShape = (
  versions: ReadonlyMap<string, number>,
  { type, version }: Pick<EventEnvelope, "type" | "version">,
): boolean => {
  const present = versions.get(type);
  if (present === undefined || version > present) return false;
  if (version < 1) throw new TypeError(`${type} has no version ${version}`);
  return true;
};

/**
 * A codec for the events named in `shapes`.
 *
 * Throws `TypeError` when a version lacks its upcaster, so a forgotten step is found on loading, not on reading.
 */
export const eventCodec = <Event extends DomainEvent>(
  shapes: Readonly<Record<Event["type"], EventShape>>,
): Codec<Event> => {
  const known = new Map<string, EventShape>(Object.entries<EventShape>(shapes));
  for (const [type, { version, upcasters = {} }] of known) {
    for (let from = 1; from < version; from += 1)
      if (upcasters[from] === undefined)
        throw new TypeError(`${type} has no upcaster from version ${from} to ${from + 1}`);
  }
  const decode = (envelope: EventEnvelope): Decoded<Event> => {
    const shape = known.get(envelope.type);
    if (shape === undefined || envelope.version > shape.version)
      return { _tag: "Unknown", type: envelope.type, version: envelope.version };
    let data = envelope.data;
    for (let from = envelope.version; from < shape.version; from += 1) {
      const lift = shape.upcasters?.[from];
      if (lift === undefined) throw new TypeError(`${envelope.type} has no version ${from}`);
      data = lift(data, envelope);
    }
    return { _tag: "Known", event: Object.assign({}, data, { type: envelope.type }) as unknown as Event };
  };
  return {
    versions: new Map(Array.from(known, ([type, { version }]) => [type, version])),
    encode: ({ type, ...data }) => {
      const shape = known.get(type);
      if (shape === undefined) throw new TypeError(`${type} is not an event of this codec`);
      return { type, version: shape.version, data: data as JsonObject };
    },
    decode,
    decodeOwn: (envelope) => {
      const { type, version, data } = envelope;
      if (known.get(type)?.version !== version) return decode(envelope);
      (data as { type?: string }).type = type;
      return { _tag: "Known", event: data as unknown as Event };
    },
  };
};

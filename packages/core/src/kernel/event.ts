/** What is stored: events in envelopes, sealed into commits by digest and chain. */

import { eventIdOf, sha256Hex } from "./digest.ts";
import { canonicalJson, type JsonObject, NotCanonical } from "./json.ts";

/** One stored event with everything that is known about it. */
export interface EventEnvelope {
  /** UUID derived from the stream, the command id and the event's index in its command. */
  readonly id: string;
  readonly type: string;
  /** Version of the shape of `data`, counted from 1; upcasters raise it on reading. */
  readonly version: number;
  readonly stream: string;
  /** Index of the event in its stream, counted from 0 in every store. */
  readonly revision: number;
  /** What the writer's clock said: RFC 3339, UTC, milliseconds. A label; it orders nothing. */
  readonly recordedAt: string;
  readonly actor: string;
  readonly commandId: string;
  readonly correlationId?: string;
  readonly causationId?: string;
  readonly data: JsonObject;
  /** Digest of the event before this one in the stream; `null` for the first. */
  readonly previous: string | null;
  /** SHA-256 of the canonical JSON of all fields above. */
  readonly digest: string;
}

/** An event as a store gives it back. `position` belongs to the store and is in no digest. */
export interface RecordedEvent extends EventEnvelope {
  /** Place in the whole log; opaque, and sorts in log order as a string. */
  readonly position: string;
  /** How the store finds this event again without a scan; on the last event of each batch where the store has marks. */
  readonly mark?: string;
}

/** The end of a stream: where the next event will follow. */
export interface StreamHead {
  /** Revision of the last event; -1 for an empty stream. */
  readonly revision: number;
  /** Digest of the last event; `null` for an empty stream. */
  readonly digest: string | null;
  /** How the store finds this place again without a scan. Opaque, and checked before it is believed. */
  readonly mark?: string;
}

export const emptyHead: StreamHead = { revision: -1, digest: null };

/** What one command writes: the unit of append. All of it is stored, or nothing. */
export interface Commit {
  readonly stream: string;
  readonly commandId: string;
  /** SHA-256 of the command's canonical JSON; tells a retry from another command under the same id. */
  readonly commandDigest: string;
  readonly firstRevision: number;
  /** Digest of the event that this commit follows; `null` at the start of a stream. */
  readonly previous: string | null;
  readonly recordedAt: string;
  readonly actor: string;
  readonly correlationId?: string;
  readonly causationId?: string;
  /** At least one, at most {@link maxEventsPerCommit}. */
  readonly events: readonly EventEnvelope[];
}

/** The end of a stream behind a commit. */
export const headOfCommit = ({ firstRevision, previous, events }: Commit): StreamHead => {
  const last = events.at(-1);
  return last === undefined
    ? { revision: firstRevision - 1, digest: previous }
    : { revision: last.revision, digest: last.digest };
};

/** Source: durability rules of the log format; a command that needs more is several commands. */
export const maxEventsPerCommit = 64;

/** An event as a decider's codec hands it over: its name, the version of its shape, its data. */
export interface EncodedEvent {
  readonly type: string;
  readonly version: number;
  readonly data: JsonObject;
}

export interface CommitContext {
  readonly stream: string;
  readonly commandId: string;
  readonly commandDigest: string;
  readonly recordedAt: string;
  readonly actor: string;
  readonly correlationId?: string;
  readonly causationId?: string;
}

/** Puts events into envelopes that follow `head`: ids, revisions, digests and the chain are computed here and nowhere else. */
export const sealCommit = (
  head: StreamHead,
  context: CommitContext,
  events: readonly EncodedEvent[],
): Commit => {
  let previous = head.digest;
  const envelopes = events.map((event, index) => {
    const envelope = sealEvent(context, event, head.revision + 1 + index, index, previous);
    previous = envelope.digest;
    return envelope;
  });
  const sealed = { firstRevision: head.revision + 1, previous: head.digest, events: envelopes };
  return Object.assign({}, context, sealed);
};

const sealEvent = (
  { stream, commandId, recordedAt, actor, correlationId, causationId }: CommitContext,
  { type, version, data }: EncodedEvent,
  revision: number,
  index: number,
  previous: string | null,
): EventEnvelope => {
  const id = eventIdOf(stream, commandId, index);
  const text = canonicalJson(data);
  // Built in place: spreading an envelope costs as much as hashing it.
  const event: Draft<EventEnvelope> = {
    id,
    type,
    version,
    stream,
    revision,
    recordedAt,
    actor,
    commandId,
    // A copy, as reading it back would give it: what is folded now and what is read later are equal, and nobody else holds it.
    data: JSON.parse(text) as JsonObject,
    previous,
    digest: "",
  };
  if (correlationId !== undefined) event.correlationId = correlationId;
  if (causationId !== undefined) event.causationId = causationId;
  event.digest = sha256Hex(canonicalEvent(event, text));
  return event;
};

/** As it is while it is being made. */
export type Draft<A> = { -readonly [Key in keyof A]: A[Key] };

/** The digest that an event ought to carry, computed from its other fields. */
export const digestOfEvent = (event: Omit<EventEnvelope, "digest">): string =>
  sha256Hex(canonicalEvent(event));

/** The canonical JSON of an event without its digest. The envelope's keys are written in their known order; a test holds this to `canonicalJson`. */
const canonicalEvent = (
  event: Omit<EventEnvelope, "digest">,
  data: string = canonicalJson(event.data),
): string => {
  const { causationId, correlationId } = event;
  const cause = causationId === undefined ? "" : `"causationId":${canonicalJson(causationId)},`;
  const correlation = correlationId === undefined ? "" : `,"correlationId":${canonicalJson(correlationId)}`;
  return `{"actor":${canonicalJson(event.actor)},${cause}"commandId":${canonicalJson(event.commandId)}${correlation},"data":${data},"id":${canonicalJson(event.id)},"previous":${canonicalJson(event.previous)},"recordedAt":${canonicalJson(event.recordedAt)},"revision":${canonicalJson(event.revision)},"stream":${canonicalJson(event.stream)},"type":${canonicalJson(event.type)},"version":${canonicalJson(event.version)}}`;
};

export type ChainBreak =
  | { readonly _tag: "DigestDiffers"; readonly revision: number; readonly eventId: string }
  | { readonly _tag: "ChainBroken"; readonly revision: number; readonly eventId: string }
  | { readonly _tag: "RevisionSkipped"; readonly revision: number; readonly eventId: string };

/** Checks one event against the head it claims to follow: its own digest, its link, its revision. */
export const checkLink = (head: StreamHead, event: EventEnvelope): ChainBreak | undefined => {
  const at = { revision: event.revision, eventId: event.id };
  if (event.revision !== head.revision + 1) return { _tag: "RevisionSkipped", ...at };
  if (event.previous !== head.digest) return { _tag: "ChainBroken", ...at };
  if (!isDigestOf(event)) return { _tag: "DigestDiffers", ...at };
  return undefined;
};

/** What has no canonical form (a number beyond what JSON carries, a lone surrogate) was digested by nobody. */
const isDigestOf = (event: EventEnvelope): boolean => {
  try {
    return event.digest === digestOfEvent(event);
  } catch (error) {
    if (error instanceof NotCanonical) return false;
    throw error;
  }
};

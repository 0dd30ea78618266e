/** Envelopes as events of the server, and back. What the server shows is the event; all that we know about it stands in its metadata. */
import {
  type Commit,
  digestOfEvent,
  type EventEnvelope,
  type JsonObject,
  NotCanonical,
  type RecordedEvent,
  StoreFault,
} from "@mission-ledger/core";
import type { GatewayEvent, StoredEvent } from "../gateway-port.ts";
import { typeInLedger, typeOnServer } from "./names.ts";
import { positionText } from "./position.ts";

/** Raised when a program that is older could not read what is written. */
const layoutVersion = 1;

/** What stands beside the event's data, under these names. */
interface LedgerMetadata {
  readonly ledger: typeof layoutVersion;
  readonly version: number;
  readonly recordedAt: string;
  readonly actor: string;
  readonly commandId: string;
  readonly commandDigest: string;
  /** Place of the event in its command, and how many events that has. */
  readonly index: number;
  readonly count: number;
  readonly previous: string | null;
  readonly digest: string;
  /** One for each append, kept through its retries: tells it from the same command sent by another process. In no digest. */
  readonly writer: string;
  readonly $correlationId?: string;
  readonly $causationId?: string;
}

/** An event of ours with what the port does not show of it. */
export interface LedgerEvent {
  readonly recorded: RecordedEvent;
  readonly commandDigest: string;
  readonly index: number;
  readonly count: number;
  readonly writer: string;
}

/** The same events, with the same ids, for the same commit and writer. */
export const gatewayEvents = ({ commandDigest, events }: Commit, writer: string): readonly GatewayEvent[] =>
  events.map((event, index) => {
    const { id, type, version, recordedAt, actor, commandId, correlationId, causationId } = event;
    const metadata: LedgerMetadata = {
      ledger: layoutVersion,
      version,
      recordedAt,
      actor,
      commandId,
      commandDigest,
      index,
      count: events.length,
      previous: event.previous,
      digest: event.digest,
      writer,
      ...(correlationId === undefined ? {} : { $correlationId: correlationId }),
      ...(causationId === undefined ? {} : { $causationId: causationId }),
    };
    return {
      id,
      type: typeOnServer(type),
      data: event.data,
      metadata: metadata as unknown as JsonObject,
    };
  });

/** The event of the ledger that a stored one is; `undefined` for what somebody else wrote. Its digest is not computed again. */
export const ledgerEvent = (stored: StoredEvent, stream: string): LedgerEvent | undefined => {
  const metadata = ledgerMetadata(stored.metadata);
  if (metadata === undefined || !stored.isJson || !isObject(stored.data)) return undefined;
  if (stored.position === undefined) throw withoutPosition(stream);
  const { $correlationId: correlationId, $causationId: causationId } = metadata;
  return {
    recorded: {
      id: stored.id,
      type: typeInLedger(stored.type),
      version: metadata.version,
      stream,
      revision: Number(stored.revision),
      recordedAt: metadata.recordedAt,
      actor: metadata.actor,
      commandId: metadata.commandId,
      ...(correlationId === undefined ? {} : { correlationId }),
      ...(causationId === undefined ? {} : { causationId }),
      data: stored.data as JsonObject,
      previous: metadata.previous,
      digest: metadata.digest,
      position: positionText(stored.position),
    },
    commandDigest: metadata.commandDigest,
    index: metadata.index,
    count: metadata.count,
    writer: metadata.writer,
  };
};

/** Whether a stored event is the sealed one in everything, its content computed anew. */
export const isSealed = ({ recorded }: LedgerEvent, sealed: EventEnvelope): boolean =>
  recorded.id === sealed.id &&
  recorded.revision === sealed.revision &&
  recorded.digest === sealed.digest &&
  isAsSealed(recorded);

/** Whether an event yields its digest: over the canonical text of everything that was sealed, the data among it. */
export const isAsSealed = (recorded: RecordedEvent): boolean => {
  try {
    return digestOfEvent(envelopeOf(recorded)) === recorded.digest;
  } catch (error) {
    if (error instanceof NotCanonical) return false;
    throw error;
  }
};

/** The commit whose events these are, all of them and in order. */
export const commitOf = (events: readonly LedgerEvent[]): Commit => {
  const { recorded, commandDigest } = events[0] as LedgerEvent;
  const { stream, commandId, recordedAt, actor, correlationId, causationId, revision, previous } = recorded;
  return {
    stream,
    commandId,
    commandDigest,
    firstRevision: revision,
    previous,
    recordedAt,
    actor,
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(causationId === undefined ? {} : { causationId }),
    events: events.map((event) => envelopeOf(event.recorded)),
  };
};

const envelopeOf = ({ position: _, mark: __, ...envelope }: RecordedEvent): EventEnvelope => envelope;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const ledgerMetadata = (value: unknown): LedgerMetadata | undefined => {
  if (!isObject(value) || value.ledger === undefined) return undefined;
  if (value.ledger !== layoutVersion) throw newerLayout(value.ledger);
  const texts = ["recordedAt", "actor", "commandId", "commandDigest", "digest", "writer"] as const;
  const numbers = ["version", "index", "count"] as const;
  const isWhole =
    texts.every((key) => typeof value[key] === "string") &&
    numbers.every((key) => Number.isSafeInteger(value[key])) &&
    (value.previous === null || typeof value.previous === "string") &&
    [value.$correlationId, value.$causationId].every(
      (text) => text === undefined || typeof text === "string",
    );
  return isWhole ? (value as unknown as LedgerMetadata) : undefined;
};

const newerLayout = (version: unknown): StoreFault =>
  new StoreFault("UNSUPPORTED_FORMAT", `an event on the server has the layout ${JSON.stringify(version)}`, {
    outcome: "not_written",
    retryable: false,
    hint: "Use the version of mission-ledger that wrote it, or a newer one.",
  });

export const withoutPosition = (stream: string): StoreFault =>
  new StoreFault("UNSUPPORTED_FORMAT", `the server gives no positions with the events of ${stream}`, {
    outcome: "not_written",
    retryable: false,
    hint: "Use EventStoreDB 22.6 or newer.",
    details: { stream },
  });

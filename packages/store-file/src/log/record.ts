/** One command's events as one line. The fields' order is fixed, so that a line can be searched without being parsed. */
import { isUtf8 } from "node:buffer";
import {
  type Commit,
  canonicalJson,
  checkCommit,
  type EventEnvelope,
  holdsDangerousKey,
  holdsLoneSurrogate,
  type JsonObject,
  longestActor,
  longestId,
  maxEventsPerCommit,
  mayHoldDangerousKey,
  mayHoldLoneSurrogate,
  nestsTooDeep,
  type RecordedEvent,
  tooMuchForOneCommit,
} from "@mission-ledger/core";
import { deepestLine } from "./bounds.ts";
import { eventPosition, recordPosition } from "./position.ts";
import { isSealed, sealLine } from "./sealed-line.ts";

export const formatVersion = 1;

/**
 * What became of a branch that came from another copy of the ledger: `open` until somebody decides, `demoted` once an event
 * of the log has decided against it. A record without it belongs to the log's own line of events.
 */
export type BranchMark = "open" | "demoted";

/** A record as it was read. */
export interface StoredRecord {
  /** Which copy of the ledger wrote it first. */
  readonly origin: string;
  readonly branch?: BranchMark;
  /** Its place in the order of all writes to the ledger. */
  readonly seq: number;
  readonly commandId: string;
  readonly commandDigest: string;
  readonly firstRevision: number;
  readonly previous: string | null;
  readonly events: readonly RecordedEvent[];
}

export type Decoded =
  | { readonly _tag: "Record"; readonly record: StoredRecord }
  /** Undamaged, but of a format that only a newer version knows. */
  | { readonly _tag: "Newer"; readonly version: number }
  | { readonly _tag: "Damaged"; readonly why: string };

/** What a line says of its record beyond the commit. */
export interface RecordOrigin {
  readonly origin: string;
  readonly seq: number;
  readonly branch?: BranchMark;
}

/** The line of a commit, its LF included. Throws `LIMIT_EXCEEDED`, or a `TypeError` for what is no commit. */
export const encodeRecord = (
  commit: Commit,
  { origin, seq, branch }: RecordOrigin,
  maxBytes: number,
): Buffer => {
  checkCommit(commit);
  const { correlationId, causationId } = commit;
  let events = "";
  for (const { id, type, version, data, digest } of commit.events)
    events += `${events === "" ? "" : ","}{"id":${canonicalJson(id)},"type":${canonicalJson(type)},"version":${version},"data":${canonicalJson(data)},"digest":"${digest}"}`;
  const line = sealLine(
    `{"v":${formatVersion},"stream":${canonicalJson(commit.stream)},"revision":${commit.firstRevision},"seq":${seq}` +
      `,"commandId":${canonicalJson(commit.commandId)},"commandDigest":${canonicalJson(commit.commandDigest)}` +
      `,"previous":${commit.previous === null ? "null" : canonicalJson(commit.previous)},"origin":${canonicalJson(origin)}` +
      `${branch === undefined ? "" : `,"branch":"${branch}"`}` +
      `,"recordedAt":${canonicalJson(commit.recordedAt)},"actor":${canonicalJson(commit.actor)}` +
      `${correlationId === undefined ? "" : `,"correlationId":${canonicalJson(correlationId)}`}` +
      `${causationId === undefined ? "" : `,"causationId":${canonicalJson(causationId)}`}` +
      `,"events":[${events}]}`,
  );
  if (line.length > maxBytes)
    throw tooMuchForOneCommit(`its record takes ${line.length} bytes of ${maxBytes}`, commit.stream);
  return line;
};

/** The events of a line that is known, byte for byte, to be one that was encoded or decoded here before. */
export const eventsOfKnownLine = (
  line: Buffer,
  stream: string,
  encoded: string,
): readonly RecordedEvent[] | undefined =>
  recordOf(JSON.parse(line.toString("utf8")) as Record<string, unknown>, stream, encoded)?.events;

/** What a command's id looks like in its line: what to search for where nothing was parsed yet. */
export const commandNeedle = (commandId: string): Buffer =>
  Buffer.from(`,"commandId":${canonicalJson(commandId)},`);

/** Reads a line (without its LF) back. `encoded` is the stream's name in positions. */
export const decodeRecord = (line: Buffer, stream: string, encoded: string): Decoded => {
  if (!isSealed(line)) return damaged("checksum");
  if (!isUtf8(line)) return damaged("encoding");
  const text = line.toString("utf8", 0, line.length);
  if (nestsTooDeep(text, deepestLine)) return damaged("nesting");
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return damaged("syntax");
  }
  const { v } = parsed;
  if (typeof v === "number" && Number.isSafeInteger(v) && v > formatVersion)
    return { _tag: "Newer", version: v };
  if (v !== formatVersion) return damaged("version");
  if (mayHoldDangerousKey(text) && holdsDangerousKey(parsed)) return damaged("key");
  if (mayHoldLoneSurrogate(text) && holdsLoneSurrogate(parsed)) return damaged("encoding");
  if (parsed.stream !== stream) return damaged("stream");
  const record = recordOf(parsed, stream, encoded);
  return record === undefined ? damaged("shape") : { _tag: "Record", record };
};

/** The commit that a record stores, without what belongs to this store. */
export const commitOf = (record: StoredRecord): Commit => {
  const events = record.events.map(({ position: _, ...event }) => event);
  const { stream, recordedAt, actor, correlationId, causationId } = events[0] as EventEnvelope;
  return {
    stream,
    commandId: record.commandId,
    commandDigest: record.commandDigest,
    firstRevision: record.firstRevision,
    previous: record.previous,
    recordedAt,
    actor,
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(causationId === undefined ? {} : { causationId }),
    events,
  };
};

const recordOf = (
  parsed: Record<string, unknown>,
  stream: string,
  encoded: string,
): StoredRecord | undefined => {
  const {
    revision,
    seq,
    commandId,
    commandDigest,
    previous,
    origin,
    branch,
    recordedAt,
    actor,
    correlationId,
    causationId,
  } = parsed;
  const list = parsed.events;
  if (!isCount(revision) || !isCount(seq) || !isId(commandId) || !isId(commandDigest) || !isId(origin))
    return undefined;
  if (!(branch === undefined || branch === "open" || branch === "demoted")) return undefined;
  if (!(previous === null || isId(previous)) || !isId(recordedAt) || !isText(actor, longestActor))
    return undefined;
  if (
    !(correlationId === undefined || isId(correlationId)) ||
    !(causationId === undefined || isId(causationId))
  )
    return undefined;
  if (!Array.isArray(list) || list.length === 0 || list.length > maxEventsPerCommit) return undefined;
  if (!isCount(revision + list.length)) return undefined;
  const place = recordPosition(seq, encoded);
  const events: RecordedEvent[] = [];
  let link = previous;
  for (let index = 0; index < list.length; index += 1) {
    const stored = list[index] as Partial<Record<string, unknown>> | null;
    if (stored === null || typeof stored !== "object") return undefined;
    const { id, type, version, data, digest } = stored;
    if (!isId(id) || !isId(type) || !isCount(version) || !isId(digest)) return undefined;
    if (data === null || typeof data !== "object" || Array.isArray(data)) return undefined;
    const event: { -readonly [Key in keyof RecordedEvent]: RecordedEvent[Key] } = {
      id,
      type,
      version,
      stream,
      revision: revision + index,
      recordedAt,
      actor,
      commandId,
      data: data as JsonObject,
      previous: link,
      digest,
      position: eventPosition(place, index),
    };
    if (correlationId !== undefined) event.correlationId = correlationId;
    if (causationId !== undefined) event.causationId = causationId;
    events.push(event);
    link = digest;
  }
  const record = { origin, seq, commandId, commandDigest, firstRevision: revision, previous, events };
  return branch === undefined ? record : { ...record, branch };
};

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown, longest: number): value is string =>
  typeof value === "string" && value.length <= longest;
const isId = (value: unknown): value is string => isText(value, longestId);

const damaged = (why: string): Decoded => ({ _tag: "Damaged", why });

/**
 * The log behind a server, or behind all nodes of a cluster: records in the order they were written, streams as lists of
 * records. It decides nothing: who may write what, the commit check says; what a reader may see, the visible end does.
 */
import { byteColumn, indexColumn, numberColumn, wideColumn } from "./columns.ts";
import { openPayloads } from "./payloads.ts";

/** What a revision reads as once its stream is tombstoned: 2^63 - 1. */
export const deletedRevision = 9_223_372_036_854_775_807n;

export interface LogStream {
  readonly name: string;
  /** As UTF-8, kept because every answer carries it. */
  readonly nameBytes: Uint8Array;
  /** Its number among the streams. */
  readonly number: number;
  /** Records by revision; a tombstone is not among them. */
  readonly records: readonly number[];
  /** The record that made the name unusable. */
  readonly tombstone: number | undefined;
}

interface OwnStream extends LogStream {
  readonly records: number[];
  tombstone: number | undefined;
}

export interface NewRecord {
  readonly id: Uint8Array;
  readonly type: string;
  readonly isJson: boolean;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
  /** @defaultValue false */
  readonly isTombstone?: boolean;
}

export interface WireLog {
  /** Records written, seen by readers or not. */
  count(): number;
  /** Records that readers may see: all before this number. */
  visible(): number;
  /** Readers see no record from this number on, as without a quorum, until another number is said. @defaultValue no limit */
  limit(before: number): void;
  /** Makes what was written visible, up to the limit. To be called after the last record of a write. */
  advance(): void;
  /** As if what no reader has seen had never been written. */
  forgetUnseen(): void;
  /** Calls back whenever more became visible, until the returned function is called. */
  onAdvance(listener: () => void): () => void;
  stream(name: string): LogStream | undefined;
  streamAt(number: number): LogStream;
  /** Streams so far, and types so far: both are numbered from 0 as they appear. */
  streamCount(): number;
  typeAt(number: number): string;
  /** At the end of its stream. Answers with the record's number. */
  write(stream: string, record: NewRecord): number;
  /** A write without events: takes a position and leaves nothing to read. Answers with the position. */
  writeNothing(): number;
  /** Where the next record will lie. */
  nextPosition(): number;
  /** The first record at or after a position that was given out once; `undefined` for one that never was. */
  recordFrom(position: number): number | undefined;
  streamOf(record: number): number;
  typeOf(record: number): number;
  revisionOf(record: number): number;
  isTombstone(record: number): boolean;
  isJson(record: number): boolean;
  position(record: number): number;
  /** In microseconds since 1970. */
  createdMicros(record: number): number;
  /** A view; good until the next write. */
  id(record: number): Uint8Array;
  hasId(record: number, id: Uint8Array): boolean;
  data(record: number): Uint8Array;
  metadata(record: number): Uint8Array;
  replace(record: number, data: Uint8Array, metadata: Uint8Array): void;
}

/** Positions are bytes in a file on a real server; here they grow likewise, so that most numbers are no record's. */
const firstPosition = 1_024;
const recordOverhead = 96;

export const systemMicros = (): number => Math.round((performance.timeOrigin + performance.now()) * 1000);

export const openLog = ({
  nowMicros = systemMicros,
}: {
  readonly nowMicros?: () => number;
} = {}): WireLog => {
  const streams: OwnStream[] = [];
  const byName = new Map<string, OwnStream>();
  const types: string[] = [];
  const typeNumbers = new Map<string, number>();
  const listeners = new Set<() => void>();

  const streamOf = indexColumn();
  const typeOf = indexColumn();
  const revisionOf = indexColumn();
  const flags = byteColumn();
  const positions = numberColumn();
  const created = numberColumn();
  const ids = wideColumn(16);
  const payloads = openPayloads();

  /** Positions of writes without events. */
  const withoutRecord = new Set<number>();
  let count = 0;
  let visible = 0;
  let limit = Number.POSITIVE_INFINITY;
  let end = firstPosition;

  const streamFor = (name: string): OwnStream => {
    const known = byName.get(name);
    if (known !== undefined) return known;
    const made: OwnStream = {
      name,
      nameBytes: Buffer.from(name, "utf8"),
      number: streams.length,
      records: [],
      tombstone: undefined,
    };
    streams.push(made);
    byName.set(name, made);
    return made;
  };
  const typeNumber = (type: string): number => {
    const known = typeNumbers.get(type);
    if (known !== undefined) return known;
    typeNumbers.set(type, types.length);
    return types.push(type) - 1;
  };
  const advance = (): void => {
    const end = Math.min(count, limit);
    if (end <= visible) return; // what was seen once stays seen
    visible = end;
    for (const listener of [...listeners]) listener();
  };
  const take = (bytes: number): number => {
    const position = end;
    end += recordOverhead + bytes;
    return position;
  };

  return {
    count: () => count,
    visible: () => visible,
    limit: (before) => {
      limit = before;
      advance();
    },
    advance,
    forgetUnseen: () => {
      for (let record = count - 1; record >= visible; record--) {
        const stream = streams[streamOf.at(record)] as OwnStream;
        if (stream.tombstone === record) stream.tombstone = undefined;
        else stream.records.pop();
      }
      if (visible < count) end = positions.at(visible);
      count = visible;
      for (const numbers of [streamOf, typeOf, revisionOf, flags, positions, created, ids, payloads])
        numbers.keep(count);
    },
    onAdvance: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stream: (name) => byName.get(name),
    streamAt: (number) => streams[number] as OwnStream,
    streamCount: () => streams.length,
    typeAt: (number) => types[number] as string,
    write: (name, { id, type, isJson, data, metadata, isTombstone = false }) => {
      const stream = streamFor(name);
      const record = count++;
      streamOf.push(stream.number);
      typeOf.push(typeNumber(type));
      revisionOf.push(stream.records.length);
      flags.push((isJson ? 1 : 0) | (isTombstone ? 2 : 0));
      positions.push(take(stream.nameBytes.length + type.length + data.length + metadata.length));
      created.push(nowMicros());
      ids.push(id);
      payloads.push(data, metadata);
      if (isTombstone) stream.tombstone = record;
      else stream.records.push(record);
      return record;
    },
    writeNothing: () => {
      const position = take(0);
      withoutRecord.add(position);
      return position;
    },
    nextPosition: () => end,
    recordFrom: (position) => {
      let low = 0;
      let high = count;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (positions.at(middle) < position) low = middle + 1;
        else high = middle;
      }
      const isRecord = low < count && positions.at(low) === position;
      return isRecord || withoutRecord.has(position) ? low : undefined;
    },
    streamOf: streamOf.at,
    typeOf: typeOf.at,
    revisionOf: revisionOf.at,
    isTombstone: (record) => (flags.at(record) & 2) !== 0,
    isJson: (record) => (flags.at(record) & 1) !== 0,
    position: positions.at,
    createdMicros: created.at,
    id: ids.at,
    hasId: ids.equals,
    data: payloads.data,
    metadata: payloads.metadata,
    replace: payloads.replace,
  };
};

/**
 * What a process knows of one stream's log: its end, its head, and where the latest commands stand. Brought up to date by
 * reading from the known end; read anew when the file is another one, shrank, or does not continue where it ended.
 */
import { emptyHead, type RecordedEvent, StoreFault, type StreamHead } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import { unsafeFile } from "../files/safe-files.ts";
import { closeSegments, noSegments, openSegments, type SegmentList } from "../index-cache/segment-list.ts";
import type { StreamPaths } from "../layout.ts";
import { damagedTail } from "../log/damaged-tail.ts";
import { type Finding, type FoldState, foldLog, startOfLog } from "../log/fold.ts";
import { openLineReader } from "../log/line-reader.ts";
import { type LogHandle, openLog } from "../log/log-handle.ts";
import { markOf, parseMark, type RecordPlace, recordAt } from "../log/mark.ts";
import type { StoredRecord } from "../log/record.ts";
import { crcOf } from "../log/sealed-line.ts";

/** A record that this process has read or written. */
export interface KnownRecord {
  readonly commandId: string;
  readonly offset: number;
  readonly length: number;
  readonly firstRevision: number;
  readonly lastRevision: number;
}

export interface NewRecord {
  readonly commandId: string;
  readonly firstRevision: number;
  readonly lastRevision: number;
  /** Of its last event. */
  readonly digest: string;
  readonly seq: number;
  readonly origin: string;
}

export interface ViewOptions {
  readonly files: FilePort;
  readonly paths: StreamPaths;
  /** How the log is opened: to read, or to read and append. */
  readonly flags: number;
  readonly writable: boolean;
}

/** Records kept in memory at most; older ones are found in the index or by a search. */
const mostKnown = 16_384;
const catchUpBytes = 65_536;
/** Events of the last reading that are held at most. */
const mostLatest = 1_024;

export class StreamView {
  readonly files: FilePort;
  readonly paths: StreamPaths;
  log: LogHandle | undefined;
  head: StreamHead = emptyHead;
  /** Which copy of the ledger wrote the record at the head. */
  origin: string | undefined;
  /** Behind the last complete line. */
  end = 0;
  /** Bytes behind {@link end}: a torn line, or one that is being written. */
  tail = 0;
  lastSeq = 0;
  last: RecordPlace | undefined;
  /** What the last reading brought, unless something was written since: whoever has missed just that needs no second one. */
  latest: { readonly after: string | null; readonly events: readonly RecordedEvent[] } | undefined;
  /** The first thing wrong in the part that was read. */
  finding: Finding | undefined;
  /** When the directory of the locks last held no mark of a failed flush; see `NameWatch`. */
  cleanAt = -1;
  /** From here on every record is in {@link recent}. Before it, ask the segments; between them and here, search. */
  known = 0;
  recent: KnownRecord[] = [];
  readonly byCommand: Map<string, KnownRecord> = new Map();
  segments: SegmentList = noSegments;
  readonly #flags: number;
  /** Belongs to a writer, who keeps it. */
  readonly writable: boolean;
  #scratch: Buffer | undefined;

  constructor({ files, paths, flags, writable }: ViewOptions) {
    this.files = files;
    this.paths = paths;
    this.#flags = flags;
    this.writable = writable;
  }

  /** Reads what is new. `hint` is a head with a mark that the caller remembers; it saves a scan when it fits. */
  refresh(hint: StreamHead = emptyHead): void {
    const { log } = this;
    if (log === undefined) {
      this.#load(hint);
      return;
    }
    const status = this.files.lstat(this.paths.log);
    if (status === undefined) {
      this.forget();
      throw logMissing(this.paths);
    }
    if (status.ino !== log.ino || status.dev !== log.dev || status.size < this.end) {
      this.#reload();
      return;
    }
    if (status.nlink > 1) throw unsafeFile(this.paths.log, "has a second name (hard link)");
    const expected = this.#lastBytes();
    const before = expected.length;
    this.#scratch ??= Buffer.allocUnsafe(catchUpBytes);
    const got = this.files.read(log.fd, this.#scratch, 0, catchUpBytes, this.end - before);
    if (got < before || this.#scratch.toString("latin1", 0, before) !== expected) {
      this.#reload();
      return;
    }
    this.tail = got - before;
    if (got > before) this.#readOn();
  }

  /** What stands before {@link end}: the checksum of the last record, so that a log rewritten in place is another one. */
  #lastBytes(): string {
    const { last, end } = this;
    if (end === 0) return "";
    return last !== undefined && last.offset + last.length === end ? `${last.crc}"}\n` : "\n";
  }

  /** Takes the log that this process has just made. */
  adopt(log: LogHandle): void {
    this.forget();
    this.log = log;
  }

  /** Remembers a record at the end of the log, read or written. */
  add({ commandId, firstRevision, lastRevision, digest, seq, origin }: NewRecord, place: RecordPlace): void {
    const { offset, length } = place;
    const entry: KnownRecord = { commandId, offset, length, firstRevision, lastRevision };
    this.latest = undefined;
    this.recent.push(entry);
    this.byCommand.set(commandId, entry);
    if (this.recent.length > mostKnown) this.trim((this.recent[mostKnown / 2] as KnownRecord).offset);
    this.origin = origin;
    this.lastSeq = seq;
    this.last = place;
    this.end = offset + length;
    this.head = { revision: lastRevision, digest, mark: markOf((this.log as LogHandle).ino, place) };
  }

  /** Lets go of records before an offset. */
  trim(offset: number): void {
    const first = this.recent.findIndex((entry) => entry.offset >= offset);
    const gone = this.recent.splice(0, first < 0 ? this.recent.length : first);
    for (const entry of gone)
      if (this.byCommand.get(entry.commandId) === entry) this.byCommand.delete(entry.commandId);
    this.known = Math.max(this.known, Math.min(offset, this.end));
  }

  /** Reads the part between the segments and what is known, so that lookups need not search it. */
  learnGap(): void {
    const { log } = this;
    const { covered } = this.segments;
    if (log === undefined || this.known <= covered) return;
    const found: KnownRecord[] = [];
    this.#scan(log, covered, this.known, this.stateAt(covered), (record, { offset, length }) => {
      const { commandId, firstRevision, events } = record;
      found.push({
        commandId,
        offset,
        length,
        firstRevision,
        lastRevision: firstRevision + events.length - 1,
      });
    });
    for (const entry of found)
      if (!this.byCommand.has(entry.commandId)) this.byCommand.set(entry.commandId, entry);
    this.recent = [...found, ...this.recent];
    this.known = covered;
  }

  /** Takes up the segments that there are now; answers how far they reach. */
  reopenSegments(): number {
    const { log } = this;
    if (log === undefined) return 0;
    closeSegments(this.files, this.segments);
    this.segments = noSegments;
    this.segments = openSegments(this.files, this.paths, log);
    if (this.segments.covered > this.known) this.trim(this.segments.covered);
    return this.segments.covered;
  }

  /** Where the fold stands at the end of a segment, or at the start. */
  stateAt(offset: number): FoldState {
    const header = this.segments.segments.find((segment) => segment.header.to === offset)?.header;
    if (header === undefined) return startOfLog;
    return { head: { revision: header.revision, digest: header.digest }, origin: header.origin };
  }

  /** Drops everything that was known and frees the descriptors. */
  forget(): void {
    closeSegments(this.files, this.segments);
    this.segments = noSegments;
    this.log?.release();
    this.log = undefined;
    this.head = emptyHead;
    this.origin = undefined;
    this.end = 0;
    this.tail = 0;
    this.lastSeq = 0;
    this.last = undefined;
    this.finding = undefined;
    this.latest = undefined;
    this.known = 0;
    this.recent = [];
    this.byCommand.clear();
  }

  #reload(): void {
    this.forget();
    this.#load(emptyHead);
  }

  #load(hint: StreamHead): void {
    const log = openLog(this.files, this.paths.log, this.#flags, this.writable);
    if (log === undefined) return;
    this.log = log;
    try {
      this.segments = openSegments(this.files, this.paths, log);
      this.#startFrom(log, hint);
      this.#readOn();
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** The furthest place that can be believed: the caller's mark or the end of the segments. */
  #startFrom(log: LogHandle, hint: StreamHead): void {
    const { paths } = this;
    const { segments, covered } = this.segments;
    const place = hint.mark === undefined ? undefined : parseMark(hint.mark);
    if (place !== undefined && place.ino === log.ino && place.offset + place.length > covered) {
      const record = recordAt(this.files, log.fd, place, hint, paths.stream, paths.encoded);
      if (record !== undefined) {
        this.#standAt(log, place, hint, record.seq, record.origin);
        // Known like any other: it is often the one that a decision made again starts from.
        const { commandId, firstRevision } = record;
        const entry: KnownRecord = { commandId, ...place, firstRevision, lastRevision: hint.revision };
        this.recent.push(entry);
        this.byCommand.set(commandId, entry);
        this.known = place.offset;
        return;
      }
    }
    const header = segments.at(-1)?.header;
    if (header !== undefined) this.#standAt(log, header.last, header, header.seq, header.origin);
    this.end = covered;
    this.known = covered;
  }

  #standAt(
    log: LogHandle,
    place: RecordPlace,
    { revision, digest }: StreamHead,
    seq: number,
    origin: string,
  ): void {
    this.head = { revision, digest, mark: markOf(log.ino, place) };
    this.last = place;
    this.lastSeq = seq;
    this.origin = origin;
    this.end = place.offset + place.length;
  }

  #readOn(): void {
    const log = this.log as LogHandle;
    const from: FoldState = { head: this.head, origin: this.origin };
    let read: RecordedEvent[] | undefined = [];
    const reader = this.#scan(log, this.end, undefined, from, (record, place) => {
      const { commandId, firstRevision, events, seq, origin } = record;
      const { revision, digest } = events[events.length - 1] as RecordedEvent;
      this.add({ commandId, firstRevision, lastRevision: revision, digest, seq, origin }, place);
      if (read !== undefined && read.length < mostLatest) read.push(...events);
      else read = undefined;
    });
    this.latest = read === undefined ? undefined : { after: from.head.digest, events: read };
    this.end = reader.end;
    this.tail = reader.tail;
    this.finding ??= damagedTail(this.files, log.fd, this.end, this.tail);
  }

  #scan(
    log: LogHandle,
    from: number,
    to: number | undefined,
    state: FoldState,
    found: (record: StoredRecord, place: RecordPlace) => void,
  ): { readonly end: number; readonly tail: number } {
    const { stream, encoded } = this.paths;
    const reader = openLineReader(this.files, log.fd, { from, ...(to === undefined ? {} : { to }) });
    const fold = foldLog(stream, encoded, state, (finding) => {
      // The first says where to look; a newer format says that nothing here may be believed.
      if (finding.kind === "newer_format" && this.finding?.kind !== "newer_format") this.finding = finding;
      this.finding ??= finding;
    });
    for (let line = reader.next(); line !== undefined; line = reader.next()) {
      const step = fold.take(line);
      if (step._tag === "Record")
        found(step.record, { offset: step.offset, length: step.length, crc: crcOf(line.bytes) });
    }
    return reader;
  }
}

export const logMissing = ({ stream, log }: StreamPaths): StoreFault =>
  new StoreFault("STORE_MISSING", `the log of ${stream} is gone`, {
    outcome: "not_written",
    retryable: false,
    hint: "It was there a moment ago. Put it back before anybody writes to the stream again.",
    details: { stream, path: log },
  });

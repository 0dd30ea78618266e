/**
 * What a repaired log would hold, worked out in one pass over the old one. Good lines keep their order and their bytes; a
 * damaged one becomes a record again only if that is proven; a hole is filled from another copy or reported. No record is ever
 * made up, and none is placed where its link does not fit.
 */
import type { StreamHead } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import { readFully } from "../files/safe-files.ts";
import type { StreamPaths } from "../layout.ts";
import { hardRecordBytes } from "../log/bounds.ts";
import { isDamagedTail } from "../log/damaged-tail.ts";
import { type FindingKind, type FoldStep, foldLog, startOfLog, tornSeal } from "../log/fold.ts";
import { type Line, openLineReader } from "../log/line-reader.ts";
import { commitOf, decodeRecord, encodeRecord, type StoredRecord } from "../log/record.ts";
import type { CopySource, SourceRecord } from "./copy-source.ts";
import { type DamagedLine, hidesRecord, looksLikeRecord, type Part, partsOf } from "./damaged-line.ts";
import { type LinesMark, type NewLines, newLines } from "./new-lines.ts";
import { digestsHold, endOf } from "./proof.ts";
import type { LostRecord, MissingEvents, RestoredRecord, SetAside } from "./report.ts";

export interface RepairPlan {
  readonly lines: NewLines;
  /** Whether the new log differs from the old one. */
  readonly changed: boolean;
  readonly restored: readonly RestoredRecord[];
  readonly setAside: readonly SetAside[];
  readonly missing: readonly MissingEvents[];
  readonly lost: readonly LostRecord[];
  readonly head: StreamHead;
  readonly records: number;
  /** Of the last record. */
  readonly lastSeq: number;
  /** What repair leaves and writers refuse: undecided branches. */
  readonly remaining: ReadonlySet<FindingKind>;
  readonly newerAt: number | undefined;
}

/** Damaged lines held at once, waiting for the next record to be judged by. */
const mostPending = 4_194_304;

export const planRepair = (
  files: FilePort,
  fd: number | undefined,
  paths: StreamPaths,
  source: CopySource | undefined,
): RepairPlan => new Planner(files, fd, paths, source).run();

/** Where the new log would end if it were cut. */
interface Standing {
  readonly mark: LinesMark;
  readonly head: StreamHead;
  readonly records: number;
  readonly lastSeq: number;
}

type Candidate = Extract<Part, { readonly _tag: "Candidate" }>;

class Planner {
  readonly #files: FilePort;
  readonly #fd: number | undefined;
  readonly #paths: StreamPaths;
  readonly #source: CopySource | undefined;
  readonly #lines = newLines();
  readonly #restored: RestoredRecord[] = [];
  readonly #setAside: SetAside[] = [];
  readonly #missing: MissingEvents[] = [];
  readonly #lost: LostRecord[] = [];
  readonly #remaining = new Set<FindingKind>();
  /** Last digests of all records so far, with their revisions: what a record may say that it follows. */
  readonly #known = new Map<string, number>();
  readonly #fold;
  #pending: DamagedLine[] = [];
  #pendingBytes = 0;
  #changed = false;
  #records = 0;
  #lastSeq = 0;
  #reported: FindingKind | undefined;
  /** Revisions that lost lines since the last event of the chain seem to have claimed; `null` where that cannot be read. */
  #doubts: (number | null)[] = [];
  /** The same for the lines right before the head, and where the log stood before the head. */
  #doubtsOfHead: readonly (number | null)[] = [];
  #headRevision = -1;
  #beforeHead: Standing;
  /** The record at the head and what was kept behind it. */
  #sinceHead: LostRecord[] = [];
  /** Last digests of void records: what follows one is void too, and no hole. */
  readonly #voided = new Set<string>();
  /** Last digests of records of undecided branches. */
  readonly #forked = new Set<string>();
  #cutAt: Standing | undefined;
  #newerAt: number | undefined;

  constructor(files: FilePort, fd: number | undefined, paths: StreamPaths, source: CopySource | undefined) {
    this.#files = files;
    this.#fd = fd;
    this.#paths = paths;
    this.#source = source;
    this.#fold = foldLog(paths.stream, paths.encoded, startOfLog, ({ kind }) => {
      this.#reported = kind;
    });
    this.#beforeHead = this.#standing();
  }

  run(): RepairPlan {
    let end = 0;
    if (this.#fd !== undefined) {
      const reader = openLineReader(this.#files, this.#fd, { from: 0 });
      for (let line = reader.next(); line !== undefined; line = reader.next()) this.#line(line);
      end = reader.end;
      this.#tail(this.#fd, end, reader.tail);
    }
    this.#resolve(undefined);
    this.#finish(end);
    const { head, records, lastSeq } = this.#cutAt ?? this.#standing();
    if (this.#cutAt !== undefined) this.#lines.cut(this.#cutAt.mark);
    return {
      lines: this.#lines,
      changed: this.#changed || this.#cutAt !== undefined,
      restored: this.#restored,
      setAside: this.#setAside,
      missing: this.#missing,
      lost: this.#lost,
      head,
      records,
      lastSeq,
      remaining: this.#remaining,
      newerAt: this.#newerAt,
    };
  }

  #standing(): Standing {
    const { head } = this.#fold;
    return { mark: this.#lines.mark, head, records: this.#records, lastSeq: this.#lastSeq };
  }

  #line(line: Line): void {
    const { bytes, offset, length, oversized } = line;
    const { stream, encoded } = this.#paths;
    const decoded = oversized ? undefined : decodeRecord(bytes, stream, encoded);
    if (decoded?._tag === "Record") {
      this.#resolve(decoded.record);
      this.#record(decoded.record, bytes, offset, length, () => this.#lines.keep(offset, length));
      return;
    }
    if (decoded?._tag === "Newer") {
      this.#newerAt ??= offset;
      return;
    }
    const sealed =
      !oversized && bytes.toString("latin1", Math.max(0, bytes.length - 6)) === tornSeal.slice(0, -1);
    const why = sealed ? "seal" : decoded?._tag === "Damaged" ? decoded.why : "size";
    const held = { offset, length, bytes: oversized ? undefined : Buffer.from(bytes), why };
    if (!sealed || hidesRecord(held, this.#paths)) {
      this.#hold(held);
      return;
    }
    this.#resolve(undefined);
    if (this.#cutAt === undefined) this.#lines.keep(offset, length);
  }

  #hold(line: DamagedLine): void {
    this.#pending.push(line);
    this.#pendingBytes += line.bytes?.length ?? 0;
    if (this.#pendingBytes > mostPending) this.#resolve(undefined);
  }

  #tail(fd: number, end: number, length: number): void {
    if (length === 0) return;
    const bytes = length > 2 * hardRecordBytes ? undefined : readFully(this.#files, fd, end, length);
    if (bytes !== undefined && isDamagedTail(bytes))
      this.#hold({ offset: end, length, bytes, why: "a record without its line feed" });
    else {
      this.#resolve(undefined);
      this.#setAside.push({ offset: end, length, why: "torn", looksLikeRecord: false });
    }
  }

  /** Judges the damaged lines before a record, or before the end. */
  #resolve(next: StoredRecord | undefined): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    this.#pendingBytes = 0;
    const parts: (Part & { readonly why: string })[] = [];
    for (let index = 0; index < pending.length; ) {
      const line = pending[index] as DamagedLine;
      const found = partsOf(line, pending[index + 1], this.#paths);
      parts.push(...found.parts.map((part) => ({ ...part, why: line.why })));
      index += found.lines;
    }
    parts.forEach((part, index) => {
      const after = parts[index + 1];
      const follower = after === undefined ? next : after._tag === "Candidate" ? after.record : undefined;
      if (part._tag === "Candidate" && this.#counts(part, follower)) this.#restore(part);
      else this.#leave(part, part.why);
    });
  }

  /** Whether it is proven that a record stood there. */
  #counts({ record, whole, needsSuccessor }: Candidate, follower: StoredRecord | undefined): boolean {
    if (whole) return true;
    const { firstRevision, previous } = record;
    const { digest, revision } = endOf(record);
    const isFollowed = follower?.previous === digest && follower.firstRevision === revision + 1;
    if (needsSuccessor && !isFollowed) return false;
    const before = previous === null ? -1 : this.#known.get(previous);
    return (isFollowed || before === firstRevision - 1) && digestsHold(record);
  }

  #restore({ record, line, how, offset, length, whole }: Candidate): void {
    this.#changed = true;
    const { commandId, firstRevision, events } = record;
    // Behind foreign text it counted all along.
    const counted = whole && how === "line_feed";
    const entry = counted ? undefined : { how, offset, commandId, firstRevision, events: events.length };
    const place = (): void => this.#lines.put(Buffer.concat([line, Buffer.from("\n")]));
    this.#record(record, line, offset, length, place, entry);
  }

  #leave(part: Part, why: string): void {
    const bytes = part._tag === "Junk" ? part.bytes : part.line;
    const { offset, length } = part;
    this.#changed = true;
    const isRecordLike = looksLikeRecord(bytes);
    this.#setAside.push({ offset, length, why, looksLikeRecord: isRecordLike });
    if (isRecordLike) this.#doubts.push(revisionIn(bytes));
  }

  /** A record, sound or restored. `place` puts its line into the new log. */
  #record(
    record: StoredRecord,
    line: Buffer,
    offset: number,
    length: number,
    place: () => void,
    restored?: RestoredRecord,
  ): void {
    const { firstRevision, previous, branch, seq } = record;
    const { digest, revision } = endOf(record);
    const isOrphan = previous !== null && this.#known.get(previous) !== firstRevision - 1;
    // A branch may be longer than the chain; that is no hole in the chain.
    const isOfFork = previous !== null && this.#forked.has(previous);
    const isOnVoid = previous !== null && this.#voided.has(previous);
    const leapsAhead = branch === undefined && !isOnVoid && firstRevision > this.#fold.head.revision + 1;
    if (leapsAhead && !isOfFork && !this.#fill(previous, seq, offset)) this.#hole(firstRevision, offset);
    const before = this.#standing();
    const step = isOfFork ? undefined : this.#take(line, offset, length);
    if (isOfFork || this.#reported === "fork") {
      this.#remaining.add("fork");
      this.#forked.add(digest);
    }
    // It follows something that we do not have, at a revision that another record holds: which of the two is true, nobody knows.
    if (step?._tag === "Void") this.#voided.add(digest);
    if (step?._tag === "Void" && branch === undefined && isOrphan) {
      if (this.#cutAt === undefined) this.#lost.push(...this.#sinceHead);
      this.#hole(firstRevision, offset, this.#beforeHead);
    }
    this.#known.set(digest, revision);
    const entry = lostRecord(record, offset, length);
    if (this.#cutAt !== undefined) {
      this.#lost.push(entry);
      return;
    }
    place();
    this.#records += 1;
    this.#lastSeq = Math.max(this.#lastSeq, seq);
    if (restored !== undefined) this.#restored.push(restored);
    if (step?._tag === "Record") this.#moved(before, firstRevision);
    this.#sinceHead.push(entry);
  }

  #moved(before: Standing, firstRevision: number): void {
    this.#beforeHead = before;
    this.#headRevision = firstRevision;
    this.#doubtsOfHead = this.#doubts;
    this.#doubts = [];
    this.#sinceHead = [];
  }

  #take(bytes: Buffer, offset: number, length: number): FoldStep {
    this.#reported = undefined;
    return this.#fold.take({ bytes, offset, length, oversized: false });
  }

  #hole(beforeRevision: number | null, offset: number, cutAt: Standing = this.#standing()): void {
    this.#missing.push({ afterRevision: cutAt.head.revision, beforeRevision, offset });
    this.#cutAt ??= cutAt;
  }

  /** Puts what is missing before a record in its place, if the other copy holds all of it. */
  #fill(last: string | null, nextSeq: number, offset: number): boolean {
    if (this.#source === undefined || last === null || this.#cutAt !== undefined) return false;
    const found = this.#source.between(this.#fold.head.digest, last);
    if (found === undefined) return false;
    for (const each of found) this.#insert(each, nextSeq, offset);
    return true;
  }

  #insert({ record, line }: SourceRecord, nextSeq: number, offset: number): void {
    const before = this.#standing();
    const fits = record.seq > this.#lastSeq && record.seq < nextSeq;
    const { origin } = record;
    // Numbers rise in a log. One that another ledger gave is replaced by one that is free between the neighbours.
    const bytes = fits
      ? line
      : encodeRecord(commitOf(record), { origin, seq: this.#lastSeq + 1 }, hardRecordBytes);
    this.#take(bytes.subarray(0, -1), offset, bytes.length);
    this.#lines.put(bytes);
    this.#changed = true;
    this.#records += 1;
    this.#lastSeq = fits ? record.seq : this.#lastSeq + 1;
    const { commandId, firstRevision, events } = record;
    const { digest, revision } = endOf(record);
    this.#known.set(digest, revision);
    this.#restored.push({ how: "copy", offset, commandId, firstRevision, events: events.length });
    this.#moved(before, firstRevision);
    this.#sinceHead.push(lostRecord(record, offset, 0));
  }

  /** Takes what the copy holds behind the head, as far as this ledger wrote it: another one's events are not repair's to take in. */
  #extend(end: number): boolean {
    const { origin, head } = this.#fold;
    let isLonger = false;
    for (const each of this.#source?.after(head.digest) ?? []) {
      if (origin !== undefined && each.record.origin !== origin) break;
      this.#insert(each, Number.MAX_SAFE_INTEGER, end);
      isLonger = true;
    }
    return isLonger;
  }

  /** Lines that are gone at the end of the log leave no hole; only what is left of them says that they were there. */
  #finish(end: number): void {
    if (this.#cutAt !== undefined) return;
    const isLost = this.#doubts.length > 0;
    const isLonger = this.#extend(end);
    if (isLost && !isLonger) this.#hole(null, end);
    if (isLost) return;
    // A damaged line claims the head's own revision, came first, and nothing says that the head won.
    if (this.#doubtsOfHead.includes(this.#headRevision)) {
      this.#lost.push(...this.#sinceHead);
      this.#hole(null, end, this.#beforeHead);
    }
  }
}

const revisionIn = (bytes: Buffer | undefined): number | null => {
  const found =
    bytes === undefined ? null : /"revision":([0-9]{1,15}),/.exec(bytes.toString("latin1", 0, 1_024));
  return found === null ? null : Number(found[1]);
};

const lostRecord = (
  { commandId, firstRevision, events }: StoredRecord,
  offset: number,
  length: number,
): LostRecord => ({
  offset,
  length,
  commandId,
  actor: events[0]?.actor ?? "",
  recordedAt: events[0]?.recordedAt ?? "",
  firstRevision,
  types: events.map(({ type }) => type),
});

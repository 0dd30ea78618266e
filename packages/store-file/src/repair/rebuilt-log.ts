/**
 * The new log as it grows, record by record. Promises: a record goes where its link fits or nowhere; the log ends before the first
 * hole that the other copy does not fill, and what stood behind it is listed.
 */
import type { StreamHead } from "@mission-ledger/core";
import type { StreamPaths } from "../layout.ts";
import { hardRecordBytes } from "../log/bounds.ts";
import { type FindingKind, type FoldStep, foldLog, startOfLog } from "../log/fold.ts";
import { commitOf, encodeRecord, type StoredRecord } from "../log/record.ts";
import type { CopySource, SourceRecord } from "./copy-source.ts";
import { looksLikeRecord, type Part } from "./damaged-line.ts";
import type { Candidate, Verdicts } from "./judge-damage.ts";
import { type LinesMark, type NewLines, newLines } from "./new-lines.ts";
import { endOf } from "./proof.ts";
import type { LostRecord, MissingEvents, RestoredRecord, SetAside } from "./report.ts";

export interface RebuiltContents {
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
}

/** Where the new log would end if it were cut. */
interface Standing {
  readonly mark: LinesMark;
  readonly head: StreamHead;
  readonly records: number;
  readonly lastSeq: number;
}

export class RebuiltLog implements Verdicts {
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

  constructor({ stream, encoded }: StreamPaths, source: CopySource | undefined) {
    this.#source = source;
    this.#fold = foldLog(stream, encoded, startOfLog, ({ kind }) => {
      this.#reported = kind;
    });
    this.#beforeHead = this.#standing();
  }

  revisionOf = (digest: string): number | undefined => this.#known.get(digest);

  /** A sound record of the old log. */
  keepRecord(record: StoredRecord, line: Buffer, offset: number, length: number): void {
    this.#record(record, line, offset, length, () => this.#lines.keep(offset, length));
  }

  /** A torn line that a writer sealed. */
  keepSealed(offset: number, length: number): void {
    if (this.#cutAt === undefined) this.#lines.keep(offset, length);
  }

  /** A line at the end that was never acknowledged. */
  leaveTorn(offset: number, length: number): void {
    this.#setAside.push({ offset, length, why: "torn", looksLikeRecord: false });
  }

  restore({ record, line, how, offset, length, whole }: Candidate): void {
    this.#changed = true;
    const { commandId, firstRevision, events } = record;
    // Behind foreign text it counted all along.
    const counted = whole && how === "line_feed";
    const entry = counted ? undefined : { how, offset, commandId, firstRevision, events: events.length };
    const place = (): void => this.#lines.put(Buffer.concat([line, Buffer.from("\n")]));
    this.#record(record, line, offset, length, place, entry);
  }

  leave(part: Part, why: string): void {
    const bytes = part._tag === "Junk" ? part.bytes : part.line;
    const { offset, length } = part;
    this.#changed = true;
    const isRecordLike = looksLikeRecord(bytes);
    this.#setAside.push({ offset, length, why, looksLikeRecord: isRecordLike });
    if (isRecordLike) this.#doubts.push(revisionIn(bytes));
  }

  /** The whole of it, when the old log has come to its end at this byte. */
  finish(end: number): RebuiltContents {
    this.#end(end);
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
    };
  }

  #standing(): Standing {
    const { head } = this.#fold;
    return { mark: this.#lines.mark, head, records: this.#records, lastSeq: this.#lastSeq };
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
  #end(end: number): void {
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

/**
 * Which records of several copies are the same, and which are not to be believed. A record is known by the digest of its
 * last event: its place in the order of a ledger, its mark and its bytes differ from copy to copy. What arrives in a copy may
 * have been written by anybody, so nothing counts whose digests do not hold.
 */
import { digestOfEvent, eventIdOf, type RecordedEvent } from "@mission-ledger/core";
import type { StoredRecord } from "../log/record.ts";
import type { CopyRecord } from "./read-copy.ts";

export type ClashKind =
  /** An event's id or digest is not what its content gives. */
  | "digest"
  /** Its first event follows another revision than it claims. */
  | "revision"
  /** It begins with the event that begins a longer record: half a command. */
  | "part"
  /** The command's id stands for another command, or for this one a second time in the same line of events. */
  | "command_id";

/** A record that is never taken in, and why. */
export interface Clash {
  readonly kind: ClashKind;
  readonly copy: CopyRecord;
  readonly why: string;
}

/** What a record is known by in every copy: the digest of its last event. */
export const digestOfRecord = ({ events }: StoredRecord): string =>
  (events[events.length - 1] as RecordedEvent).digest;

/** The order of records that do not follow one another; never the clock, never the place in a file. */
export const compareRecords = (left: CopyRecord, right: CopyRecord): number =>
  left.record.seq - right.record.seq ||
  compareTexts(digestOfRecord(left.record), digestOfRecord(right.record)) ||
  Buffer.compare(left.line, right.line);

const compareTexts = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

/** A line that knows of a decision is newer than one that does not; one that waits for it is older than one that does not. */
const markRank = { demoted: 0, none: 1, open: 2 } as const;

/** Of several lines of one record the first one is kept: the same one in whatever order they came. */
const byPreference = (left: CopyRecord, right: CopyRecord): number =>
  markRank[left.record.branch ?? "none"] - markRank[right.record.branch ?? "none"] ||
  compareRecords(left, right);

export interface Distinct {
  /** One line of each record, by digest. */
  readonly records: ReadonlyMap<string, CopyRecord>;
  readonly clashes: readonly Clash[];
}

/** Each record once, and only those whose digests hold. The answer does not depend on the order of `copies`. */
export const distinctRecords = (
  copies: Iterable<CopyRecord>,
  isLocal: (digest: string) => boolean,
): Distinct => {
  const clashes: Clash[] = [];
  const records = new Map<string, CopyRecord>();
  const lines = [...linesOf(copies)].sort(byPreference);
  for (const copy of lines) {
    const broken = brokenEvent(copy.record);
    if (broken !== undefined) {
      clashes.push({ kind: "digest", copy, why: broken });
      continue;
    }
    const digest = digestOfRecord(copy.record);
    const kept = records.get(digest);
    if (kept === undefined) records.set(digest, copy);
    else if (kept.record.commandDigest !== copy.record.commandDigest)
      clashes.push({
        kind: "command_id",
        copy,
        why: `the events are those of another command under the id ${copy.record.commandId}`,
      });
  }
  return { records, clashes: [...clashes, ...withoutParts(records, isLocal)] };
};

/** Lines that differ in a byte; copies share most of theirs. */
const linesOf = (copies: Iterable<CopyRecord>): Iterable<CopyRecord> => {
  const lines = new Map<string, CopyRecord>();
  for (const copy of copies) lines.set(copy.line.toString("latin1"), copy);
  return lines.values();
};

const brokenEvent = ({ commandId, events }: StoredRecord): string | undefined => {
  for (let index = 0; index < events.length; index += 1) {
    const event = events[index] as RecordedEvent;
    if (event.id !== eventIdOf(event.stream, commandId, index))
      return `the id of revision ${event.revision} is not its command's`;
    if (!digestHolds(event)) return `the digest of revision ${event.revision} is not its content's`;
  }
  return undefined;
};

const digestHolds = (event: RecordedEvent): boolean => {
  try {
    return event.digest === digestOfEvent(event);
  } catch {
    // Texts and numbers that have no canonical form were never digested by a writer.
    return false;
  }
};

/** Takes records out that hold only the first events of a command which another record holds whole, or end it otherwise. */
const withoutParts = (
  records: Map<string, CopyRecord>,
  isLocal: (digest: string) => boolean,
): readonly Clash[] => {
  const byFirst = new Map<string, CopyRecord[]>();
  for (const copy of records.values()) {
    const first = (copy.record.events[0] as RecordedEvent).digest;
    const others = byFirst.get(first);
    if (others === undefined) byFirst.set(first, [copy]);
    else others.push(copy);
  }
  const locality = ({ record }: CopyRecord): number => (isLocal(digestOfRecord(record)) ? 1 : 0);
  const clashes: Clash[] = [];
  for (const group of byFirst.values()) {
    if (group.length === 1) continue;
    const [whole, ...parts] = group.sort(
      (left, right) =>
        locality(right) - locality(left) ||
        right.record.events.length - left.record.events.length ||
        compareRecords(left, right),
    ) as [CopyRecord, ...CopyRecord[]];
    for (const copy of parts) {
      records.delete(digestOfRecord(copy.record));
      const why = `shares its first event with the ${whole.record.events.length} events of another record`;
      clashes.push({ kind: "part", copy, why });
    }
  }
  return clashes;
};

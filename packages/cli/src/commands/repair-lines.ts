/** What a repair did, for a person: what came back and why that is certain, what was set aside, where the old file is. */
import type {
  LostRecord,
  MissingEvents,
  RepairReport,
  Restoration,
  RestoredRecord,
} from "@mission-ledger/store-file";
import { counted } from "../output/counted.ts";
import { type Line, toned } from "../output/lines.ts";

/** One mission's log, mended or not. */
export interface MissionRepair extends RepairReport {
  readonly mission: string;
  /** The copy that missing records were taken from. */
  readonly from: string | null;
}

/** Of each kind; the rest is counted, and listed with `--json`. */
const most = 20;

export const repairLines = (repair: MissionRepair): readonly Line[] => {
  const { restored, setAside, missing, lost, quarantined } = repair;
  return [
    headline(repair),
    ...(repair.suspect ? [`  a flush had failed: ${recovered(repair)}`] : []),
    ...some(restored, (record) => restoredLine(record, repair)),
    ...some(
      setAside,
      ({ offset, length, why, looksLikeRecord }): Line =>
        `  set aside  ${length} bytes at offset ${offset}: ${why}${looksLikeRecord ? ", perhaps a record once" : ""}`,
    ),
    ...some(missing, missingLine),
    ...some(lost, (record) => lostLine(record, repair.outcome !== "refused")),
    ...(quarantined === undefined ? [] : [toned("dim", `  the old file, whole: ${quarantined}`)]),
  ];
};

const headline = ({ mission, outcome, before, after, writable }: MissionRepair): Line => {
  const head = after.head.revision < 0 ? "empty" : `rev ${after.head.revision}`;
  switch (outcome) {
    case "sound":
      return writable
        ? [toned("good", "sound   "), `${mission}   ${counted(after.records, "record")}, nothing to mend`]
        : [toned("warn", "open    "), `${mission}   nothing to mend; a branch waits for a decision`];
    case "repaired":
      return [
        toned("good", "mended  "),
        `${mission}   ${counted(after.records, "record")}, ${head}`,
        wasAt(before, after),
      ];
    case "would_repair":
      return [
        toned("warn", "would   "),
        `${mission}   be mended: ${counted(after.records, "record")}, ${head}`,
      ];
    case "refused":
      return [toned("bad", "not     "), `${mission}   mended; nothing was changed`];
  }
};

const wasAt = (before: MissionRepair["before"], after: MissionRepair["after"]): string =>
  before.records === after.records ? "" : ` (before: ${counted(before.records, "record")} readable)`;

const recovered = ({ outcome }: MissionRepair): string => {
  switch (outcome) {
    case "repaired":
    case "sound":
      return "the log was written anew and flushed; repeat what was unknown with its command id";
    case "would_repair":
      return "the log would be written anew";
    case "refused":
      return "not recovered yet";
  }
};

const reasons: Readonly<Record<Restoration, string>> = {
  single_bit: "one flipped bit, proven by checksum, digest and links",
  line_feed: "the end of its line was damaged",
  line_end: "characters were added around it",
  copy: "from another copy, proven by digest and links",
};

const restoredLine = (
  { how, firstRevision, events, commandId, offset }: RestoredRecord,
  { from, path }: MissionRepair,
): Line => {
  const copied = from === path ? "it stood elsewhere in the log" : `${reasons.copy} (${from})`;
  return [
    "  restored   ",
    `rev ${revisions(firstRevision, events)}: ${how === "copy" ? copied : `${reasons[how]} at offset ${offset}`}`,
    toned("dim", `   ${commandId}`),
  ];
};

const missingLine = ({ afterRevision, beforeRevision }: MissingEvents): Line => {
  const where = placeOfMissing({ afterRevision, beforeRevision });
  if (beforeRevision === null) return `  missing    events ${where}; how many, nobody can say`;
  const count = beforeRevision - afterRevision - 1;
  return count > 0
    ? `  missing    ${counted(count, "event")} ${where}`
    : `  missing    what rev ${beforeRevision} was built on`;
};

/** Where a hole is. That the number before the first is -1 is nobody's business. */
export const placeOfMissing = ({
  afterRevision,
  beforeRevision,
}: Pick<MissingEvents, "afterRevision" | "beforeRevision">): string => {
  if (beforeRevision === null)
    return afterRevision < 0 ? "from the first one on" : `after revision ${afterRevision}`;
  return afterRevision < 0
    ? `before revision ${beforeRevision}`
    : `between revision ${afterRevision} and ${beforeRevision}`;
};

const lostLine = ({ firstRevision, types, actor, commandId }: LostRecord, isCut: boolean): Line => [
  isCut ? "  given up   " : "  behind it  ",
  `rev ${revisions(firstRevision, types.length)} ${types.join(", ")} by ${actor}`,
  toned("dim", `   ${commandId}`),
];

const revisions = (first: number, count: number): string =>
  count === 1 ? `${first}` : `${first}–${first + count - 1}`;

const some = <A>(all: readonly A[], line: (one: A) => Line): readonly Line[] => [
  ...all.slice(0, most).map(line),
  ...(all.length > most ? [toned("dim", `  and ${all.length - most} more: --json lists them`)] : []),
];

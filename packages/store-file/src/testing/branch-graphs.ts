/**
 * Random histories of a stream that was copied and went on in several places, made from a row of choices: a property test
 * takes them from fast-check, which shrinks them, a rig from a seeded generator.
 */
import {
  type Commit,
  type DemotedBranch,
  digestOf,
  type EncodedEvent,
  type EventEnvelope,
  emptyHead,
  encodeReconciliation,
  type StreamHead,
  sealCommit,
} from "@mission-ledger/core";
import { type BranchMark, encodeRecord } from "../log/record.ts";

/** A number from 0 to below `below`. */
export type Pick = (below: number) => number;

export interface GraphRecord {
  readonly commit: Commit;
  readonly origin: string;
  readonly seq: number;
  readonly digest: string;
  /** `undefined` for a first record. */
  readonly parent: GraphRecord | undefined;
  /** Last records of the branches it decides against. */
  readonly against: readonly GraphRecord[];
}

export const graphStream = "mission-graph";

/** @defaultValue 16 records in at most 8 branches */
export interface GraphSize {
  readonly maxRecords?: number;
  readonly maxBranches?: number;
}

export const growGraph = (
  pick: Pick,
  { maxRecords = 16, maxBranches = 8 }: GraphSize = {},
): readonly GraphRecord[] => {
  const records: GraphRecord[] = [];
  const wanted = 1 + pick(maxRecords);
  for (let index = 0; index < wanted; index += 1) {
    const tips = tipsOf(records);
    const mayFork = tips.length < maxBranches;
    const parent =
      tips.length === 0 || (mayFork && pick(12) === 1)
        ? undefined
        : mayFork && pick(3) === 1
          ? records[pick(records.length)]
          : tips[tips.length - 1 - pick(tips.length)];
    const line = lineOf(parent);
    const others = records.filter((record) => !line.has(record));
    const against =
      others.length > 0 && pick(3) === 1
        ? unique(Array.from({ length: 1 + pick(3) }, () => pickLoser(others, pick)))
        : [];
    records.push(recordBehind(parent, index, against, others, pick));
  }
  return records;
};

/** Mostly a whole branch; sometimes only its beginning, as known to someone who had not seen the rest. */
const pickLoser = (others: readonly GraphRecord[], pick: Pick): GraphRecord => {
  const ends = others.filter((record) => !others.some(({ parent }) => parent === record));
  return (pick(4) === 1 ? others[pick(others.length)] : ends[pick(ends.length)]) as GraphRecord;
};

const recordBehind = (
  parent: GraphRecord | undefined,
  index: number,
  against: readonly GraphRecord[],
  others: readonly GraphRecord[],
  pick: Pick,
): GraphRecord => {
  const last = parent?.commit.events.at(-1);
  const head: StreamHead = last ?? emptyHead;
  // A command may have been tried again in another copy under its id.
  const again = against.length === 0 && others.length > 0 && pick(10) === 1 ? others[0] : undefined;
  const isFresh = again === undefined || [...lineOf(parent)].some(sameCommand(again));
  const commandId = isFresh ? `c${index}` : again.commit.commandId;
  const events: readonly EncodedEvent[] =
    head.digest !== null && against.length > 0
      ? [
          encodeReconciliation({
            type: "StreamReconciled",
            winner: head.digest,
            losers: against.map((end) => demotedBranch(end, parent)),
          }),
        ]
      : Array.from({ length: 1 + pick(2) }, (_, at) => ({ type: "Noted", version: 1, data: { index, at } }));
  const commit = sealCommit(
    head,
    {
      stream: graphStream,
      commandId,
      commandDigest: digestOf({ commandId }),
      recordedAt: "2026-01-02T03:04:05.678Z",
      actor: "agent-1",
    },
    events,
  );
  return {
    commit,
    origin: `ledger-${pick(3)}`,
    seq: (parent?.seq ?? 0) + 1 + pick(3),
    digest: (commit.events.at(-1) as EventEnvelope).digest,
    parent,
    against: head.digest === null ? [] : against,
  };
};

const sameCommand =
  ({ commit }: GraphRecord) =>
  (other: GraphRecord): boolean =>
    other.commit.commandId === commit.commandId;

const demotedBranch = (end: GraphRecord, winner: GraphRecord | undefined): DemotedBranch => {
  const line = lineOf(winner);
  let [fork, events]: [GraphRecord | undefined, number] = [end, 0];
  for (; fork !== undefined && !line.has(fork); fork = fork.parent) events += fork.commit.events.length;
  const { id, digest, revision } = end.commit.events.at(-1) as EventEnvelope;
  return { digest, eventId: id, revision, forksAfter: fork?.digest ?? null, events };
};

/** A record and all that it stands behind. */
export const lineOf = (end: GraphRecord | undefined): ReadonlySet<GraphRecord> => {
  const line = new Set<GraphRecord>();
  for (let record = end; record !== undefined; record = record.parent) line.add(record);
  return line;
};

export const tipsOf = (records: readonly GraphRecord[]): readonly GraphRecord[] =>
  records.filter((record) => !records.some(({ parent }) => parent === record));

const unique = <A>(values: readonly A[]): readonly A[] => [...new Set(values)];

const marks: readonly (BranchMark | undefined)[] = [undefined, undefined, undefined, "open", "demoted"];

/** The line of a record in some copy: ledgers give it numbers and marks of their own. */
export const lineInCopy = ({ commit, origin, seq }: GraphRecord, pick: Pick): Buffer => {
  const [taken, branch] = pick(3) === 1 ? [pick(40), marks[pick(marks.length)]] : [0, undefined];
  return encodeRecord(
    commit,
    { origin, seq: seq + taken, ...(branch === undefined ? {} : { branch }) },
    1_000_000,
  );
};

/** Copies as branches of a repository hold them: some lines of events, whole, and now and then a record without what it follows. */
export const growCopies = (
  records: readonly GraphRecord[],
  pick: Pick,
  copies: number = 2 + pick(7),
): readonly (readonly Buffer[])[] =>
  Array.from({ length: copies }, () => {
    const held = new Set<GraphRecord>();
    for (let lines = 1 + pick(2); lines > 0; lines -= 1)
      for (const record of lineOf(records[pick(records.length)])) held.add(record);
    if (pick(6) === 1) held.add(records[pick(records.length)] as GraphRecord);
    return records
      .filter((record) => held.has(record))
      .flatMap((record) => {
        const line = lineInCopy(record, pick);
        return pick(8) === 1 ? [line, line] : [line];
      });
  });

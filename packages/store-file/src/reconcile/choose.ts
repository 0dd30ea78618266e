/** What a decision makes of a log: the winner's line of events, and every other branch by its last event. */
import { type DemotedBranch, type RecordedEvent, StoreFault } from "@mission-ledger/core";
import { digestOfRecord } from "../branches/identity.ts";
import type { CopyRecord } from "../branches/read-copy.ts";
import type { LogContents } from "../copy/log-contents.ts";

export interface Choice {
  /** The winner's line, from the start of the stream. */
  readonly chain: readonly CopyRecord[];
  /** What is decided against, parent before child. */
  readonly against: readonly CopyRecord[];
  readonly losers: readonly DemotedBranch[];
}

/** Shortest beginning of an id or digest that is looked for. */
const shortestPrefix = 4;

/** @param winner `local`, or the beginning of the digest or id of a branch's last event. Throws a `StoreFault` if it names none, or two. */
export const choose = (log: LogContents, winner: string, stream: string): Choice => {
  const byDigest = new Map<string, CopyRecord>();
  for (const copy of [...log.chain, ...log.open]) {
    const digest = digestOfRecord(copy.record);
    if (!byDigest.has(digest)) byDigest.set(digest, copy);
  }
  const all = [...byDigest.values()];
  const chain = lineTo(winner === "local" ? log.chain.at(-1) : named(log, winner, stream), byDigest);
  const inChain = new Set(chain);
  const against = all.filter((copy) => !inChain.has(copy));
  const parents = new Set(against.map(({ record }) => record.previous));
  const ends = against.filter(({ record }) => !parents.has(digestOfRecord(record)));
  return { chain, against, losers: ends.map((end) => demotedBranch(end, byDigest, inChain)) };
};

const lineTo = (
  end: CopyRecord | undefined,
  byDigest: ReadonlyMap<string, CopyRecord>,
): readonly CopyRecord[] => {
  const line: CopyRecord[] = [];
  for (let at = end; at !== undefined; ) {
    line.push(at);
    const { previous } = at.record;
    at = previous === null ? undefined : byDigest.get(previous);
  }
  return line.reverse();
};

const named = (log: LogContents, winner: string, stream: string): CopyRecord => {
  const parents = new Set([...log.chain, ...log.open].map(({ record }) => record.previous));
  const isEnd = ({ record }: CopyRecord): boolean => !parents.has(digestOfRecord(record));
  const fits = ({ record }: CopyRecord): boolean => {
    const { id, digest } = lastOf(record.events);
    return winner.length >= shortestPrefix && (digest.startsWith(winner) || id.startsWith(winner));
  };
  const ends = new Map(
    [...log.chain.slice(-1), ...log.open]
      .filter((copy) => isEnd(copy) && fits(copy))
      .map((copy) => [digestOfRecord(copy.record), copy]),
  );
  const [found, ...others] = ends.values();
  if (found !== undefined && others.length === 0) return found;
  throw new StoreFault(
    "FORK_DETECTED",
    found === undefined
      ? `no branch of ${stream} ends with ${winner}`
      : `${others.length + 1} branches of ${stream} end with what begins with ${winner}`,
    {
      outcome: "not_written",
      retryable: false,
      hint: "Name a branch by the digest or id of its last event, or `local`; `mled reconcile` lists them.",
      details: { stream, winner },
    },
  );
};

const demotedBranch = (
  end: CopyRecord,
  byDigest: ReadonlyMap<string, CopyRecord>,
  chain: ReadonlySet<CopyRecord>,
): DemotedBranch => {
  const { digest, id, revision } = lastOf(end.record.events);
  let events = 0;
  let forksAfter: string | null = null;
  for (let at: CopyRecord | undefined = end; at !== undefined && !chain.has(at); ) {
    events += at.record.events.length;
    forksAfter = at.record.previous;
    at = forksAfter === null ? undefined : byDigest.get(forksAfter);
  }
  return { digest, eventId: id, revision, forksAfter, events };
};

const lastOf = (events: readonly RecordedEvent[]): RecordedEvent =>
  events[events.length - 1] as RecordedEvent;

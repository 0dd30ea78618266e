/** One stream of a replica: compared by its end, then brought what it lacks. */
import { diverged } from "./copy-ledger.ts";
import { type Commit, checkLink, headOfCommit, type StreamHead } from "./event.ts";
import type { Appended, Conflict, EventStore } from "./event-store.ts";
import { isStoreFault, StoreFault } from "./faults.ts";
import type { Limit } from "./limit.ts";
import { appendSealed, proveSealed, proveThere, readCommits } from "./sealed-commits.ts";

/** What is being done when something goes wrong. */
export type ReplicationPhase = "comparing" | "reading" | "appending" | "proving" | "remembering";

export interface StreamReplication {
  readonly stream: string;
  readonly from: EventStore;
  readonly to: EventStore;
  /** What was written to the stream just now, in its order. */
  readonly written: readonly Commit[];
  readonly limit: Limit;
  /** Only compare. */
  readonly dryRun: boolean;
  readonly onPhase: (phase: ReplicationPhase) => void;
  /** Where the target ended when it was looked at. */
  readonly onCompared: (head: StreamHead) => void;
  /** Called when a commit stands in the target, proven. */
  readonly onSent: (commit: Commit) => void;
  readonly turn: () => Promise<void> | undefined;
}

export interface StreamCompared {
  /** Where the source ended; the target does too, unless it was only looked at. */
  readonly head: StreamHead;
  /** Events that the target lacked. */
  readonly lacking: number;
}

/**
 * Ends with both sides equal, or throws. A commit is sent only behind the very event that it follows in the source, so
 * nothing that somebody else wrote to the target is ever written over or behind: then it throws `COPY_DIVERGED`.
 */
export const replicateStream = async (options: StreamReplication): Promise<StreamCompared> => {
  let [looks, furthest] = [0, -1];
  for (;;) {
    const compared = await lookAndSend(options);
    if (!("_tag" in compared)) return compared;
    looks = compared.seen > furthest ? 1 : looks + 1;
    furthest = Math.max(furthest, compared.seen);
    if (looks >= mostLooks) throw compared.otherwise;
  }
};

/** In a row that found the target no further. Where others send the same, each look finds what they have brought. */
const mostLooks = 8;

/** Somebody else sends the same, or writes there, or the look was not the newest: a new look at its end says which. */
interface LookAgain {
  readonly _tag: "LookAgain";
  /** The revision at which the target ended. */
  readonly seen: number;
  /** What it comes to if no look helps. */
  readonly otherwise: StoreFault;
}

const lookAndSend = async (options: StreamReplication): Promise<LookAgain | StreamCompared> => {
  const { stream, from, to, limit, dryRun, onPhase, onCompared, onSent, turn } = options;
  onPhase("comparing");
  const theirs = bare(await limit.within(to.head(stream)));
  const ours = bare(await limit.within(from.head(stream)));
  onCompared(theirs);
  if (theirs.revision === ours.revision && theirs.digest === ours.digest) return { head: ours, lacking: 0 };
  if (theirs.revision >= ours.revision) throw await aheadOrDiverged(options, ours, theirs);
  const lookAgain = (otherwise: StoreFault): LookAgain => ({
    _tag: "LookAgain",
    seen: theirs.revision,
    otherwise,
  });
  const lacking = ours.revision - theirs.revision;
  let end = theirs;
  onPhase("reading");
  try {
    for await (const commits of lackedBy(options, theirs, ours))
      for (const commit of commits) {
        if (end === theirs && commit.firstRevision > end.revision + 1)
          return lookAgain(
            diverged(stream, `ends at revision ${end.revision} in the target, in the middle of a command`),
          );
        end = followed(stream, end, commit, theirs);
        if (dryRun) return { head: ours, lacking };
        onPhase("appending");
        const appended = await limit.within(appendOrSee(options, commit));
        if (appended?._tag === "Conflict") return lookAgain(moved(stream, appended.actual.revision));
        onPhase("proving");
        const stands = await limit.within(
          appended === undefined ? proveThere(to, commit) : proveSealed(to, commit, appended),
        );
        if (!stands) return lookAgain(moved(stream, commit.firstRevision));
        onSent(commit);
        const waiting = turn();
        if (waiting !== undefined) await limit.within(waiting);
        onPhase("reading");
      }
  } catch (error) {
    // Only the source was asked for the event at which the target ends.
    const isElsewhere = isStoreFault(error) && error.code === "LOG_REPLACED" && end === theirs;
    throw isElsewhere ? differs(stream, theirs.revision) : error;
  }
  if (end.revision !== ours.revision || end.digest !== ours.digest) throw changedMeanwhile(stream);
  return { head: ours, lacking };
};

/** Milliseconds before somebody else's hand is looked for; doubled with every look. */
const firstLookMs = 100;

/**
 * The answer to an append, or nothing where something stands in its place meanwhile. A server drops one of two identical
 * appends that overlap, and says so seconds later: two processes that bring the same would wait for that.
 */
const appendOrSee = (
  { stream, to, limit }: StreamReplication,
  commit: Commit,
): Promise<Appended | Conflict | undefined> =>
  new Promise((resolve, reject) => {
    const { revision } = headOfCommit(commit);
    let callOff = (): void => {};
    let isOver = false;
    const end = (settle: () => void): void => {
      isOver = true;
      callOff();
      settle();
    };
    const lookAfter = (milliseconds: number): void => {
      if (isOver) return;
      const goOn = (): void => lookAfter(milliseconds * 2);
      callOff = limit.after(milliseconds, () => {
        to.head(stream).then((head) => {
          if (head.revision >= revision) end(() => resolve(undefined));
          else goOn();
        }, goOn);
      });
    };
    appendSealed(to, commit, { hasFreshId: true, signal: limit.signal }).then(
      (answer) => end(() => resolve(answer)),
      (error: unknown) => end(() => reject(error)),
    );
    lookAfter(firstLookMs);
  });

/** What leads from where the target ends to where the source does: what was written just now if that is all, else as it is read. */
const lackedBy = (
  { stream, from, written, limit }: StreamReplication,
  theirs: StreamHead,
  ours: StreamHead,
): AsyncIterable<readonly Commit[]> | Iterable<readonly Commit[]> => {
  const last = written.at(-1);
  const next = written.findIndex(
    ({ firstRevision, previous }) => firstRevision === theirs.revision + 1 && previous === theirs.digest,
  );
  if (next >= 0 && last !== undefined && headOfCommit(last).digest === ours.digest)
    return [written.slice(next)];
  return limit.each(readCommits(from, stream, { after: theirs, to: ours.revision, signal: limit.signal }));
};

/** A mark belongs to the store that gave it. */
const bare = ({ revision, digest }: StreamHead): StreamHead => ({ revision, digest });

/** Every event that is sent is what was digested, and follows the one before it; else `LOG_CORRUPT`, or `COPY_DIVERGED` for the first. */
const followed = (stream: string, end: StreamHead, commit: Commit, theirs: StreamHead): StreamHead => {
  let head = end;
  for (const event of commit.events) {
    const broken = checkLink(head, event);
    if (broken !== undefined && head === theirs && broken._tag !== "DigestDiffers")
      throw differs(stream, theirs.revision);
    if (broken !== undefined) throw notSound(stream, event.revision, broken._tag);
    head = { revision: event.revision, digest: event.digest };
  }
  return bare(headOfCommit(commit));
};

/** The target has as much or more. Whether it goes on where the source ends is what tells the two apart. */
const aheadOrDiverged = async (
  { stream, to, limit, onPhase }: StreamReplication,
  ours: StreamHead,
  theirs: StreamHead,
): Promise<StoreFault> => {
  if (theirs.revision === ours.revision) return differs(stream, ours.revision);
  onPhase("comparing");
  try {
    const next = to.read(stream, { after: ours, to: ours.revision + 1, signal: limit.signal });
    for await (const [first] of limit.each(next))
      return first?.previous === ours.digest
        ? ahead(stream, theirs.revision - ours.revision)
        : differs(stream, ours.revision);
  } catch (error) {
    if (!(isStoreFault(error) && error.code === "LOG_REPLACED")) throw error;
  }
  return differs(stream, ours.revision);
};

const differs = (stream: string, revision: number): StoreFault =>
  diverged(stream, `has another event at revision ${revision} in the target than in the source`);

const ahead = (stream: string, events: number): StoreFault =>
  new StoreFault(
    "COPY_DIVERGED",
    `${stream} was written to in the target: ${events} events there are not in the source`,
    {
      outcome: "not_written",
      retryable: false,
      hint: "Nothing was sent of it. Copy the mission back from the target to go on here, or write to it in one place only.",
      details: { stream, ahead: events },
    },
  );

const moved = (stream: string, revision: number): StoreFault =>
  new StoreFault(
    "COPY_DIVERGED",
    `${stream} was written to in the target at revision ${revision} while it was sent`,
    {
      outcome: "not_written",
      retryable: true,
      details: { stream, revision },
    },
  );

const changedMeanwhile = (stream: string): StoreFault =>
  new StoreFault("LOG_REPLACED", `${stream} was written anew in the source while it was sent`, {
    outcome: "unknown",
    retryable: true,
    hint: "Run it again: it says whether the target can be gone on with.",
    details: { stream },
  });

const notSound = (stream: string, revision: number, why: string): StoreFault =>
  new StoreFault(
    "LOG_CORRUPT",
    `${stream} holds at revision ${revision} an event that is not what was digested (${why})`,
    {
      outcome: "not_written",
      retryable: false,
      hint: "Nothing of it was sent from there on. Run `mled verify <mission>` to see what is wrong.",
      details: { stream, revision, why },
    },
  );

/**
 * The reference store: what the port means, in as few words as possible.
 * Promises: everything the port says, for as long as the process lives. Does not promise: durability.
 */
import { type Commit, type EventEnvelope, emptyHead, type RecordedEvent, type StreamHead } from "./event.ts";
import { readingInTurns } from "./event-loop-turns.ts";
import type { Appended, AppendRequest, Conflict, EventBatch, EventStore } from "./event-store.ts";
import { StoreFault } from "./faults.ts";
import { privateCopy } from "./fold.ts";
import type { CancelSignal } from "./ports.ts";
import { scanByReading } from "./scan-by-reading.ts";

const batchSize = 256;

export const openMemoryStore = (): EventStore => {
  // Stored as text, so that nobody can reach into the log through an object they were given.
  const log: string[] = [];
  const positionsOf = new Map<string, number[]>();
  const commits = new Map<string, Commit>();
  const wakeUps = new Set<() => void>();
  let closed = false;

  const ensureOpen = (): void => {
    if (closed)
      throw new StoreFault("STORE_CLOSED", "the store is closed", {
        outcome: "not_written",
        retryable: false,
      });
  };
  const eventAt = (index: number): RecordedEvent => {
    const event = JSON.parse(log[index] as string) as EventEnvelope;
    return Object.assign(event, { position: positionOf(index) });
  };
  const headOf = (stream: string): StreamHead => {
    const last = positionsOf.get(stream)?.at(-1);
    if (last === undefined) return emptyHead;
    const { revision, digest } = eventAt(last);
    return { revision, digest };
  };
  /** `null` before the start of the stream, `undefined` beyond its end. */
  const digestAt = (stream: string, revision: number): string | null | undefined => {
    if (revision < 0) return null;
    const index = positionsOf.get(stream)?.[revision];
    return index === undefined ? undefined : eventAt(index).digest;
  };
  const commandKey = (stream: string, commandId: string): string => JSON.stringify([stream, commandId]);

  const write = (commit: Commit): Appended => {
    for (const event of commit.events) {
      const positions = positionsOf.get(commit.stream) ?? [];
      positions.push(log.push(JSON.stringify(event)) - 1);
      positionsOf.set(commit.stream, positions);
    }
    commits.set(commandKey(commit.stream, commit.commandId), privateCopy(commit));
    for (const wake of wakeUps) wake();
    return appended(commit, false);
  };
  const appended = (commit: Commit, repeated: boolean): Appended => {
    const last = commit.events.at(-1) as EventEnvelope;
    return {
      _tag: "Appended",
      commit,
      repeated,
      head: { revision: last.revision, digest: last.digest },
      waitedMs: 0,
      receiptMark: null,
    };
  };

  const append = ({
    commit,
    expected,
    known = { revision: expected === "no_stream" ? -1 : expected, digest: commit.previous },
    decideAgain,
    signal,
  }: AppendRequest): Appended | Conflict => {
    ensureOpen();
    signal?.throwIfAborted();
    const { stream, commandId, commandDigest } = commit;
    const earlier = commits.get(commandKey(stream, commandId));
    if (earlier !== undefined) {
      if (earlier.commandDigest !== commandDigest) throw commandIdReused(stream, commandId);
      return appended(privateCopy(earlier), true);
    }
    const head = headOf(stream);
    if (follows(commit, expected, head)) return write(commit);
    const conflict: Conflict = { _tag: "Conflict", stream, expected, actual: head };
    if (decideAgain === undefined || digestAt(stream, known.revision) !== known.digest) return conflict;
    const missed = () => (positionsOf.get(stream) ?? []).slice(known.revision + 1).map(eventAt);
    const instead = decideAgain(missed, head);
    return instead === undefined ? conflict : write(instead);
  };

  /** Events of the log from `index` up to its present end, a batch at a time; `reached` is where the batch ends. */
  function* scan(
    index: number,
    category: string | undefined,
  ): Generator<{ batch: EventBatch; reached: number }> {
    const end = log.length;
    for (let from = index; from < end; from += batchSize) {
      const reached = Math.min(from + batchSize, end);
      const batch: RecordedEvent[] = [];
      for (let at = from; at < reached; at += 1) batch.push(eventAt(at));
      yield {
        batch: batch.filter(({ stream }) => category === undefined || isIn(stream, category)),
        reached,
      };
    }
  }

  const nextWrite = (signal: CancelSignal | undefined): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        wakeUps.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      wakeUps.add(wake);
      signal?.addEventListener("abort", wake);
    });

  const store: EventStore = {
    supports: { durable: false, multiProcess: false, decidesUnderLock: true, byteReadback: false },
    append: async (request) => append(request),
    readBack: async ({ commit }) => {
      ensureOpen();
      const positions = positionsOf.get(commit.stream) ?? [];
      const absent = commit.events.find(
        ({ revision, digest }) => digestAt(commit.stream, revision) !== digest,
      );
      if (absent !== undefined) throw readbackFailed(commit, absent.revision);
      return commit.events.map(({ revision }) => eventAt(positions[revision] as number));
    },
    confirm: async (stream, head) => {
      ensureOpen();
      if (head.revision >= 0 && digestAt(stream, head.revision) !== head.digest) throw notInLog(stream, head);
    },
    findCommand: async (stream, commandId) => {
      ensureOpen();
      const found = commits.get(commandKey(stream, commandId));
      return found === undefined ? undefined : privateCopy(found);
    },
    ...readingInTurns({
      async *read(stream, { after = emptyHead, to, signal } = {}) {
        ensureOpen();
        const positions = (positionsOf.get(stream) ?? []).slice(0, to === undefined ? undefined : to + 1);
        if (digestAt(stream, after.revision) !== after.digest) throw notInLog(stream, after);
        for (let from = after.revision + 1; from < positions.length; from += batchSize) {
          signal?.throwIfAborted();
          yield positions.slice(from, from + batchSize).map(eventAt);
        }
      },
      async *readAll({ after, category, signal } = {}) {
        ensureOpen();
        for (const { batch } of scan(indexAfter(after), category)) {
          signal?.throwIfAborted();
          ensureOpen();
          if (batch.length > 0) yield batch;
        }
      },
    }),
    scan: (stream, options, sink) => scanByReading(store, stream, options, sink),
    async *subscribe({ after, category, signal } = {}) {
      ensureOpen();
      for (let next = indexAfter(after); !closed && !signal?.aborted; ) {
        for (const { batch, reached } of scan(next, category)) {
          next = reached;
          if (batch.length > 0) yield batch;
          if (closed || signal?.aborted) return;
        }
        if (next === log.length) await nextWrite(signal);
      }
    },
    streams: async (category) => {
      ensureOpen();
      return [...positionsOf.keys()].filter((stream) => isIn(stream, category)).sort();
    },
    head: async (stream) => {
      ensureOpen();
      return headOf(stream);
    },
    close: async () => {
      closed = true;
      for (const wake of wakeUps) wake();
    },
  };
  return store;
};

/** Whether a commit may be written behind `head`: the revision that was expected, and the very event it was sealed on. */
const follows = (commit: Commit, expected: AppendRequest["expected"], head: StreamHead): boolean =>
  (expected === "no_stream" ? -1 : expected) === head.revision &&
  commit.firstRevision === head.revision + 1 &&
  commit.previous === head.digest;

const indexAfter = (position: string | undefined): number =>
  position === undefined ? 0 : Number(position) + 1;

const positionOf = (index: number): string => String(index).padStart(16, "0");

/** A category ends before the first dash: `mission-x` is the category of no stream. */
const isIn = (stream: string, category: string): boolean =>
  !category.includes("-") && stream.startsWith(`${category}-`);

const commandIdReused = (stream: string, commandId: string): StoreFault =>
  new StoreFault("COMMAND_ID_REUSED", `command id ${commandId} was used for another command in ${stream}`, {
    outcome: "not_written",
    retryable: false,
    hint: "Make a new command id for a new intention; repeat an id only with the same command.",
    details: { stream, commandId },
  });

const readbackFailed = ({ stream, commandId }: Commit, revision: number): StoreFault =>
  new StoreFault(
    "READBACK_FAILED",
    `${stream} does not hold at revision ${revision} what was appended there`,
    {
      outcome: "unknown",
      retryable: true,
      hint: "Repeat the command with the same command id; it runs at most once.",
      details: { stream, commandId, revision },
    },
  );

const notInLog = (stream: string, { revision }: StreamHead): StoreFault =>
  new StoreFault("LOG_REPLACED", `${stream} does not hold the event remembered at revision ${revision}`, {
    outcome: "not_written",
    retryable: true,
    details: { stream, revision },
  });

/** What is compared of two stores: counts, and a sum over everything that a copy has to keep. */
import { sha256Hex } from "./digest.ts";
import { checkLink, emptyHead, type StreamHead } from "./event.ts";
import { eventLoopTurns } from "./event-loop-turns.ts";
import { StoreFault } from "./faults.ts";
import type { CancelSignal } from "./ports.ts";
import {
  type Kept,
  streamOfEntry,
  type TransferEntry,
  type TransferExtent,
  type TransferSource,
} from "./transfer.ts";

/** One stream as it was read. */
export interface StreamSum {
  readonly stream: string;
  readonly head: StreamHead;
  readonly entries: number;
  readonly records: number;
  readonly events: number;
  /** Lines that count for nothing and are kept with the log. */
  readonly asides: number;
  /** SHA-256 over all entries in their order. */
  readonly sum: string;
}

interface RunningSum {
  /** Throws `LOG_CORRUPT` for an event whose digest or link is not what it ought to be. */
  take(entry: TransferEntry): void;
  readonly now: StreamSum;
}

/** What a stream that does not exist sums up to. */
export const emptySum = (stream: string): StreamSum => ({
  stream,
  head: emptyHead,
  entries: 0,
  records: 0,
  events: 0,
  asides: 0,
  sum: "",
});

/** Sums up a stream entry by entry, and computes each event's digest again: what a sum stands for was read, not believed. */
const runningSum = (stream: string, kept: Kept): RunningSum => {
  let now = emptySum(stream);
  return {
    take: (entry) => {
      if (entry._tag === "Aside") {
        if (kept === "commits") return;
        now = {
          ...now,
          entries: now.entries + 1,
          asides: now.asides + 1,
          sum: linked(now.sum, [entry.kind, sha256Hex(entry.line)]),
        };
        return;
      }
      const { commit, origin = null, number = null, verbatim } = entry;
      let head = now.head;
      for (const event of commit.events) {
        const broken = checkLink(head, event);
        if (broken !== undefined) throw brokenLink(stream, broken);
        head = { revision: event.revision, digest: event.digest };
      }
      const beyond =
        kept === "commits" ? [] : [origin, number, verbatim === undefined ? null : sha256Hex(verbatim)];
      now = {
        ...now,
        head,
        entries: now.entries + 1,
        records: now.records + 1,
        events: now.events + commit.events.length,
        sum: linked(now.sum, [
          commit.commandId,
          commit.commandDigest,
          commit.firstRevision,
          head.revision,
          head.digest,
          ...beyond,
        ]),
      };
    },
    get now() {
      return now;
    },
  };
};

/** The last digest names all events of a stream, so an entry need not repeat those of its own. */
const linked = (before: string, parts: readonly unknown[]): string =>
  sha256Hex(`${before}\n${JSON.stringify(parts)}`);

/** One sum for many streams, whatever order they were read in. */
export const totalSum = (sums: Iterable<StreamSum>): string =>
  sha256Hex(
    [...sums]
      .filter(({ entries }) => entries > 0)
      .map(({ stream, entries, sum }) => JSON.stringify([stream, entries, sum]))
      .sort()
      .join("\n"),
  );

export interface SumOptions {
  readonly kept: Kept;
  /** Also answer the sum after this many entries. @defaultValue none */
  readonly at?: number;
  readonly signal?: CancelSignal;
  /** Called with the events of each block that was read. */
  readonly onRead?: (events: number) => void;
  /** Shared by those who read many streams. @defaultValue the event loop turns while this one is read */
  readonly turn?: () => Promise<void> | undefined;
}

/** Reads a stream to the end of its extent. `begun` is the sum after `at` entries; absent if there are fewer. */
export const sumStream = async (
  source: TransferSource,
  extent: TransferExtent,
  { kept, at, signal, onRead = () => {}, turn = eventLoopTurns() }: SumOptions,
): Promise<{ readonly whole: StreamSum; readonly begun?: StreamSum }> => {
  const running = runningSum(extent.stream, kept);
  let begun = at === 0 ? running.now : undefined;
  for await (const entries of source.read(extent, signal)) {
    const before = running.now.events;
    for (const entry of entries) {
      if (streamOfEntry(entry) !== extent.stream)
        throw new TypeError(`an entry of another stream than ${extent.stream}`);
      running.take(entry);
      if (running.now.entries === at) begun = running.now;
    }
    onRead(running.now.events - before);
    const waiting = turn();
    if (waiting !== undefined) await waiting;
  }
  return { whole: running.now, ...(begun === undefined ? {} : { begun }) };
};

const brokenLink = (
  stream: string,
  { _tag, revision, eventId }: NonNullable<ReturnType<typeof checkLink>>,
): StoreFault =>
  new StoreFault(
    "LOG_CORRUPT",
    `${stream} holds at revision ${revision} an event that is not what was digested (${_tag})`,
    {
      outcome: "not_written",
      retryable: false,
      hint: "Run `mled verify <mission>` to see what is wrong, and `mled repair <mission> --from <file>` with a sound copy.",
      details: { stream, revision, eventId, why: _tag },
    },
  );

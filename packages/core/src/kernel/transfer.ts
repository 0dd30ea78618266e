/**
 * What one store hands over and another takes in: whole commits with ids, times, order and digests, and what is in no digest
 * but belongs to the log. Two stores of the same kind give the same bytes afterwards, whatever stood between them.
 */
import type { Commit, StreamHead } from "./event.ts";
import type { StoreFault } from "./faults.ts";
import type { CancelSignal } from "./ports.ts";

/** One command's events, with what its store says of them beyond their digests. */
export interface TransferCommit {
  readonly _tag: "Commit";
  readonly commit: Commit;
  /** Which copy of the ledger wrote it first; absent where the store does not know. */
  readonly origin?: string;
  /** Its place among all writes to the ledger it comes from; absent where the store has no such number. */
  readonly number?: number;
  /** Its text as stored, without the end of the line; only where it is another than the commit gives by itself. */
  readonly verbatim?: Uint8Array;
  /** Bytes that it takes where it comes from, for the size of batches. */
  readonly bytes: number;
}

/** A line of a log that counts for nothing, and belongs to it all the same: never folded, kept at its place. */
export interface TransferAside {
  readonly _tag: "Aside";
  readonly stream: string;
  /** A record of a branch that was decided against, one that lost the race for its revision, or a torn line that was sealed. */
  readonly kind: "demoted" | "sealed" | "void";
  /** As stored, without the end of the line. */
  readonly line: Uint8Array;
  readonly bytes: number;
}

export type TransferEntry = TransferAside | TransferCommit;

export const streamOfEntry = (entry: TransferEntry): string =>
  entry._tag === "Commit" ? entry.commit.stream : entry.stream;

/**
 * How much a store keeps of what it takes in: `lines` is everything, so that a log comes back byte for byte; `commits` is what
 * the port of every store can hold: no numbers, no origins, no lines that do not count.
 */
export type Kept = "commits" | "lines";

/** How far a stream reached when it was looked at. What is written later is not handed over. */
export interface TransferExtent {
  readonly stream: string;
  /** How its store finds the end again. Opaque. */
  readonly end: unknown;
}

/** Where a stream ends in a target. */
export interface TransferStanding {
  readonly head: StreamHead;
  /** Entries up to here, asides among them. */
  readonly entries: number;
}

export const nothingStands: TransferStanding = { head: { revision: -1, digest: null }, entries: 0 };

/** A store that can be copied from. Reads only; writers may be at work meanwhile. */
export interface TransferSource {
  readonly keeps: Kept;
  /** Every stream and how far it reaches now, sorted by name. */
  extents(signal?: CancelSignal): Promise<readonly TransferExtent[]>;
  /**
   * The entries of one stream in their order, up to its extent. Throws a {@link StoreFault} for a stream that nobody may
   * write to (damaged, forked, suspect), with the command that mends it as hint.
   */
  read(extent: TransferExtent, signal?: CancelSignal): AsyncIterable<readonly TransferEntry[]>;
  /** The entries of many streams in the order in which the ledger took them. */
  readTogether(
    extents: readonly TransferExtent[],
    signal?: CancelSignal,
  ): AsyncIterable<readonly TransferEntry[]>;
  close(): Promise<void>;
}

export interface TransferBatch {
  readonly entries: readonly TransferEntry[];
  /** Where each stream of the batch has to end before it. */
  readonly after: ReadonlyMap<string, TransferStanding>;
}

/** A store that can be copied to. */
export interface TransferTarget extends TransferSource {
  /** In which order it takes entries best. Within a stream they always come in their order. */
  readonly takes: "in_log_order" | "stream_by_stream";
  /**
   * Before anything is compared: makes durable what an earlier run that was cut off may have left in a cache. Throws a
   * {@link StoreFault} for a stream of these that nobody may write to.
   */
  settle(streams: readonly string[]): Promise<void>;
  /**
   * Appends a batch: durable, and read back equal, when it resolves. Throws `COPY_DIVERGED` if a stream does not end where the
   * batch says, because somebody else wrote to it. Cut off anywhere, each stream stands at some entry of the batch, and the
   * same entries may be given again from there.
   */
  take(batch: TransferBatch, signal?: CancelSignal): Promise<void>;
  /** After the last batch, and whenever a target was found complete: what is to be said once for the whole ledger. */
  finish(): Promise<void>;
}

/** The port to a store. One suite in testkit decides whether an adapter keeps it; the memory store is the reference. */
import type { Commit, EventEnvelope, RecordedEvent, StreamHead } from "./event.ts";
import type { CancelSignal } from "./ports.ts";

/**
 * What the writer believes the stream ends with. Only exact words: each event names the digest of the one it follows, so
 * a commit can be sealed only against a known head (docs/adr/0002).
 */
export type ExpectedRevision = number | "no_stream";

export interface AppendRequest {
  /** Its `previous` must be the digest of the event at the expected revision, or the append is a conflict. */
  readonly commit: Commit;
  readonly expected: ExpectedRevision;
  /**
   * The command id was made for this very append, so nobody can have used it and the store need not look for it. For ids
   * that came from outside this is never true. @defaultValue false
   */
  readonly hasFreshId?: boolean;
  /** The mark of the head that the commit follows, if known: saves a store that has not seen the stream yet a scan. */
  readonly mark?: string;
  /**
   * The last event that the caller knows to stand in the log, where the commit was sealed on others that are still on their
   * way. Should one of those not be written, the commit is decided again from here. @defaultValue the expected revision
   */
  readonly known?: StreamHead;
  /**
   * Called when the stream does not end where the commit was sealed, while the store keeps everybody else out. `head` is
   * where it ends; `missed` gives exactly what follows the `known` event, and costs nothing until it is called. Answers the
   * commit to write instead, sealed on `head`, or `undefined` to leave with the conflict. Never called if the `known` event
   * is not in the log, nor by a store that cannot keep others out. It must be synchronous and may throw; then nothing is
   * written and the error passes through.
   */
  readonly decideAgain?: (missed: () => readonly EventEnvelope[], head: StreamHead) => Commit | undefined;
  /** Aborting before the write begins leaves nothing written; afterwards it is ignored. */
  readonly signal?: CancelSignal;
}

/** The commit stands in the log and was flushed; `readBack` has still to prove it. */
export interface Appended {
  readonly _tag: "Appended";
  /** What was written now or, for a repeat, what the same command wrote the first time. */
  readonly commit: Commit;
  /** True when the command id was already in the log with an equal digest; nothing was written now. */
  readonly repeated: boolean;
  /** Head of the stream after this commit. */
  readonly head: StreamHead;
  /** Milliseconds spent waiting for other writers. */
  readonly waitedMs: number;
  /** How `readBack` finds the commit. Opaque. */
  readonly receiptMark: unknown;
}

/** Somebody else came first. Nothing was written. */
export interface Conflict {
  readonly _tag: "Conflict";
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly actual: StreamHead;
}

/** What an adapter can do beyond the minimum. It never pretends. */
export interface StoreSupport {
  /** An acknowledged append survives the death of every process. */
  readonly durable: boolean;
  /** Several processes may write at once. */
  readonly multiProcess: boolean;
  /** `decideAgain` is called while others are kept out. */
  readonly decidesUnderLock: boolean;
  /** Readback compares stored bytes, not only digests. */
  readonly byteReadback: boolean;
}

export interface ReadOptions {
  /** Start after this head; its digest is checked where the store can. @defaultValue the start of the stream */
  readonly after?: StreamHead;
  /** Last revision wanted, inclusive. @defaultValue the end of the stream at the time of the call */
  readonly to?: number;
  readonly signal?: CancelSignal;
}

/** What a fold reads of the events of one type. `type`, `version`, `stream` and `revision` always come along. */
export interface WantedFields {
  /** Members of `data`. @defaultValue all */
  readonly data?: readonly string[];
  /** Members of the envelope beside `data`. @defaultValue all */
  readonly meta?: readonly Exclude<keyof EventEnvelope, "data">[];
  /** The shape that `data` and `meta` speak of: events of other versions are handed over whole. @defaultValue every version */
  readonly version?: number;
}

export interface ScanOptions extends ReadOptions {
  /** Types whose events are handed over, and what of them. Events of other types are named and passed over. */
  readonly wanted: ReadonlyMap<string, WantedFields>;
}

/** Where a scan's events go, one at a time and in order. What is thrown here ends the scan and passes through. */
export interface ScanSink {
  /** An event of a wanted type, private to the receiver; what was not wanted of it may be missing. */
  take(event: EventEnvelope): void;
  /** An event of any other type. */
  pass(type: string, version: number): void;
}

/** What a scan went through. */
export interface Scanned {
  /** The last event that was gone through, with its mark; what the scan began after if there was none. */
  readonly head: StreamHead;
  readonly events: number;
  /** Breaks in the chain: the log lacks events there. */
  readonly gaps: number;
}

export interface ReadAllOptions {
  /** Resume after this position. @defaultValue the start of the log */
  readonly after?: string;
  /** Only streams of this category: what stands before the first `-` of the stream's name. @defaultValue all */
  readonly category?: string;
  readonly signal?: CancelSignal;
}

/** Events as they come off the disk, a block at a time; never empty. */
export type EventBatch = readonly RecordedEvent[];

/** Something beside the log did not go as it should. What the receipt says stands all the same. */
export interface Warning {
  /** A fault's code; see docs/errors.md. */
  readonly code: string;
  readonly message: string;
  /** What to do next, as a sentence for a person. */
  readonly hint?: string;
}

export interface EventStore {
  readonly supports: StoreSupport;

  /**
   * Appends a commit if the stream ends as expected.
   *
   * If the command id is already in the stream: an equal digest answers the first commit, flushed, as `repeated`; another
   * digest throws `COMMAND_ID_REUSED`. Throws {@link StoreFault} only; its `outcome` says whether anything was written.
   */
  append(request: AppendRequest): Promise<Appended | Conflict>;

  /**
   * Reads a commit again by a path that shares no memory with the writer, and compares it with what was written. Throws
   * `READBACK_FAILED` or `LOG_REPLACED` (outcome unknown) if it is not there as written; answers a conflict if another
   * commit had claimed the revision first, which makes ours void.
   */
  readBack(appended: Appended): Promise<readonly RecordedEvent[] | Conflict>;

  /**
   * Makes everything up to `head` durable and reads the event there again by an independent path. For answers that write
   * nothing but build on what others wrote, perhaps without having flushed it. Throws `LOG_REPLACED` if it is not there.
   */
  confirm(stream: string, head: StreamHead): Promise<void>;

  /** The commit a command wrote, if it wrote one. Says nothing about a writer that is still under way. */
  findCommand(stream: string, commandId: string): Promise<Commit | undefined>;

  /** Events of one stream in order. A stream that does not exist is empty. Throws `LOG_REPLACED` if `after` is not in it. */
  read(stream: string, options?: ReadOptions): AsyncIterable<EventBatch>;

  /**
   * The commits of a stream in order: those that begin behind `after` and end no later than `to`, as `findCommand` gives each.
   * For who needs all of them, where looking them up one by one takes longer; or not offered.
   */
  commits?(stream: string, options?: ReadOptions): AsyncIterable<readonly Commit[]>;

  /**
   * As `read`, for folds that need little of many events: checks each record as `read` does, but takes out only what is
   * wanted. Equal to `read` in what counts, in its order and in its faults, and faster; or not offered.
   */
  scan?(stream: string, options: ScanOptions, sink: ScanSink): Promise<Scanned>;

  /** Events of all streams in log order, up to the end of the log at the time of the call. */
  readAll(options?: ReadAllOptions): AsyncIterable<EventBatch>;

  /** As `readAll`, then live: each event at least once, in log order, until the loop is left, the signal aborts or the store closes. */
  subscribe(options?: ReadAllOptions): AsyncIterable<EventBatch>;

  /**
   * A position that no event written so far stands behind, found without reading the log: what comes after it is new. Offered
   * where reading the log to its end takes long.
   */
  end?(): Promise<string | undefined>;

  /** Names of the streams of a category, sorted. */
  streams(category: string): Promise<readonly string[]>;

  /** The end of a stream; {@link emptyHead} if it does not exist. */
  head(stream: string): Promise<StreamHead>;

  /** Ends subscriptions and frees descriptors. Every later call throws `STORE_CLOSED`. */
  close(): Promise<void>;

  /**
   * Called before a command on a stream is decided. A store that keeps copies which others change, as git does, takes in here
   * what arrived. Throws {@link StoreFault}; nothing of the command was written then.
   */
  prepare?(stream: string): Promise<void>;

  /** Called when a command's receipt is certain: brings such copies up to date. Answers what went wrong; never throws. */
  publish?(stream: string): Promise<readonly Warning[]>;
}

/**
 * The one place every call passes on its way to the log and back. Where nobody stands in it, it lets everything through; what
 * wants to refuse, delay, lie or cut stands here and nowhere else.
 */
import type { Metadata } from "@grpc/grpc-js";
import type { FaultCut, FaultPoint } from "../faults.ts";
import type { AppendRequest, WriteOutcome } from "../log/writer.ts";
import type { CommitOptions } from "../quorum.ts";

/** A call as it arrived, and the means to break it. */
export interface WireCall {
  /** Such as `Streams/Append`. */
  readonly name: string;
  /** Absent on deletes and tombstones. */
  readonly point: FaultPoint | undefined;
  /** Absent where the call names none: `$all`, features, gossip. */
  readonly stream: string | undefined;
  readonly metadata: Metadata;
  /** Aborted when the caller or the connection went away. */
  readonly signal: AbortSignal;
  /** Ends this call without an answer, or the connection it came by with every other call on it. */
  cut(how: FaultCut): void;
}

/** How a read is to be answered. */
export interface ReadTerms {
  /** As many of the last visible records stay unseen. @defaultValue 0 */
  readonly unseen?: number;
  /** Is over after so many events. @defaultValue all */
  readonly atMost?: number;
  /** What happens then; the call ends with what it rejects with. @defaultValue a clean end */
  readonly whenOver?: () => Promise<never>;
  /** Waits for the end of a standstill before an event goes out. @defaultValue there is none */
  readonly standstill?: () => Promise<void> | undefined;
  /** Milliseconds before each event. @defaultValue 0 */
  readonly msBetween?: number;
}

/** What a unary answer or the answer of an append goes through last. Twice where it answers 2. */
export interface AppendAnswer {
  readonly outcome: WriteOutcome;
  /** On the batch path also once more under an id nobody knows. @defaultValue 1 */
  readonly copies?: number;
}

/** Each throws a `Refusal` to refuse; a promise that never settles is silence. */
export interface Gate {
  /** Before anything else is looked at. */
  enter(call: WireCall): Promise<void>;
  /** `commit` writes and waits until it may be acknowledged; it need not be called, nor with the request as it came. */
  append(
    call: WireCall,
    request: AppendRequest,
    commit: (request: AppendRequest, options?: CommitOptions) => Promise<WriteOutcome>,
  ): Promise<AppendAnswer>;
  read(call: WireCall): Promise<ReadTerms>;
}

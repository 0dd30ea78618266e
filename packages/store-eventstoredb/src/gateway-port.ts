/**
 * The narrow door to a server: everything the store asks of one, and nothing else. One client stands behind it today; another
 * can without the store noticing. Every call ends: with an answer, or with a {@link GatewayFailure} by its own deadline.
 */
import type { CancelSignal, JsonObject } from "@mission-ledger/core";

/** Where an event lies in the server's whole log. Two unsigned 64-bit numbers; only their order means something. */
export interface LogPosition {
  readonly commit: bigint;
  readonly prepare: bigint;
}

/** An event on its way to the server: plain JSON that was serialised once already, so that nothing can fail on the way. */
export interface GatewayEvent {
  /** A UUID in lower case. Chosen once for an event and kept through every retry. */
  readonly id: string;
  readonly type: string;
  readonly data: JsonObject;
  readonly metadata: JsonObject;
}

/** An event as the server gives it back. */
export interface StoredEvent extends Omit<GatewayEvent, "data" | "metadata"> {
  readonly stream: string;
  readonly revision: bigint;
  /** As parsed; of another shape than ours where somebody else wrote the event. */
  readonly data: unknown;
  readonly metadata: unknown;
  readonly isJson: boolean;
  /** Absent on servers before 22.6 that were asked for one stream. */
  readonly position?: LogPosition;
}

export interface GatewayAppend {
  readonly stream: string;
  /** Never "any": only an exact expectation makes a retry safe. */
  readonly expected: bigint | "no_stream";
  readonly events: readonly GatewayEvent[];
}

export type GatewayAppended =
  | { readonly _tag: "Acknowledged"; readonly revision: bigint; readonly position?: LogPosition }
  | { readonly _tag: "WrongRevision"; readonly actual: bigint | "no_stream" };

export interface RangeRequest {
  readonly stream: string;
  readonly from: bigint | "start" | "end";
  readonly direction: "forwards" | "backwards";
  /** At least 1. */
  readonly maxCount: number;
  readonly signal?: CancelSignal;
}

/** `missing` is a stream that does not exist or was soft-deleted; a tombstoned one is a failure. */
export type RangeRead =
  | { readonly _tag: "Events"; readonly events: readonly StoredEvent[] }
  | { readonly _tag: "Missing" };

export interface AllRequest {
  /** The first record wanted, inclusive: the server's reads are. */
  readonly from: LogPosition | "start" | "end";
  readonly direction: "forwards" | "backwards";
  readonly maxCount: number;
  readonly signal?: CancelSignal;
}

export interface SubscribeRequest {
  /** Exclusive: the server's subscriptions are. */
  readonly after: LogPosition | "start";
  /** Only streams whose names begin so. @defaultValue all but the system's */
  readonly prefixes?: readonly string[];
  /**
   * After once to twice so long without a word it ends, in milliseconds: a server may forget a subscription when another node comes
   * to lead, and nothing tells that from silence. @defaultValue 60000
   */
  readonly idleMs?: number;
  readonly signal?: CancelSignal;
}

/** What a live subscription says. It ends by itself when the connection does; whoever listens begins again from its last position. */
export type SubscriptionNews =
  | { readonly _tag: "Event"; readonly event: StoredEvent }
  | { readonly _tag: "Checkpoint"; readonly position: LogPosition }
  | { readonly _tag: "CaughtUp" };

export interface Gateway {
  /** Always by the path that has a deadline of its own. Throws {@link GatewayFailure}; its `isDefinite` says whether nothing was written. */
  append(request: GatewayAppend): Promise<GatewayAppended>;
  /** From the leader only. */
  readRange(request: RangeRequest): Promise<RangeRead>;
  /** From the leader only; needs a right that an ordinary account does not have by itself. */
  readAll(request: AllRequest): Promise<readonly StoredEvent[]>;
  subscribe(request: SubscribeRequest): AsyncIterable<SubscriptionNews>;
  /** Ends what is open. Nothing of the gateway keeps the process alive afterwards. */
  close(): Promise<void>;
}

export type GatewayFailureKind =
  /** No such account, or a wrong password. */
  | "not_authenticated"
  /** The account lacks a right. */
  | "access_denied"
  /** Our own deadline passed without an answer. */
  | "deadline"
  /** The server's deadline passed: replication, a quorum that is not there, or an identical append that overlaps. */
  | "server_timeout"
  /** Nobody listens, the connection broke, TLS does not fit, or the server is not ready. */
  | "unavailable"
  /** Another node leads; the next call goes there. */
  | "not_leader"
  /** Tombstoned: the name can never be used again. */
  | "stream_deleted"
  | "too_large"
  /** The server refuses the request as such. */
  | "refused"
  | "closed"
  /** Anything nobody has named yet. */
  | "unknown";

export interface GatewayFailureOptions {
  readonly isDefinite: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The one error a gateway throws. Its message never holds a password, a payload or a connection string. */
export class GatewayFailure extends Error {
  override readonly name = "GatewayFailure";
  readonly kind: GatewayFailureKind;
  /** Nothing was written, now or later. Always false for what may still be on its way. */
  readonly isDefinite: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    kind: GatewayFailureKind,
    message: string,
    { isDefinite, details = {}, cause }: GatewayFailureOptions,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.isDefinite = isDefinite;
    this.details = details;
  }
}

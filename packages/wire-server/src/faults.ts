/** What can go wrong on the wire, on demand: the list of section 10 of the facts about EventStoreDB, one name each. */

/** Where a fault strikes. */
export type FaultPoint = "append" | "batchAppend" | "read" | "subscribe" | "features" | "gossip";

/**
 * How a call, or the connection under it, comes to its end: `rst` resets the connection; `half_close` ends it cleanly (the
 * server's FIN); `reset_stream` resets this call only; `end` ends this call with status OK and without an answer.
 */
export type FaultCut = "rst" | "half_close" | "reset_stream" | "end";

export type Fault =
  /** Committed; the reply never leaves, the call stays open. */
  | { readonly kind: "lose_reply" }
  /** Committed, then cut without an answer. */
  | { readonly kind: "commit_then_cut"; readonly how: FaultCut }
  /** Nothing is written or read; cut at once. */
  | { readonly kind: "cut"; readonly how: FaultCut }
  /** Nothing is written and nothing is said. */
  | { readonly kind: "silence" }
  /** Nothing happens for so long; then the write is carried out, whether or not anybody still waits for it. */
  | { readonly kind: "arrive_late"; readonly ms: number }
  /** The reply, or the first message of it, waits so long. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Answers time out (code 10 after `timeoutMs`) and the write appears `ms` later. */
  | { readonly kind: "commit_later"; readonly ms: number; readonly timeoutMs?: number }
  | { readonly kind: "not_leader"; readonly endpoint?: { readonly host: string; readonly port: number } }
  | { readonly kind: "not_ready" }
  | { readonly kind: "access_denied" }
  /** An acknowledgement that is not true. */
  | { readonly kind: "lie"; readonly about: "revision" | "nothing_stored" | "other_content" }
  /** The reply comes twice; on the batch path also under an unknown correlation id. */
  | { readonly kind: "reply_twice" }
  /** A read that has not seen the last `events` events, as of a follower or a stale leader. */
  | { readonly kind: "stale"; readonly events: number }
  /**
   * A read or a subscription that is over after `events` events although more were asked for: it ends cleanly, is cut, or goes on
   * without ever saying anything again.
   */
  | {
      readonly kind: "truncate";
      readonly events: number;
      /** @defaultValue "end" */
      readonly how?: FaultCut | "silence";
    }
  /** So long between two events of a read. */
  | { readonly kind: "slow"; readonly ms: number };

/** Strikes the next calls that fit, `times` of them. */
export interface FaultOrder {
  readonly at: FaultPoint;
  readonly fault: Fault;
  /** @defaultValue 1 */
  readonly times?: number;
  /** Calls that fit and are let through before. @defaultValue 0 */
  readonly after?: number;
  /** Only calls on streams whose name this answers true for. @defaultValue every stream */
  readonly stream?: (name: string) => boolean;
}

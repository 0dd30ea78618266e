/**
 * The event that decides between two branches of one stream. Two copies of a ledger may each have appended behind the same
 * event; from then on only a decision can say which branch is the stream, and the decision is an event like any other, so
 * that every copy which gets to see it comes to the same answer.
 */
import type { EncodedEvent, EventEnvelope } from "./event.ts";
import type { JsonObject } from "./json.ts";

/** A branch that was decided against, named by its last event: the chain of digests names everything behind that. */
export interface DemotedBranch {
  /** Of the branch's last event. */
  readonly digest: string;
  readonly eventId: string;
  readonly revision: number;
  /** Digest of the event behind which the branch began; `null` at the start of the stream. */
  readonly forksAfter: string | null;
  /** How many events it holds beyond the fork. */
  readonly events: number;
}

export interface StreamReconciled {
  readonly type: "StreamReconciled";
  /** Digest of the last event of the branch that goes on; the event that says so follows it. */
  readonly winner: string;
  readonly losers: readonly DemotedBranch[];
  readonly reason?: string;
}

/** Reserved in every category: no decider may use the name for another event. */
export const reconciledType = "StreamReconciled";
const shapeVersion = 1;

export const encodeReconciliation = ({ type, ...data }: StreamReconciled): EncodedEvent => ({
  type,
  version: shapeVersion,
  data: data as unknown as JsonObject,
});

/** What an event decides; `undefined` if it is no reconciliation, or one that this version cannot read. */
export const reconciliationOf = ({ type, version, data }: EventEnvelope): StreamReconciled | undefined => {
  if (type !== reconciledType || version !== shapeVersion) return undefined;
  const { winner, losers, reason } = data as Partial<Record<string, unknown>>;
  if (typeof winner !== "string" || !Array.isArray(losers) || !losers.every(isDemotedBranch))
    return undefined;
  return {
    type: reconciledType,
    winner,
    losers,
    ...(typeof reason === "string" ? { reason } : {}),
  };
};

const isDemotedBranch = (value: unknown): value is DemotedBranch => {
  if (value === null || typeof value !== "object") return false;
  const { digest, eventId, revision, forksAfter, events } = value as Partial<Record<string, unknown>>;
  return (
    typeof digest === "string" &&
    typeof eventId === "string" &&
    Number.isSafeInteger(revision) &&
    (forksAfter === null || typeof forksAfter === "string") &&
    Number.isSafeInteger(events)
  );
};

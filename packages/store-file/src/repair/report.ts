/** What a repair found, what it did, and what it left for a person to decide. */
import type { StreamHead } from "@mission-ledger/core";
import type { Finding } from "../log/fold.ts";

/** How a record came back. */
export type Restoration =
  /** One bit was flipped; checksum, digests and links prove that it was this one. */
  | "single_bit"
  /** The end of its line was damaged; the record itself is whole. */
  | "line_feed"
  /** A carriage return or a byte order mark was added to a record that is whole. */
  | "line_end"
  /** Taken from another copy of the log. */
  | "copy";

export interface RestoredRecord {
  readonly how: Restoration;
  /** Where it stood in the old file; for a record from a copy, where it was missing. */
  readonly offset: number;
  readonly commandId: string;
  readonly firstRevision: number;
  readonly events: number;
}

/** Bytes of the old file that the new one does not hold. They stand in the quarantined copy at the same offset. */
export interface SetAside {
  readonly offset: number;
  readonly length: number;
  readonly why: string;
  /** They look as if they had been a record of ours once. */
  readonly looksLikeRecord: boolean;
}

/** A record behind the first hole, which the new log does not hold any more. */
export interface LostRecord {
  readonly offset: number;
  readonly length: number;
  readonly commandId: string;
  readonly actor: string;
  readonly recordedAt: string;
  readonly firstRevision: number;
  readonly types: readonly string[];
}

/** A hole in the chain of events. */
export interface MissingEvents {
  /** The last event before it; -1 at the start of the stream. */
  readonly afterRevision: number;
  /** The first event behind it; `null` at the end of the log, where nobody can say how many there were. */
  readonly beforeRevision: number | null;
  /** Offset in the old file of what stands behind it. */
  readonly offset: number;
}

export interface RepairReport {
  readonly stream: string;
  readonly path: string;
  /**
   * `sound`: nothing to do, no byte changed. `repaired`: the log is another file now. `would_repair`: as it would be, had it not been
   * a dry run. `refused`: nothing was changed, see {@link refusal}.
   */
  readonly outcome: "sound" | "repaired" | "would_repair" | "refused";
  readonly refusal?: RepairRefusal;
  /** A flush had failed, or an earlier rewrite had not come to its end. */
  readonly suspect: boolean;
  readonly found: readonly Finding[];
  readonly restored: readonly RestoredRecord[];
  readonly setAside: readonly SetAside[];
  /** Holes that nothing fills. Not empty: refused, or cut because the loss was accepted. */
  readonly missing: readonly MissingEvents[];
  /** What was cut off behind the first hole, or would be. */
  readonly lost: readonly LostRecord[];
  /** The old file, whole; `undefined` if nothing was changed or there was no file. */
  readonly quarantined: string | undefined;
  readonly before: RepairedState;
  readonly after: RepairedState;
  /** Whether writers may go on now. */
  readonly writable: boolean;
}

export interface RepairedState {
  readonly bytes: number;
  readonly records: number;
  readonly head: StreamHead;
}

export type RepairRefusal =
  /** Events are missing, and nobody accepted the loss. */
  | { readonly _tag: "EventsMissing" }
  /** A line of a format that only a newer version knows. */
  | { readonly _tag: "NewerFormat"; readonly offset: number }
  /** There is no log, and no copy to make it from. */
  | { readonly _tag: "NoLog" };

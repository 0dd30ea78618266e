/** What became of one stream, as data that may cross threads. */
import type { Json, SnapshotKey } from "@mission-ledger/core";

/** A view of no stream in particular. */
export type ViewName = Pick<SnapshotKey, "name" | "version">;

/** A view that was written down and is not what its events make. */
export interface ViewDifference {
  readonly stream: string;
  readonly view: ViewName;
  /** Keys that lead to the first place where both differ, outermost first. Empty for the whole. */
  readonly path: readonly string[];
  /**
   * `missing`: the live view lacks it. `too_much`: nothing stands there in truth. `unknown_events`: the views are the same, but
   * not the number of events that they say they did not know. `damaged`: what is stored cannot be believed, so nobody starts
   * from it and it was compared with nothing.
   */
  readonly kind: "changed" | "damaged" | "missing" | "too_much" | "unknown_events";
  /** `null` where nothing stands. */
  readonly live: Json;
  /** `null` where nothing stands. */
  readonly rebuilt: Json;
  /** The last event that the live view had taken in; both sides are taken there. -1 for one that is damaged. */
  readonly revision: number;
  /** The event that made the true value; `null` if none ever touched it. */
  readonly madeBy: MakingEvent | null;
  /** Further places of the same view that differ. */
  readonly more: number;
}

/** A view whose last event is not in the log: nobody starts from it, and either it or the log is not what it was. */
export interface StrayView {
  readonly stream: string;
  readonly view: ViewName;
  /** The event that it says it has seen last. */
  readonly revision: number;
}

/** An event, to be looked up in the log. */
export interface MakingEvent {
  readonly id: string;
  readonly type: string;
  readonly revision: number;
}

/** Why nothing was made of a stream. */
export interface StreamProblem {
  readonly stream: string;
  /** A fault's code; see docs/errors.md. */
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface StreamOutcome {
  readonly stream: string;
  /** The last event folded; -1 for a stream without any. */
  readonly revision: number;
  /** Events folded. */
  readonly events: number;
  /** The most that any view of it did not know. */
  readonly unknownEvents: number;
  /** Live views that were found and compared. */
  readonly compared: number;
  /** Live views whose last event is not in the log. */
  readonly strays: readonly StrayView[];
  readonly differences: readonly ViewDifference[];
  /** Where there is one, no view was made of the stream. */
  readonly problem: StreamProblem | null;
}

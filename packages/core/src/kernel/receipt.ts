/** What a caller holds in hand when a command is done: proof, not hope. */
import type { Codec } from "./codec.ts";
import type { DomainEvent, DomainRefusal } from "./decider.ts";
import type { RecordedEvent, StreamHead } from "./event.ts";
import type { Appended, Conflict, Warning } from "./event-store.ts";
import type { StoreFault } from "./faults.ts";

/**
 * The command's events are durable in the log, were read back through an independent path, found equal, and the folded
 * state shows what the command asked for. A command that found its wish already true has no events and says so.
 */
export interface Receipt<State = unknown, Event extends DomainEvent = DomainEvent> {
  readonly stream: string;
  readonly commandId: string;
  /** Revision of the last event; -1 when the stream is empty and nothing was written. */
  readonly revision: number;
  /** Ids of the events the command wrote, in order; empty when there was nothing to do. */
  readonly eventIds: readonly string[];
  readonly events: readonly Event[];
  /** Position of the last event in the whole log; `null` when nothing was written. */
  readonly position: string | null;
  /** Digest of the last event of the stream. */
  readonly digest: string | null;
  readonly readback: "verified" | "nothing_written";
  /** True when the command id was already in the log: this is the first receipt again. */
  readonly repeated: boolean;
  /** State of the stream after the command. */
  readonly state: State;
  /** Milliseconds spent waiting for other writers. */
  readonly waitedMs: number;
  /** How often the command was decided: 1, plus one for each time others came first. */
  readonly attempts: number;
  /** What went wrong beside the log, such as a copy in a git work tree that could not be brought up to date. */
  readonly warnings: readonly Warning[];
}

/** Everything that can stand in a receipt's place. */
export type NotDone<Refusal extends DomainRefusal> = Refusal | Conflict | StoreFault;

/** The receipt for a commit whose events were read back and proven equal. */
export const receiptOf = <State, Event extends DomainEvent>(
  { commit, repeated, waitedMs }: Appended,
  proven: readonly RecordedEvent[],
  codec: Codec<Event>,
  state: State,
  attempts: number,
  warnings: readonly Warning[],
): Receipt<State, Event> => {
  const last = proven.at(-1) as RecordedEvent;
  return {
    stream: commit.stream,
    commandId: commit.commandId,
    revision: last.revision,
    eventIds: proven.map(({ id }) => id),
    events: proven.flatMap((event) => {
      const decoded = codec.decode(event);
      return decoded._tag === "Known" ? [decoded.event] : [];
    }),
    position: last.position,
    digest: last.digest,
    readback: "verified",
    repeated,
    state,
    waitedMs,
    attempts,
    warnings,
  };
};

/** The receipt for a command whose wish was true already. */
export const receiptOfNothing = <State, Event extends DomainEvent>(
  stream: string,
  commandId: string,
  { revision, digest }: StreamHead,
  state: State,
  attempts: number,
  warnings: readonly Warning[],
): Receipt<State, Event> => ({
  stream,
  commandId,
  revision,
  eventIds: [],
  events: [],
  position: null,
  digest,
  readback: "nothing_written",
  repeated: false,
  state,
  waitedMs: 0,
  attempts,
  warnings,
});

/** What runs commands: its options, and its two doors. */
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { Codec } from "./codec.ts";
import type { Decider, DomainCommand, DomainEvent, DomainRefusal } from "./decider.ts";
import type { EventStore, ExpectedRevision, Warning } from "./event-store.ts";
import type { Folded } from "./fold.ts";
import type { CancelSignal, Randomness, Timers } from "./ports.ts";
import type { NotDone, Receipt } from "./receipt.ts";
import type { SnapshotStore } from "./snapshots.ts";

export interface HandlerOptions<
  Command extends DomainCommand,
  State,
  Event extends DomainEvent,
  Refusal extends DomainRefusal,
> {
  readonly store: EventStore;
  readonly decider: Decider<Command, State, Event, Refusal>;
  readonly codec: Codec<Event>;
  /** @defaultValue none: a cold process reads the whole stream */
  readonly snapshots?: SnapshotStore;
  /** Events between two snapshots. @defaultValue 512: one write in some hundred commands, and 2 ms of reading for a cold process */
  readonly snapshotEvery?: number;
  /** Streams whose state is kept in memory between commands. @defaultValue 256 */
  readonly keptStreams?: number;
  /**
   * How often a command is decided before a conflict is handed to the caller.
   * @defaultValue 16 where the store keeps everybody out meanwhile; else as often as `racesMs` leaves time for
   */
  readonly maxAttempts?: number;
  /**
   * Where the store keeps nobody out: how long a command is decided again after it first came too late, in milliseconds.
   * @defaultValue 30000
   */
  readonly racesMs?: number;
  readonly randomness?: Randomness;
  readonly timers?: Timers;
  /**
   * Called where a snapshot, or what this process has seen of a stream, is not in its log any more (`LOG_REPLACED`), by reading
   * too. The next receipt of the stream says it as well. Must not throw. @defaultValue only receipts tell it
   */
  readonly onWarning?: (warning: Warning) => void;
}

export interface CommandOptions {
  readonly actor: string;
  /**
   * One id for one intention, made before the first try and repeated with every retry.
   * @defaultValue a fresh UUID: the command cannot be retried after an unknown outcome
   */
  readonly commandId?: string;
  readonly correlationId?: string;
  readonly causationId?: string;
  /** Leave with a conflict unless the stream ends here. @defaultValue decide again on whatever the stream has become */
  readonly expectedRevision?: ExpectedRevision;
  /** Aborting before the append means nothing was written; afterwards the receipt is still given. */
  readonly signal?: CancelSignal;
}

export interface CommandHandler<
  Command extends DomainCommand,
  State,
  Event extends DomainEvent,
  Refusal extends DomainRefusal,
> {
  /** Nothing happens until the task is run. Answers a receipt or the reason why there is none; never throws, except for defects and aborts. */
  attempt(
    stream: string,
    command: Command,
    options: CommandOptions,
  ): TaskEither<NotDone<Refusal>, Receipt<State, Event>>;
  /** State of a stream as the log has it now. */
  load(stream: string, signal?: CancelSignal): Promise<Folded<State>>;
}

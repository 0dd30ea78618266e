/** The shape of an aggregate: two pure functions, and the words to answer with. */
import * as E from "fp-ts/lib/Either.js";

/** Every domain event: what is stored under `type`, and its data beside it. */
export interface DomainEvent {
  readonly type: string;
}

/** Every command. `at` is when it was asked (RFC 3339): context, not content, so a retry may carry another. */
export interface DomainCommand {
  readonly type: string;
  readonly at: string;
}

/** Every refusal of a domain: plain JSON, told apart by `_tag`. */
export interface DomainRefusal {
  readonly _tag: string;
}

/**
 * One aggregate. Both functions are pure: time, ids, git facts and the actor come in with the command.
 *
 * `decide` answers the events that make the command true, none if it is true already, or a refusal. `evolve` takes one
 * event into the state; it never throws and checks nothing, since what is stored has happened.
 */
export interface Decider<Command, State, Event, Refusal> {
  /** Stands before the first `-` in the names of the aggregate's streams. */
  readonly category: string;
  /** Version of the state's meaning; raised when `evolve` changes, so that old snapshots are forgotten. */
  readonly version: number;
  readonly initial: State;
  decide(command: Command, state: State): E.Either<Refusal, readonly Event[]>;
  /** For one event on shared state: answers a new state and leaves the old one as it was. */
  evolve(state: State, event: Event): State;
  /**
   * For several events on shared state: copies but once what they change. Must answer what repeated `evolve` would; a law in
   * testkit checks it. @defaultValue repeated `evolve`
   */
  evolution?(state: State): Evolution<State, Event>;
  /**
   * For many events on state that nobody else holds: may change it in place. Must answer what repeated `evolve` would;
   * a law in testkit checks it. @defaultValue repeated `evolve`
   */
  evolveInPlace?(state: State, event: Event): State;
  /** Whether the state shows what the command asked for; checked before a receipt is given. @defaultValue not checked */
  shows?(command: Command, state: State): boolean;
}

/** A state on its way through several events. */
export interface Evolution<State, Event> {
  take(event: Event): void;
  /** The state with all that was taken. Nothing is taken afterwards. */
  end(): State;
}

/** The command is right, and these events make it true; none when it is true already. */
export const accept = <Event>(...events: readonly Event[]): E.Either<never, readonly Event[]> =>
  E.right(events);

/** The domain says no; nothing is written. */
export const refuse = <const Refusal extends DomainRefusal>(refusal: Refusal): E.Either<Refusal, never> =>
  E.left(refusal);

/** The state after many events. `state` is not changed. */
export const fold = <State, Event>(
  { evolve }: Pick<Decider<never, State, Event, unknown>, "evolve">,
  state: State,
  events: Iterable<Event>,
): State => {
  let folded = state;
  for (const event of events) folded = evolve(folded, event);
  return folded;
};

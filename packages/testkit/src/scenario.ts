/** Given, when, then for deciders: the past as events, one command, and what it comes to. Pure; needs no store. */
import { type Decider, type DomainEvent, type DomainRefusal, fold } from "@mission-ledger/core";
import { differences } from "./difference.ts";

/** What a `then` throws when it does not hold; runners print `actual` and `expected` as a diff. */
export class ScenarioFailure extends Error {
  override readonly name = "ScenarioFailure";
  readonly actual: unknown;
  readonly expected: unknown;

  constructor(message: string, actual: unknown, expected: unknown) {
    super(message);
    this.actual = actual;
    this.expected = expected;
  }
}

export interface Given<Command, State, Event, Refusal> {
  when(command: Command): When<Command, State, Event, Refusal>;
  /** The state that the events make. */
  thenState(expected: Partial<State> | ((state: State) => boolean)): Given<Command, State, Event, Refusal>;
}

export interface When<Command, State, Event, Refusal> {
  /** Exactly these events, in this order. */
  thenEvents(...events: readonly Event[]): When<Command, State, Event, Refusal>;
  /** A refusal with this tag, or with at least these members. */
  thenRefused(expected: TagOf<Refusal> | Partial<Refusal>): When<Command, State, Event, Refusal>;
  /** Accepted, but there was nothing left to do. */
  thenNothing(): When<Command, State, Event, Refusal>;
  /** The state after the command: holds for a function, contains for an object. */
  thenState(expected: Partial<State> | ((state: State) => boolean)): When<Command, State, Event, Refusal>;
  /** Goes on with what the command made of the state. */
  when(command: Command): When<Command, State, Event, Refusal>;
}

type TagOf<Refusal> = Refusal extends { readonly _tag: infer Tag } ? Tag : never;

export interface Scenario<Command, State, Event, Refusal> {
  given(...events: readonly Event[]): Given<Command, State, Event, Refusal>;
}

/** `const { given } = scenario(mission)`: the words for one decider's tests. */
export const scenario = <Command, State, Event extends DomainEvent, Refusal extends DomainRefusal>(
  decider: Decider<Command, State, Event, Refusal>,
): Scenario<Command, State, Event, Refusal> => {
  const whenOn = (before: State, command: Command): When<Command, State, Event, Refusal> => {
    const decided = decider.decide(command, before);
    const events = decided._tag === "Right" ? decided.right : [];
    const after = fold(decider, before, events);
    const asked = `when ${shown(command)}`;
    const outcome = decided._tag === "Right" ? { events: decided.right } : { refusal: decided.left };
    const self: When<Command, State, Event, Refusal> = {
      thenEvents: (...expected) => {
        mustEqual(outcome, { events: expected }, `${asked}, then events`);
        return self;
      },
      thenRefused: (expected) => {
        const wanted = typeof expected === "string" ? { _tag: expected } : (expected as object);
        const actual = decided._tag === "Left" ? { refusal: membersOf(decided.left, wanted) } : outcome;
        mustEqual(actual, { refusal: wanted }, `${asked}, then refused`);
        return self;
      },
      thenNothing: () => {
        mustEqual(outcome, { events: [] }, `${asked}, then nothing`);
        return self;
      },
      thenState: (expected) => {
        stateMustBe(after, expected, `${asked}, then state`);
        return self;
      },
      when: (next) => whenOn(after, next),
    };
    return self;
  };
  return {
    given: (...events) => {
      const state = fold(decider, decider.initial, events);
      const self: Given<Command, State, Event, Refusal> = {
        when: (command) => whenOn(state, command),
        thenState: (expected) => {
          stateMustBe(state, expected, "given these events, then state");
          return self;
        },
      };
      return self;
    },
  };
};

const stateMustBe = <State>(
  state: State,
  expected: Partial<State> | ((state: State) => boolean),
  what: string,
): void => {
  if (typeof expected !== "function") {
    mustEqual(membersOf(state, expected), expected, what);
    return;
  }
  if ((expected as (state: State) => boolean)(state)) return;
  throw new ScenarioFailure(
    `${what}: ${String(expected)} does not hold for ${shown(state)}`,
    state,
    String(expected),
  );
};

const mustEqual = (actual: unknown, expected: unknown, what: string): void => {
  const found = differences(actual, expected);
  if (found.length > 0) throw new ScenarioFailure(`${what}\n  ${found.join("\n  ")}`, actual, expected);
};

/** Only those members of `value` that `wanted` speaks about. */
const membersOf = (value: unknown, wanted: object): unknown =>
  typeof value !== "object" || value === null
    ? value
    : Object.fromEntries(Object.entries(value).filter(([key]) => Object.hasOwn(wanted, key)));

const shown = (value: unknown): string => JSON.stringify(value) ?? String(value);

import { accept, type Decider } from "@mission-ledger/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Counter,
  type CounterCommand,
  type CounterEvent,
  type CounterRefusal,
  counter,
  counterCodec,
} from "../counter.ts";
import { deciderLaws } from "./decider-laws.ts";

type CounterDecider = Decider<CounterCommand, Counter, CounterEvent, CounterRefusal>;

const at = "2026-01-01T00:00:00.000Z";
const commands: fc.Arbitrary<readonly CounterCommand[]> = fc.array(
  fc.oneof(
    fc.record({
      type: fc.constant("Add" as const),
      at: fc.constant(at),
      amount: fc.integer({ min: 0, max: 60 }),
    }),
    fc.record({
      type: fc.constant("Reach" as const),
      at: fc.constant(at),
      total: fc.integer({ min: 0, max: 300 }),
    }),
    fc.constant({ type: "Close" as const, at }),
  ),
  { maxLength: 10 },
);

const lawsOf = (decider: CounterDecider) =>
  deciderLaws(decider, {
    commands,
    codec: counterCodec,
    mayHappenTwice: ({ type }) => type === "Add",
    mayRefuseRepeat: ({ _tag }) => _tag === "CounterClosed",
  });

describe("the counter", () => {
  for (const { name, check } of lawsOf(counter)) test(name, () => check({ numRuns: 60 }));
});

describe("the laws of deciders", () => {
  const broken: readonly {
    readonly name: string;
    readonly caughtBy: string;
    readonly decider: CounterDecider;
  }[] = [
    {
      name: "a decider that throws",
      caughtBy: "decide and evolve answer for every command and change nothing they are given",
      decider: {
        ...counter,
        decide: (command, state) => {
          if (state.closed) throw new RangeError("closed");
          return counter.decide(command, state);
        },
      },
    },
    {
      name: "an evolve that changes its input",
      caughtBy: "decide and evolve answer for every command and change nothing they are given",
      decider: {
        ...counter,
        evolve: (state, event) => {
          if (event.type === "Added") (state as { total: number }).total += event.amount;
          return event.type === "Added" ? state : { ...state, closed: true };
        },
      },
    },
    {
      name: "a decider that remembers what it was asked",
      caughtBy: "decide gives the same answer to the same question",
      decider: (() => {
        let asked = 0;
        const decide: CounterDecider["decide"] = (command, state) => {
          asked += 1;
          return command.type === "Add"
            ? accept({ type: "Added", amount: asked })
            : counter.decide(command, state);
        };
        return { ...counter, decide };
      })(),
    },
    {
      name: "a decider that adds again when the total is reached",
      caughtBy: "a command asked twice happens once",
      decider: {
        ...counter,
        decide: (command, state) =>
          command.type === "Reach" ? accept({ type: "Added", amount: 1 }) : counter.decide(command, state),
      },
    },
    {
      name: "an undeclared refusal of a repeat",
      caughtBy: "a command asked twice happens once",
      decider: {
        ...counter,
        decide: (command, state) =>
          command.type === "Close" && state.closed
            ? { _tag: "Left", left: { _tag: "LimitReached", limit: 0, total: 0 } }
            : counter.decide(command, state),
      },
    },
    {
      name: "a state that only lives in memory",
      caughtBy: "the state is plain JSON",
      decider: {
        ...counter,
        evolve: (state, event) =>
          Object.assign(new Map(), counter.evolve(state, event)) as unknown as Counter,
      },
    },
    {
      name: "a state that JSON forgets a part of",
      caughtBy: "the fold of the parts is the fold of the whole",
      decider: {
        ...counter,
        evolve: (state, event) => {
          const { seen = () => 0 } = state as unknown as { seen?: () => number };
          const next = seen() + 1;
          return { ...counter.evolve(state, event), closed: next > 2, seen: () => next } as Counter;
        },
      },
    },
    {
      name: "an evolveInPlace that does something else",
      caughtBy: "evolve and evolveInPlace come to the same state",
      decider: {
        ...counter,
        evolveInPlace: (state, event) => (event.type === "Closed" ? state : counter.evolve(state, event)),
      },
    },
    {
      name: "an evolveInPlace that changes the event",
      caughtBy: "evolveInPlace leaves the events as they are",
      decider: {
        ...counter,
        evolveInPlace: (state, event) => {
          const next = counter.evolve(state, event);
          if (event.type === "Added") (event as { amount: number }).amount = 0;
          return next;
        },
      },
    },
    {
      name: "an evolution that forgets an event",
      caughtBy: "an evolution through several events comes to what repeated evolve comes to",
      decider: {
        ...counter,
        evolution: (state) => {
          let [folded, closed] = [state, false];
          return {
            take: (event) => {
              if (!closed) folded = counter.evolve(folded, event);
              closed = true;
            },
            end: () => folded,
          };
        },
      },
    },
    {
      name: "an evolution that changes the state before",
      caughtBy: "an evolution through several events comes to what repeated evolve comes to",
      decider: {
        ...counter,
        evolution: (state) => ({
          take: (event) => void Object.assign(state, counter.evolve(state, event)),
          end: () => state,
        }),
      },
    },
    {
      name: "an evolve that wants events in order",
      caughtBy: "evolve takes events in any order and any number",
      decider: {
        ...counter,
        evolve: (state, event) => {
          if (state.closed && event.type === "Closed") throw new RangeError("closed twice");
          return counter.evolve(state, event);
        },
      },
    },
    {
      name: "an event that the codec does not know",
      caughtBy: "every event survives being stored",
      decider: {
        ...counter,
        decide: (command, state) =>
          command.type === "Add"
            ? accept({ type: "Doubled" } as unknown as CounterEvent)
            : counter.decide(command, state),
        evolve: (state, event) =>
          (event.type as string) === "Doubled" ? state : counter.evolve(state, event),
      },
    },
    {
      name: "a number that JSON cannot carry",
      caughtBy: "every event survives being stored",
      decider: {
        ...counter,
        decide: (command, state) =>
          command.type === "Add"
            ? accept({ type: "Added", amount: Number.POSITIVE_INFINITY })
            : counter.decide(command, state),
      },
    },
    {
      name: "a state that does not show what was asked",
      caughtBy: "through a handler, commands and their retries come to what deciding alone comes to",
      decider: { ...counter, shows: ({ type }, { closed }) => type !== "Close" || !closed },
    },
  ];

  for (const { name, caughtBy, decider } of broken)
    test(`catch ${name}`, async () => {
      const found = lawsOf(decider).find((law) => law.name === caughtBy);
      await expect(found?.check({ numRuns: 300, seed: 1 })).rejects.toThrow("Property failed");
    });

  test("each catch something", () => {
    const names = lawsOf(counter).map(({ name }) => name);
    const caught = new Set(broken.map(({ caughtBy }) => caughtBy));
    expect(names.filter((name) => !caught.has(name))).toEqual([
      "a state that went through JSON decides as before",
    ]);
  });
});

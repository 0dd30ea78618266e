/** What is true of every decider. */
import {
  type Codec,
  commandHandler,
  type Decider,
  type DomainCommand,
  type DomainEvent,
  type DomainRefusal,
  type Evolution,
  fold,
  openMemoryStore,
} from "@mission-ledger/core";
import fc from "fast-check";
import { agree, frozen, type Law, law, throughJson } from "./law.ts";

export interface DeciderLawOptions<Command, Event extends DomainEvent, Refusal> {
  /** Sequences of commands as people might send them; many of them ought to be accepted. */
  readonly commands: fc.Arbitrary<readonly Command[]>;
  /** With it, events must survive being stored, and commands being retried. @defaultValue not checked */
  readonly codec?: Codec<Event>;
  /**
   * Whether a second asking may be answered with this refusal instead of nothing.
   * @defaultValue never: asked twice, the second time there is nothing to do
   */
  readonly mayRefuseRepeat?: (refusal: Refusal, command: Command) => boolean;
  /**
   * Commands that only their command id makes happen once, such as adding a note.
   * @defaultValue none
   */
  readonly mayHappenTwice?: (command: Command) => boolean;
}

/** One command of a history, with the state it met and the events it made. */
interface Step<Command, State, Event> {
  readonly command: Command;
  readonly before: State;
  readonly events: readonly Event[];
  readonly after: State;
  readonly accepted: boolean;
}

/** The laws of a decider, one test each: `for (const { name, check } of deciderLaws(…)) test(name, () => check())`. */
export const deciderLaws = <
  Command extends DomainCommand,
  State,
  Event extends DomainEvent,
  Refusal extends DomainRefusal,
>(
  decider: Decider<Command, State, Event, Refusal>,
  {
    commands,
    codec,
    mayRefuseRepeat = () => false,
    mayHappenTwice = () => false,
  }: DeciderLawOptions<Command, Event, Refusal>,
): readonly Law[] => {
  const { initial, decide, evolve, evolution, evolveInPlace = evolve } = decider;

  const historyOf = (sequence: readonly Command[]): readonly Step<Command, State, Event>[] => {
    let before = frozen(throughJson(initial));
    return sequence.map((command) => {
      const decided = decide(frozen(command), before);
      const events = decided._tag === "Right" ? frozen(decided.right) : [];
      const after = frozen(fold(decider, before, events));
      const step = { command, before, events, after, accepted: decided._tag === "Right" };
      before = after;
      return step;
    });
  };
  const eventsOf = (sequence: readonly Command[]): readonly Event[] =>
    historyOf(sequence).flatMap(({ events }) => events);
  const foldInPlace = (state: State, events: readonly Event[]): State => {
    let folded = state;
    for (const event of events) folded = evolveInPlace(folded, event);
    return folded;
  };

  const laws: Law[] = [
    law(
      "decide and evolve answer for every command and change nothing they are given",
      commands,
      (sequence) => {
        // Everything handed over is frozen: a change throws.
        for (const { accepted, events, before, after } of historyOf(sequence)) {
          if (!accepted) agree(events, [], "a refusal makes no events");
          if (events.length === 0) agree(after, before, "no events leave the state as it is");
        }
      },
    ),
    law("decide gives the same answer to the same question", commands, (sequence) => {
      for (const { command, before, events } of historyOf(sequence)) {
        const again = decide(command, throughJson(before));
        agree(again._tag === "Right" ? again.right : [], events, "decided again on an equal state");
      }
    }),
    law("a command asked twice happens once", commands, (sequence) => {
      for (const { command, accepted, after } of historyOf(sequence)) {
        if (!accepted || mayHappenTwice(command)) continue;
        const again = decide(command, after);
        if (again._tag === "Right") agree(again.right, [], `asked again: ${JSON.stringify(command)}`);
        else if (!mayRefuseRepeat(again.left, command))
          throw new Error(
            `asked again, ${JSON.stringify(command)} is refused: ${JSON.stringify(again.left)}`,
          );
      }
    }),
    law(
      "the fold of the parts is the fold of the whole",
      fc.tuple(commands, fc.array(fc.nat(), { maxLength: 3 })),
      ([sequence, cuts]) => {
        const events = eventsOf(sequence);
        const places = [...cuts.map((cut) => cut % (events.length + 1)), events.length].sort(
          (one, other) => one - other,
        );
        let folded = throughJson(initial);
        let from = 0;
        for (const place of places) {
          folded = throughJson(fold(decider, folded, events.slice(from, place)));
          from = place;
        }
        agree(
          folded,
          fold(decider, throughJson(initial), events),
          `folded in parts ending at ${places.join(", ")}`,
        );
      },
    ),
    law("evolve and evolveInPlace come to the same state", commands, (sequence) => {
      const events = throughJson(eventsOf(sequence));
      let shared = frozen(throughJson(initial));
      let bare = throughJson(initial);
      for (const event of events) {
        shared = frozen(evolve(shared, event));
        bare = evolveInPlace(bare, throughJson(event));
        agree(bare, shared, `after ${JSON.stringify(event)}`);
      }
    }),
    law(
      "an evolution through several events comes to what repeated evolve comes to",
      fc.tuple(commands, fc.nat()),
      ([sequence, cut]) => {
        if (evolution === undefined) return;
        const events = throughJson(eventsOf(sequence));
        const first = events.slice(0, cut % (events.length + 1));
        // As it comes out of a bulk fold, and as it comes out of an evolution: both are shared with others.
        const begun = foldInPlace(throughJson(initial), throughJson(first));
        const text = JSON.stringify(begun);
        const rest = frozen(events.slice(first.length));
        for (const from of [begun, evolved(evolution, throughJson(initial), first)]) {
          agree(
            evolved(evolution, from, rest),
            fold(decider, frozen(throughJson(begun)), rest),
            "many events at once",
          );
          if (JSON.stringify(from) !== text) throw new Error("the state before was changed");
        }
      },
    ),
    law("evolveInPlace leaves the events as they are", commands, (sequence) => {
      const events = throughJson(eventsOf(sequence));
      const before = JSON.stringify(events);
      const state = foldInPlace(throughJson(initial), events);
      // Folding on shows whether the state holds on to an event and changes it later.
      foldInPlace(state, throughJson(events));
      if (JSON.stringify(events) !== before) throw new Error("an event was changed while it was folded");
    }),
    law("the state is plain JSON", commands, (sequence) => {
      for (const { after } of historyOf(sequence)) {
        agree(throughJson(after), after, "the state after a round trip");
        mustBePlain(after, "state");
      }
    }),
    law("a state that went through JSON decides as before", commands, (sequence) => {
      for (const { command, before } of historyOf(sequence)) {
        const [fresh, restored] = [decide(command, before), decide(command, throughJson(before))];
        agree(restored, fresh, "decided on the state after a round trip");
      }
    }),
    law(
      "evolve takes events in any order and any number",
      fc.tuple(commands, fc.array(fc.nat(), { maxLength: 30 })),
      ([sequence, picks]) => {
        const events = eventsOf(sequence);
        if (events.length === 0) return;
        const order = picks.map((pick) => events[pick % events.length] as Event);
        agree(
          foldInPlace(throughJson(initial), throughJson(order)),
          fold(decider, frozen(throughJson(initial)), order),
          "both ways of folding",
        );
      },
    ),
  ];
  if (codec !== undefined)
    laws.push(
      law(
        "through a handler, commands and their retries come to what deciding alone comes to",
        commands,
        async (sequence) => {
          const store = openMemoryStore();
          const stream = `${decider.category}-sample`;
          for (const [index, { command, events, after, accepted }] of historyOf(sequence).entries()) {
            const options = { actor: "sample", commandId: `command-${index}` };
            // A handler of its own for each try, as processes that come and go would have.
            const tries = [0, 1].map(() =>
              commandHandler({ store, decider, codec }).attempt(stream, command, options),
            );
            for (const [retry, attempt] of tries.entries()) {
              const answer = await attempt();
              if (answer._tag === "Left") {
                if (accepted)
                  throw new Error(`${JSON.stringify(command)} is not done: ${JSON.stringify(answer.left)}`);
                continue;
              }
              const { events: written, state, repeated } = answer.right;
              agree(
                { written, state },
                { written: events, state: after },
                `done: ${JSON.stringify(command)}`,
              );
              agree(repeated, retry > 0 && events.length > 0, "whether it was a repeat");
            }
          }
          await store.close();
        },
      ),
      law("every event survives being stored", commands, (sequence) => {
        for (const event of eventsOf(sequence)) {
          const { type, version, data } = codec.encode(event);
          const decoded = codec.decode({ ...sample, type, version, data: throughJson(data) });
          if (decoded._tag === "Unknown") throw new Error(`${type} is written but not known`);
          agree(decoded.event, event, `${type} after a round trip`);
        }
      }),
    );
  return laws;
};

const evolved = <State, Event>(
  evolution: (state: State) => Evolution<State, Event>,
  state: State,
  events: readonly Event[],
): State => {
  const evolving = evolution(state);
  for (const event of events) evolving.take(event);
  return evolving.end();
};

/** An envelope around nothing, for codecs that look at one. */
const sample = {
  id: "00000000-0000-5000-8000-000000000000",
  stream: "sample-1",
  revision: 0,
  recordedAt: "2026-01-01T00:00:00.000Z",
  actor: "sample",
  commandId: "sample",
  previous: null,
  digest: "",
};

/** Refuses what JSON would drop or turn into something else. */
const mustBePlain = (value: unknown, path: string): void => {
  if (typeof value === "function" || typeof value === "bigint" || typeof value === "symbol")
    throw new Error(`${path} is a ${typeof value}`);
  if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`${path} is ${value}`);
  if (typeof value !== "object" || value === null) return;
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null)
    throw new Error(`${path} is no plain object`);
  for (const [key, member] of Object.entries(value)) mustBePlain(member, `${path}.${key}`);
};

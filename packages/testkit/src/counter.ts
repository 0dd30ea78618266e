/** The smallest decider that can say everything: for trying out handlers, stores and laws. */
import { accept, type Codec, type Decider, eventCodec, type Projection, refuse } from "@mission-ledger/core";

export type CounterCommand =
  /** Not idempotent by itself: only its command id makes it happen once. */
  | { readonly type: "Add"; readonly at: string; readonly amount: number }
  /** Idempotent: whoever asks for a total that is reached finds nothing to do. */
  | { readonly type: "Reach"; readonly at: string; readonly total: number }
  /** Refused the second time. */
  | { readonly type: "Close"; readonly at: string };

export type CounterEvent = { readonly type: "Added"; readonly amount: number } | { readonly type: "Closed" };

export interface Counter {
  readonly total: number;
  readonly closed: boolean;
}

export type CounterRefusal =
  | { readonly _tag: "CounterClosed" }
  | { readonly _tag: "LimitReached"; readonly limit: number; readonly total: number };

export const counterLimit = 1_000;

/** A sum of additions up to {@link counterLimit}, until it is closed. */
export const counter: Decider<CounterCommand, Counter, CounterEvent, CounterRefusal> = {
  category: "counter",
  version: 1,
  initial: { total: 0, closed: false },
  decide: (command, { total, closed }) => {
    switch (command.type) {
      case "Close":
        return closed ? refuse({ _tag: "CounterClosed" }) : accept({ type: "Closed" });
      case "Add":
      case "Reach": {
        const amount = command.type === "Add" ? command.amount : Math.max(0, command.total - total);
        if (amount === 0) return accept();
        if (closed) return refuse({ _tag: "CounterClosed" });
        if (total + amount > counterLimit)
          return refuse({ _tag: "LimitReached", limit: counterLimit, total });
        // In steps of at most ten, so that one command can make several events.
        const steps = Array.from(
          { length: Math.ceil(amount / 10) },
          (_, index): CounterEvent => ({
            type: "Added",
            amount: Math.min(10, amount - index * 10),
          }),
        );
        return accept(...steps);
      }
    }
  },
  evolve: (state, event) => {
    switch (event.type) {
      case "Added":
        return { ...state, total: state.total + event.amount };
      case "Closed":
        return { ...state, closed: true };
    }
  },
  shows: (command, { total, closed }) => {
    switch (command.type) {
      case "Close":
        return closed;
      case "Reach":
        return total >= command.total;
      case "Add":
        return true;
    }
  },
};

export const counterCodec: Codec<CounterEvent> = eventCodec<CounterEvent>({
  Added: { version: 1 },
  Closed: { version: 1 },
});

/** How often each counter was added to, and by whom last. */
export const additions: Projection<Readonly<Record<string, { times: number; by: string }>>, CounterEvent> = {
  name: "counter-additions",
  version: 1,
  initial: {},
  when: {
    Added: (view, _, { stream, actor }) => ({
      ...view,
      [stream]: { times: (view[stream]?.times ?? 0) + 1, by: actor },
    }),
  },
};

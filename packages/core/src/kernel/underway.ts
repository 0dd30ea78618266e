/**
 * Commands of this process that are on their way to one stream, and what they will make of it. Each decides on the state
 * that those before it will leave, instead of on a state that is sure to be stale when its turn comes. That state is a guess
 * until the events behind it are proven: nobody is shown it, and no answer is given on it alone.
 */
import type { Folded } from "./fold.ts";

/** What a stream will be if all that is on its way arrives. */
export interface Guess<State> {
  /** Of the last event that will then stand. */
  readonly digest: string;
  /** Worked out when it is first asked for: a command that is alone has no use for it before it is proven. */
  after(): Folded<State>;
  /** The last state that the log itself has given: where everything is decided again from if the guess fails. */
  readonly known: Folded<State>;
}

/** A command on its way. */
export interface Way<State> {
  /** Says what the stream will be if the command's commit is written. */
  leaves(guess: Guess<State>): void;
  /** The state at a head, if this command or one that is still on its way leads there. */
  stateAt(digest: string | null): Folded<State> | undefined;
  /** Waits for the answers of all that set out before. Answers whether what they were to leave has come true. */
  othersAhead(): Promise<boolean>;
  /** Says that the command's events, of which the last has this revision, are being read back. The answer is to be called with how that went. */
  readsBack(revision: number): (isProven: boolean) => void;
  /**
   * Whether none of the commands that were read back since this one set out failed to be proven: its own bytes say nothing
   * about those it was decided on. Waits for those before this revision that are being read back now and for nobody else, so
   * that commands that were written together are answered together.
   */
  restsOnProof(revision: number): boolean | Promise<boolean>;
  arrive(proven: boolean): void;
}

export interface Underway<State> {
  /** What those on their way will leave; `undefined` if nobody knows. */
  guess(stream: string): Guess<State> | undefined;
  setOut(stream: string): Way<State>;
  /** After a fault nothing that was guessed is built on any more. */
  forget(stream: string): void;
}

/** A command on its way, as the others see it. */
interface Traveller<State> {
  /** What it will leave; `undefined` as long as it has not said so, and when nothing may rest on it any more. */
  guess: Guess<State> | undefined;
  /** Revision of its last event while its events are being read back. */
  reading: number | undefined;
  /** Those who wait until its events were read back, or until it has arrived. */
  readonly forReading: (() => void)[];
  readonly forArrival: (() => void)[];
}

interface Column<State> {
  /** In the order in which they set out; few, and mostly the front one leaves first. */
  readonly travellers: Traveller<State>[];
  latest: Guess<State> | undefined;
  /** Guesses that did not come true. */
  failed: number;
  /** Commits that were written and could not be proven. */
  unproven: number;
}

export const underway = <State>(): Underway<State> => {
  const columns = new Map<string, Column<State>>();

  const columnOf = (stream: string): Column<State> => {
    const present = columns.get(stream);
    if (present !== undefined) return present;
    const column: Column<State> = { travellers: [], latest: undefined, failed: 0, unproven: 0 };
    columns.set(stream, column);
    return column;
  };

  return {
    guess: (stream) => columns.get(stream)?.latest,
    setOut: (stream) => {
      const column = columnOf(stream);
      const { travellers } = column;
      const failedBefore = column.failed;
      const unprovenBefore = column.unproven;
      const me: Traveller<State> = {
        guess: undefined,
        reading: undefined,
        forReading: [],
        forArrival: [],
      };
      travellers.push(me);
      let hasLeft = false;
      return {
        leaves: (guess) => {
          hasLeft = true;
          me.guess = guess;
          column.latest = guess;
        },
        stateAt: (digest) => travellers.find(({ guess }) => guess?.digest === digest)?.guess?.after(),
        othersAhead: async () => {
          for (const other of travellers.slice(0, travellers.indexOf(me)))
            if (travellers.includes(other))
              await new Promise<void>((resolve) => other.forArrival.push(resolve));
          return column.failed === failedBefore;
        },
        readsBack: (revision) => {
          me.reading = revision;
          return (isProven) => {
            me.reading = undefined;
            if (!isProven) {
              column.unproven += 1;
              // Whatever is guessed now may rest on it, and those who set out from here on would not know.
              for (const traveller of travellers) traveller.guess = undefined;
              column.latest = undefined;
            }
            for (const wake of me.forReading.splice(0)) wake();
          };
        },
        restsOnProof: (revision) => {
          const isProven = (): boolean => column.unproven === unprovenBefore;
          const ahead: Promise<void>[] = [];
          for (const { reading, forReading } of travellers)
            if (reading !== undefined && reading < revision)
              ahead.push(new Promise((resolve) => forReading.push(resolve)));
          return ahead.length === 0 ? isProven() : Promise.all(ahead).then(isProven);
        },
        arrive: (proven) => {
          travellers.splice(travellers.indexOf(me), 1);
          if (hasLeft && !proven) {
            column.failed += 1;
            column.latest = undefined;
          }
          if (travellers.length === 0 && columns.get(stream) === column) columns.delete(stream);
          for (const wake of me.forArrival) wake();
        },
      };
    },
    forget: (stream) => {
      columns.delete(stream);
    },
  };
};

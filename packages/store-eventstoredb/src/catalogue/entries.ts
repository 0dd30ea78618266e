/**
 * Writing entries of the catalogue. Streams that are begun at the same time by one process share an append: they would only make
 * each other lose. After a race that another process has won, chance says how long to wait, as for commands.
 */
import { type CancelSignal, limitOf, nameBasedUuid, type Randomness } from "@mission-ledger/core";
import { faultOf, isPassing, readbackFailed, storeClosed } from "../faults.ts";
import { type Gateway, type GatewayEvent, GatewayFailure } from "../gateway-port.ts";
import type { Patience } from "../patience.ts";
import { pause, type Timers } from "../timers.ts";
import type { CatalogueReader } from "./catalogue-reader.ts";

export interface EntriesSetup {
  readonly gateway: Gateway;
  /** Of the catalogue, on the server. */
  readonly name: string;
  readonly reader: CatalogueReader;
  readonly patience: Patience;
  readonly timers: Timers;
  readonly randomness: Randomness;
  readonly closing: CancelSignal;
}

export interface Entries {
  /** Resolves when an entry for the stream stands in the catalogue and was seen there. */
  enter(stream: string, until: number): Promise<void>;
  /**
   * The stream holds an event: said in the catalogue with the next entries, or when the store closes, so that whoever lists streams
   * need not ask each of them. Nothing depends on it.
   */
  begun(stream: string): void;
  /** Says what was not said yet, in one short try. Never throws. */
  flush(): Promise<void>;
}

export const listedType = "StreamListed";
export const begunType = "StreamBegun";

/** The namespaces under which ids of entries are derived; fixed random UUIDs that never change. */
const namespaces = {
  [listedType]: "3f0a4a52-6a0e-4a60-9c0f-5b3c8f6f1d27",
  [begunType]: "b7c1a0de-93a5-4f57-8f3c-2e6d1c0a4b88",
};

const entryOf =
  (type: keyof typeof namespaces) =>
  (stream: string): GatewayEvent => ({
    id: nameBasedUuid(namespaces[type], stream),
    type,
    data: { stream },
    metadata: { ledger: 1 },
  });

/** Source: an entry has some hundred bytes, and a server takes a megabyte at once. */
const mostEntered = 256;

/** Tries, and milliseconds, that closing is worth. */
const mostFlushes = 3;
const longestFlushMs = 500;

/** Longest wait after the n-th lost race, in milliseconds. */
const longestMs = (races: number): number => 2 ** Math.min(races, 7);

interface Wish {
  readonly stream: string;
  readonly until: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export const catalogueEntries = ({
  gateway,
  name,
  reader,
  patience,
  timers,
  randomness,
  closing,
}: EntriesSetup): Entries => {
  const wishes: Wish[] = [];
  /** Streams that hold an event, of which that was not said yet. */
  const unmarked = new Set<string>();
  let isAtWork = false;
  /** The last entry that somebody was seen to have made. */
  let end: number | undefined;

  /** Appends the entries once. Answers whether they stand there; an entry that was made twice counts once. */
  const write = async (events: readonly GatewayEvent[], until: number): Promise<boolean> => {
    end ??= await reader.end(until);
    const at = end;
    const answer = await gateway.append({
      stream: name,
      expected: at < 0 ? "no_stream" : BigInt(at),
      events,
    });
    if (answer._tag === "WrongRevision") {
      end = answer.actual === "no_stream" ? -1 : Number(answer.actual);
      return false;
    }
    const stored = await reader.range(Number(answer.revision) - events.length + 1, events.length, until);
    if (events.every(({ id }, index) => stored[index]?.id === id)) {
      end = Number(answer.revision);
      return true;
    }
    end = undefined;
    throw readbackFailed(name, listedType, Number(answer.revision), "its entry is not there");
  };

  const writeAll = async (group: readonly Wish[]): Promise<void> => {
    const marked = [...unmarked].slice(0, mostEntered);
    const events = [
      ...group.map(({ stream }) => entryOf(listedType)(stream)),
      ...marked.map(entryOf(begunType)),
    ];
    const until = Math.min(...group.map((wish) => wish.until));
    let races = 0;
    for (let tries = 0; ; ) {
      if (closing.aborted) throw storeClosed();
      try {
        if (await write(events, until)) {
          for (const stream of marked) unmarked.delete(stream);
          return;
        }
        races += 1;
        if (timers.now() >= until) throw crowded(name);
        await pause(timers, randomness.fraction() * longestMs(races), closing);
      } catch (error) {
        const isOver = timers.now() >= until;
        if (isOver || !(isPassing(error) || isNotThere(error))) throw error;
        end = undefined;
        tries += 1;
        await patience.backOff(tries);
      }
    }
  };

  const work = async (): Promise<void> => {
    isAtWork = true;
    for (let group = wishes.splice(0, mostEntered); group.length > 0; group = wishes.splice(0, mostEntered))
      try {
        await writeAll(group);
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const wish of group) {
          // Those whose time is not over need not share the fate of the one whose was.
          const mayGoOn = !closing.aborted && isPassing(error) && wish.until > timers.now();
          if (mayGoOn) wishes.push(wish);
          // Nothing of the ledger depends on an entry that was made in vain.
          else wish.reject(faultOf(error, "not_written", { stream: wish.stream }));
        }
      }
    isAtWork = false;
  };

  return {
    enter: (stream, until) =>
      new Promise((resolve, reject) => {
        wishes.push({ stream, until, resolve, reject });
        if (!isAtWork) void work();
      }),
    begun: (stream) => {
      unmarked.add(stream);
    },
    flush: async () => {
      if (unmarked.size === 0) return;
      const limit = limitOf({ withinMs: longestFlushMs, timers });
      const mark = async (): Promise<void> => {
        const events = [...unmarked].slice(0, mostEntered).map(entryOf(begunType));
        for (let tries = 0; tries < mostFlushes && !(await write(events, 0)); tries += 1) {
          // Somebody else came first.
        }
      };
      await limit.within(mark()).catch(() => {});
      limit.end();
    },
  };
};

const isNotThere = (error: unknown): boolean =>
  (error as { readonly code?: unknown } | undefined)?.code === "READBACK_FAILED";

const crowded = (name: string): GatewayFailure =>
  new GatewayFailure("server_timeout", `others kept coming first in ${name}`, { isDefinite: true });

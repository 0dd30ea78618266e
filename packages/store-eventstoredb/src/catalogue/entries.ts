/**
 * Writing entries of the catalogue. Streams that are begun at the same time by one process share an append: they would only make
 * each other lose. After a race that another process has won, chance says how long to wait, as for commands.
 */
import { type CancelSignal, type Json, nameBasedUuid, type Randomness } from "@mission-ledger/core";
import { faultOf, isPassing, readbackFailed, storeClosed } from "../faults.ts";
import { type Gateway, type GatewayEvent, GatewayFailure } from "../gateway/gateway.ts";
import type { Timers } from "../gateway/timers.ts";
import type { Patience } from "../patience.ts";
import { pause } from "../timers.ts";
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
}

/** The namespace under which ids of entries are derived; a fixed random UUID that never changes. */
const entryNamespace = "3f0a4a52-6a0e-4a60-9c0f-5b3c8f6f1d27";

export const entryType = "StreamListed";

const entryOf = (stream: string): GatewayEvent => ({
  id: nameBasedUuid(entryNamespace, stream),
  type: entryType,
  data: { stream } satisfies Record<string, Json>,
  metadata: { ledger: 1 },
});

/** Source: an entry has some hundred bytes, and a server takes a megabyte at once. */
const mostEntered = 256;

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
  let isAtWork = false;
  /** The last entry that somebody was seen to have made. */
  let end: number | undefined;

  /** Appends the entries once. Answers whether they stand there; an entry that was made twice counts once. */
  const write = async (streams: readonly string[], until: number): Promise<boolean> => {
    const events = streams.map(entryOf);
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
    throw readbackFailed(name, streams.join(", "), Number(answer.revision), "its entry is not there");
  };

  const writeAll = async (group: readonly Wish[]): Promise<void> => {
    const streams = group.map(({ stream }) => stream);
    const until = Math.min(...group.map((wish) => wish.until));
    let races = 0;
    for (let tries = 0; ; ) {
      if (closing.aborted) throw storeClosed();
      try {
        if (await write(streams, until)) return;
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
  };
};

const isNotThere = (error: unknown): boolean =>
  (error as { readonly code?: unknown } | undefined)?.code === "READBACK_FAILED";

const crowded = (name: string): GatewayFailure =>
  new GatewayFailure("server_timeout", `others kept coming first in ${name}`, { isDefinite: true });

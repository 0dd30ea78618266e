/**
 * Which streams a ledger has: a stream of the server with one entry for each, entered before the first event. It saves a reading
 * of the server's whole log, which asks for more rights and takes as long as the server is old. Its first entry is where the
 * ledger begins in that log.
 */
import type { CancelSignal, Randomness } from "@mission-ledger/core";
import { notWhole } from "../faults.ts";
import { type Gateway, GatewayFailure, type LogPosition, type StoredEvent } from "../gateway-port.ts";
import { hidesEvents, metadataStream } from "../layout/hidden.ts";
import { isInCategory, type StreamNames } from "../layout/names.ts";
import { withoutPosition } from "../layout/stored-event.ts";
import type { Patience } from "../patience.ts";
import type { Timers } from "../timers.ts";
import { catalogueReader } from "./catalogue-reader.ts";
import { begunType, catalogueEntries, listedType } from "./entries.ts";

export interface Catalogue {
  /** Makes sure that a stream is listed. What is entered twice, after an answer that never came, is listed once. */
  enter(stream: string, until: number): Promise<void>;
  /** The first event of a stream was proven. */
  begun(stream: string): void;
  /** Streams of a category that hold an event, sorted. */
  streams(category: string): Promise<readonly string[]>;
  /** Where the ledger begins in the server's log; `undefined` if it has no stream yet. */
  begin(): Promise<LogPosition | undefined>;
  /** Before the gateway is closed. Never throws. */
  close(): Promise<void>;
}

export interface CatalogueSetup {
  readonly gateway: Gateway;
  readonly names: StreamNames;
  readonly patience: Patience;
  readonly timers: Timers;
  readonly randomness: Randomness;
  readonly pageSize: number;
  readonly closing: CancelSignal;
}

/** Questions about streams that are open at once. Source: a server answers them side by side; more only wait there. */
const mostAsked = 16;

/** Tries after which a leader that was just elected is not behind any more: they take about a second. */
const mostBehind = 6;

export const openCatalogue = (setup: CatalogueSetup): Catalogue => {
  const { gateway, names, patience, pageSize } = setup;
  const name = names.catalogue;
  const reader = catalogueReader({ gateway, name, patience });
  const entries = catalogueEntries({ ...setup, name, reader });
  /** Names that were read or entered, and whether an event was seen in the stream. */
  const listed = new Map<string, boolean>();
  /** Entered by this process, and not known to be begun. */
  const entered = new Set<string>();
  /** Up to here the entries were read. */
  let readTo = -1;
  let lastId: string | undefined;
  let reading: Promise<void> = Promise.resolve();
  let first: LogPosition | undefined;

  const list = (stream: string): void => {
    if (!listed.has(stream)) listed.set(stream, false);
  };

  const take = ({ type, data, metadata, revision }: StoredEvent): void => {
    const stream = member(data, "stream");
    if (typeof stream === "string" && type === listedType) list(stream);
    else if (typeof stream === "string" && type === begunType) listed.set(stream, true);
    // What a newer version says beside it is none of ours.
    else if (member(metadata, "ledger") === undefined || type === listedType)
      throw notWhole(name, Number(revision), "an entry there was written by another program");
  };

  const startOver = (): void => {
    listed.clear();
    entered.clear();
    readTo = -1;
    first = undefined;
  };

  const readOn = async (): Promise<void> => {
    for (let tries = 0; ; ) {
      // The last entry that was read comes along: a server that was restored holds none there, or another.
      const anchors = readTo < 0 ? 0 : 1;
      const asked = pageSize + anchors;
      const events = await reader.range(readTo + 1 - anchors, asked);
      const [anchor] = events;
      const isThere = anchors === 1 && anchor?.revision === BigInt(readTo);
      if (anchors === 1 && (anchor === undefined || (isThere && anchor.id !== lastId))) {
        tries += 1;
        if (anchor === undefined && tries <= mostBehind) await patience.backOff(tries);
        else startOver();
        continue;
      }
      for (const event of isThere ? events.slice(1) : events) {
        if (event.revision !== BigInt(readTo + 1)) throw notWhole(name, readTo + 1, "entries are hidden");
        take(event);
        readTo += 1;
        lastId = event.id;
      }
      if (events.length < asked) return;
    }
  };

  /** One after the other, each to what is the end then. */
  const catchUp = (): Promise<void> => {
    reading = reading.then(readOn, readOn);
    return reading;
  };

  const begin = async (): Promise<LogPosition | undefined> => {
    if (first !== undefined) return first;
    const [entry] = await reader.range(0, 1);
    if (entry === undefined) return undefined;
    if (entry.position === undefined) throw withoutPosition(name);
    first = entry.position;
    return first;
  };

  /** An entry whose stream was never begun counts for nothing; one whose stream was deleted is shown, so that its loss is seen. */
  const isBegun = async (stream: string): Promise<boolean> => {
    const ask = (serverStream: string) =>
      patience.patiently(() =>
        gateway.readRange({ stream: serverStream, from: "end", direction: "backwards", maxCount: 1 }),
      );
    const onServer = names.onServer(stream);
    try {
      const read = await ask(onServer);
      return read._tag === "Events" || hidesEvents(await ask(metadataStream(onServer)));
    } catch (error) {
      if (error instanceof GatewayFailure && error.kind === "stream_deleted") return true;
      throw error;
    }
  };

  return {
    enter: async (stream, until) => {
      // One that was seen to be begun and is begun again was lost, and its entry may have been as well.
      if (listed.get(stream) === false) return;
      await entries.enter(stream, until);
      list(stream);
      entered.add(stream);
    },
    begun: (stream) => {
      if (!entered.delete(stream)) return;
      listed.set(stream, true);
      entries.begun(stream);
    },
    close: () => entries.flush(),
    begin,
    streams: async (category) => {
      await catchUp();
      const own = [...listed.keys()].filter((stream) => isInCategory(stream, category)).sort();
      const unsure = own.filter((stream) => listed.get(stream) !== true);
      const ask = async (): Promise<void> => {
        for (let stream = unsure.pop(); stream !== undefined; stream = unsure.pop())
          if (await isBegun(stream)) listed.set(stream, true);
      };
      await Promise.all(Array.from({ length: Math.min(mostAsked, unsure.length) }, ask));
      return own.filter((stream) => listed.get(stream) === true);
    },
  };
};

const member = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;

/**
 * Which streams a ledger has: a stream of the server with one entry for each, entered before the first event. It saves a reading
 * of the server's whole log, which asks for more rights and takes as long as the server is old. Its first entry is where the
 * ledger begins in that log.
 */
import { nameBasedUuid } from "@mission-ledger/core";
import { faultOf, isPassing, notWhole, readbackFailed } from "../faults.ts";
import { type Gateway, GatewayFailure, type LogPosition, type StoredEvent } from "../gateway/gateway.ts";
import type { Timers } from "../gateway/timers.ts";
import { isInCategory, type StreamNames } from "../layout/names.ts";
import { withoutPosition } from "../layout/stored-event.ts";
import type { Patience } from "../patience.ts";
import { hidesEvents, metadataStream } from "../read/hidden.ts";

export interface Catalogue {
  /** Makes sure that a stream is listed. What is entered twice, after an answer that never came, is listed once. */
  enter(stream: string, until: number): Promise<void>;
  /** Streams of a category that hold an event, sorted. */
  streams(category: string): Promise<readonly string[]>;
  /** Where the ledger begins in the server's log; `undefined` if it has no stream yet. */
  begin(): Promise<LogPosition | undefined>;
}

export interface CatalogueSetup {
  readonly gateway: Gateway;
  readonly names: StreamNames;
  readonly patience: Patience;
  readonly timers: Timers;
  readonly pageSize: number;
}

/** The namespace under which ids of entries are derived; a fixed random UUID that never changes. */
const entryNamespace = "3f0a4a52-6a0e-4a60-9c0f-5b3c8f6f1d27";

const entryType = "StreamListed";

/** Questions about streams that are open at once. Source: a server answers them side by side; more only wait there. */
const mostAsked = 16;

export const openCatalogue = ({ gateway, names, patience, timers, pageSize }: CatalogueSetup): Catalogue => {
  const name = names.catalogue;
  /** Names that were read, and whether an event was seen in the stream. */
  const listed = new Map<string, boolean>();
  /** Up to here the entries were read. */
  let readTo = -1;
  let first: LogPosition | undefined;
  /** The last entry that somebody was seen to have made. */
  let end: number | undefined;

  const readRange = (from: bigint | "start" | "end", maxCount: number, until?: number) =>
    patience.patiently(
      () =>
        gateway.readRange({
          stream: name,
          from,
          direction: from === "end" ? "backwards" : "forwards",
          maxCount,
        }),
      until === undefined ? {} : { until },
    );

  const streamOf = ({ type, data, revision }: StoredEvent): string => {
    const stream = type === entryType ? (data as { readonly stream?: unknown } | null)?.stream : undefined;
    if (typeof stream === "string") return stream;
    throw notWhole(name, Number(revision), "an entry there was written by another program");
  };

  const catchUp = async (): Promise<void> => {
    for (;;) {
      const read = await readRange(readTo < 0 ? "start" : BigInt(readTo + 1), pageSize);
      const events = read._tag === "Missing" ? [] : read.events;
      for (const event of events) {
        if (event.revision <= BigInt(readTo)) continue;
        if (event.revision !== BigInt(readTo + 1)) throw notWhole(name, readTo + 1, "entries are hidden");
        const stream = streamOf(event);
        if (!listed.has(stream)) listed.set(stream, false);
        readTo += 1;
      }
      if (events.length < pageSize) return;
    }
  };

  const begin = async (): Promise<LogPosition | undefined> => {
    if (first !== undefined) return first;
    const read = await readRange("start", 1);
    const entry = read._tag === "Missing" ? undefined : read.events[0];
    if (read._tag === "Events" && entry?.revision !== 0n) throw notWhole(name, 0, "entries are hidden");
    if (entry === undefined) return undefined;
    if (entry.position === undefined) throw withoutPosition(name);
    first = entry.position;
    return first;
  };

  const endNow = async (until: number): Promise<number> => {
    const read = await readRange("end", 1, until);
    return read._tag === "Missing" ? -1 : Number(read.events[0]?.revision ?? -1n);
  };

  const enter = async (stream: string, until: number): Promise<void> => {
    const id = nameBasedUuid(entryNamespace, stream);
    const events = [{ id, type: entryType, data: { stream }, metadata: { ledger: 1 } }];
    for (let tries = 0; ; tries += 1) {
      let failure: unknown;
      try {
        end ??= await endNow(until);
        const at = end;
        const answer = await gateway.append({
          stream: name,
          expected: at < 0 ? "no_stream" : BigInt(at),
          events,
        });
        if (answer._tag === "WrongRevision") end = answer.actual === "no_stream" ? -1 : Number(answer.actual);
        else {
          const [stored] = await rangeAt(answer.revision, until);
          if (stored?.id === id) {
            end = Math.max(end ?? -1, Number(answer.revision));
            if (!listed.has(stream)) listed.set(stream, false);
            return;
          }
          failure = readbackFailed(name, id, Number(answer.revision), "its entry is not there");
          end = undefined;
        }
      } catch (error) {
        if (!(error instanceof GatewayFailure) || !isPassing(error)) throw error;
        failure = error;
        end = undefined;
      }
      // Nothing of the ledger depends on an entry that was made in vain.
      if (timers.now() >= until) throw faultOf(failure ?? crowded(name), "not_written", { stream });
      await patience.backOff(Math.max(0, tries - 3));
    }
  };
  const rangeAt = async (revision: bigint, until: number): Promise<readonly StoredEvent[]> => {
    const read = await readRange(revision, 1, until);
    return read._tag === "Missing" ? [] : read.events;
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
      if (!listed.has(stream)) await enter(stream, until);
    },
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

const crowded = (name: string): GatewayFailure =>
  new GatewayFailure("server_timeout", `others kept coming first in ${name}`, { isDefinite: true });

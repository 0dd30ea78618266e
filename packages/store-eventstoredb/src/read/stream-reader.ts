/** Reading one stream from the leader, with every doubt about it turned into a fault: what is given is whole and linked. */
import { type CancelSignal, emptyHead, type StoreFault, type StreamHead } from "@mission-ledger/core";
import { type CommandIndex, learnt } from "../command-index.ts";
import { notInLog, notWhole } from "../faults.ts";
import type { Gateway, StoredEvent } from "../gateway-port.ts";
import { hidesEvents, metadataStream } from "../layout/hidden.ts";
import type { StreamNames } from "../layout/names.ts";
import { isAsSealed, type LedgerEvent, ledgerEvent } from "../layout/stored-event.ts";
import type { Patience } from "../patience.ts";
import type { Timers } from "../timers.ts";
import { pageSizeOf } from "./page-size.ts";

export interface StreamReaderSetup {
  readonly gateway: Gateway;
  readonly names: StreamNames;
  readonly patience: Patience;
  readonly index: CommandIndex;
  readonly timers: Timers;
  readonly pageSize: number;
}

interface Behind {
  /** When it was first seen; `undefined` before. */
  since: number | undefined;
  tries: number;
}

/** How long a leader that was just elected may be behind, in milliseconds. */
const behindMs = 1_000;

export interface PageOptions {
  /** Its event has to be there. @defaultValue the start of the stream */
  readonly after?: StreamHead;
  /** Inclusive. @defaultValue the end of the stream */
  readonly to?: number;
  readonly signal?: CancelSignal;
  /** When to give up, as the timers count. */
  readonly until?: number;
}

export interface FindOptions {
  /** Inclusive. @defaultValue the end of the stream */
  readonly to?: number;
  /** When to give up, as the timers count. */
  readonly until?: number;
}

export interface Found {
  /** Of the command's first event; `undefined` if it is not in the stream. */
  readonly revision: number | undefined;
  /** As far as the stream was gone through. */
  readonly head: StreamHead;
}

export interface StreamReader {
  /**
   * Events page by page; never an empty page. Throws `LOG_REPLACED` if `after` is not in the stream, `LOG_CORRUPT` where events
   * are hidden, are not ours, or are not linked.
   */
  pages(stream: string, options?: PageOptions): AsyncGenerator<readonly LedgerEvent[]>;
  /**
   * Looks for a command among all of a stream: in what is known of it, and in what is read now. What is known may be forgotten
   * meanwhile, for the sake of other streams, so it is not asked again after the reading.
   */
  find(stream: string, commandId: string, options?: FindOptions): Promise<Found>;
  /** The last event; `undefined` for a stream that does not exist. */
  end(stream: string, until?: number): Promise<LedgerEvent | undefined>;
  /** Exactly what stands there now, at most `count` events, unchecked. */
  range(stream: string, from: number, count: number, until?: number): Promise<readonly StoredEvent[]>;
}

export const streamReader = ({
  gateway,
  names,
  patience,
  index,
  timers,
  pageSize,
}: StreamReaderSetup): StreamReader => {
  const readRange = (
    stream: string,
    from: bigint | "start" | "end",
    maxCount: number,
    { signal, until }: PageOptions,
  ) =>
    patience.patiently(
      () =>
        gateway.readRange({
          stream,
          from,
          direction: from === "end" ? "backwards" : "forwards",
          maxCount,
          ...(signal === undefined ? {} : { signal }),
        }),
      { ...(until === undefined ? {} : { until }), ...(signal === undefined ? {} : { signal }) },
    );

  /** A deleted stream reads like one that never was; only its metadata tells. */
  const neverWas = async (stream: string, options: PageOptions): Promise<void> => {
    const read = await readRange(metadataStream(names.onServer(stream)), "end", 1, options);
    if (hidesEvents(read))
      throw notWhole(stream, 0, "it was deleted, or its beginning cut off, on the server");
    index.learn(stream, []);
  };

  const checked = (stream: string, before: StreamHead, stored: StoredEvent): LedgerEvent => {
    const expected = before.revision + 1;
    if (stored.revision !== BigInt(expected))
      throw notWhole(stream, expected, `the next event that can be read is at revision ${stored.revision}`);
    const event = ledgerEvent(stored, stream);
    if (event === undefined)
      throw notWhole(stream, expected, "an event there was written by another program");
    if (event.recorded.previous !== before.digest)
      throw notWhole(stream, expected, "the event there does not follow the one before it");
    // The server shows no checksum of its own, so this is what tells content that was changed there.
    if (!isAsSealed(event.recorded))
      throw notWhole(stream, expected, "the event there is not what was sealed");
    return event;
  };

  /** A leader that was just elected may be behind what this process has seen; after a while it is another log. */
  const isBehind = async (behind: Behind): Promise<boolean> => {
    behind.since ??= timers.now();
    if (timers.now() - behind.since >= behindMs) return false;
    behind.tries += 1;
    await patience.backOff(behind.tries);
    return true;
  };

  /** Whether the first event of a page is the one that was remembered. */
  const checkAnchor = (stream: string, after: StreamHead, stored: StoredEvent | undefined): void => {
    const event = stored?.revision === BigInt(after.revision) ? ledgerEvent(stored, stream) : undefined;
    if (event?.recorded.digest !== after.digest) throw gone(stream, after.revision);
  };

  /** What was remembered of the stream is worth nothing then. */
  const gone = (stream: string, revision: number): StoreFault => {
    index.forget(stream);
    return notInLog(stream, revision);
  };

  /** Whether all is read that had been seen of the stream. It is asked again for a while, then it is another log. */
  const isAllSeen = async (
    stream: string,
    { revision }: StreamHead,
    seen: number,
    behind: Behind,
  ): Promise<boolean> => {
    if (revision >= seen) return true;
    if (await isBehind(behind)) return false;
    throw gone(stream, seen);
  };

  const size = pageSizeOf(pageSize);
  /** A page, and how many events were asked for in the end. */
  const readPage = async (stream: string, from: number, most: number, options: PageOptions) => {
    let asked = most;
    const { until, signal } = options;
    const read = await patience.patiently(
      () =>
        size.ask(most, (count) => {
          asked = count;
          return gateway.readRange({
            stream: names.onServer(stream),
            from: from === 0 ? "start" : BigInt(from),
            direction: "forwards",
            maxCount: count,
            ...(signal === undefined ? {} : { signal }),
          });
        }),
      { ...(until === undefined ? {} : { until }), ...(signal === undefined ? {} : { signal }) },
    );
    return { asked, read };
  };

  async function* pages(stream: string, options: PageOptions = {}): AsyncGenerator<readonly LedgerEvent[]> {
    const { after = emptyHead, to = Number.MAX_SAFE_INTEGER, signal } = options;
    let head = after;
    let anchored = after.revision < 0;
    const behind: Behind = { since: undefined, tries: 0 };
    // Before the reading: what this process writes meanwhile need not be among what is read.
    const tip = index.tip(stream).revision;
    const seen = Math.min(to, tip);
    while (!anchored || head.revision < to) {
      signal?.throwIfAborted();
      const anchor = anchored ? 0 : 1;
      const most = Math.min(pageSize, Math.max(0, to - head.revision)) + anchor;
      const from = head.revision + 1 - anchor;
      const { asked, read } = await readPage(stream, from, most, options);
      const events = read._tag === "Missing" ? [] : read.events;
      if (!anchored && events.length === 0 && after.revision <= tip && (await isBehind(behind))) continue;
      if (read._tag === "Missing") {
        if (head.revision >= 0) throw gone(stream, head.revision);
        await neverWas(stream, options);
        if (await isAllSeen(stream, head, seen, behind)) return;
        continue;
      }
      if (!anchored) checkAnchor(stream, after, events[0]);
      else if (from === 0 && events.length === 0) throw notWhole(stream, 0, "all of its events are hidden");
      anchored = true;
      const page: LedgerEvent[] = [];
      for (const stored of events.slice(anchor)) {
        const event = checked(stream, head, stored);
        head = { revision: event.recorded.revision, digest: event.recorded.digest };
        page.push(event);
      }
      index.learn(stream, page.map(learnt));
      if (page.length > 0) yield page;
      if (events.length < asked && (await isAllSeen(stream, head, seen, behind))) return;
    }
  }

  return {
    pages,
    find: async (stream, commandId, options = {}) => {
      const { to } = options;
      let head = index.known(stream);
      const revision = index.find(stream, commandId);
      if (revision !== undefined || (to !== undefined && head.revision >= to)) return { revision, head };
      for await (const page of pages(stream, { ...options, after: head }))
        for (const { recorded, index: at } of page) {
          if (recorded.commandId === commandId) return { revision: recorded.revision - at, head };
          head = { revision: recorded.revision, digest: recorded.digest };
        }
      return { revision: undefined, head };
    },
    end: async (stream, until) => {
      const options = until === undefined ? {} : { until };
      const behind: Behind = { since: undefined, tries: 0 };
      for (;;) {
        // Before the reading: what this process writes meanwhile need not be read.
        const { revision } = index.tip(stream);
        const read = await readRange(names.onServer(stream), "end", 1, options);
        const stored = read._tag === "Missing" ? undefined : read.events[0];
        if (Number(stored?.revision ?? -1n) < revision) {
          if (await isBehind(behind)) continue;
          throw gone(stream, revision);
        }
        if (read._tag === "Missing") {
          await neverWas(stream, options);
          return undefined;
        }
        if (stored === undefined) throw notWhole(stream, 0, "all of its events are hidden");
        const event = ledgerEvent(stored, stream);
        if (event === undefined)
          throw notWhole(stream, Number(stored.revision), "an event there was written by another program");
        const { digest } = event.recorded;
        const tip = index.tip(stream);
        if (event.recorded.revision === tip.revision && digest !== tip.digest)
          throw gone(stream, tip.revision);
        index.learn(stream, [learnt(event)]);
        return event;
      }
    },
    range: async (stream, from, count, until) => {
      const read = await readRange(
        names.onServer(stream),
        from === 0 ? "start" : BigInt(from),
        count,
        until === undefined ? {} : { until },
      );
      return read._tag === "Missing" ? [] : read.events;
    },
  };
};

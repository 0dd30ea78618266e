/**
 * A ledger on EventStoreDB: many machines, exact revisions, one stream of the server for each stream of the ledger.
 * Promises: an acknowledged append was taken by a quorum and read back from the leader; an answer that does not come is resolved,
 * or said to be unknown, within a budget; a command id is written once, whoever sends it; hidden events are faults.
 * Does not promise: anything about the server's own disks, or about streams that others change behind the ledger.
 */
import { setMaxListeners } from "node:events";
import {
  type CancelSignal,
  type EventBatch,
  type EventStore,
  limitOf,
  type Randomness,
  type ReadOptions,
  readingInTurns,
  StoreFault,
  scanByReading,
  streamTurns,
  systemRandomness,
} from "@mission-ledger/core";
import type { ServerAddress } from "./address/address.ts";
import { parseAddress } from "./address/parse-address.ts";
import { placeCommit } from "./append/place-commit.ts";
import { confirmHead, readBackFrom } from "./append/read-back.ts";
import { storedCommit } from "./append/stored-commit.ts";
import { openCatalogue } from "./catalogue/catalogue.ts";
import { commandIndex } from "./command-index.ts";
import { faultOf, storeClosed } from "./faults.ts";
import { openGateway } from "./gateway/open-gateway.ts";
import { type Gateway, GatewayFailure } from "./gateway-port.ts";
import { streamNames } from "./layout/names.ts";
import { positionText } from "./layout/position.ts";
import { patienceOf } from "./patience.ts";
import { readCommits } from "./read/commits.ts";
import { readLog } from "./read/read-log.ts";
import { streamReader } from "./read/stream-reader.ts";
import { subscribeToLog } from "./read/subscribe.ts";
import { steadyTimers, type Timers } from "./timers.ts";

export type EventStoreDbOptions = StoreSettings &
  (
    | {
        /** As people have it, or as `parseAddress` gives it. Its `ledger` tells the ledgers of one server apart. */
        readonly url: string | ServerAddress;
        /** How long one call may take, in milliseconds. @defaultValue what the address says, else 5000 */
        readonly deadlineMs?: number;
      }
    | {
        /** The store's own from now on: closed with it. */
        readonly gateway: Gateway;
      }
  );

export interface StoreSettings {
  /** Tells the ledgers of one server apart. @defaultValue `ledger` of the address, else "": the one without a name */
  readonly namespace?: string;
  /**
   * How long an append is resolved before its outcome is said to be unknown, in milliseconds; a call that is under way then is
   * waited for. @defaultValue 20000: several of the server's own timeouts
   */
  readonly budgetMs?: number;
  /** How long a read is tried again while a server that has answered before does not, in milliseconds. @defaultValue 10000 */
  readonly patienceMs?: number;
  /** Events that are read in one call. @defaultValue 512 */
  readonly pageSize?: number;
  readonly timers?: Timers;
  readonly randomness?: Randomness;
}

/** Opens a ledger on a server. Asks the server nothing yet. Throws `STORE_UNAVAILABLE` for an address that cannot be used. */
export const openEventStoreDb = async (options: EventStoreDbOptions): Promise<EventStore> => {
  if ("gateway" in options) return storeOver(options.gateway, options);
  const { url, deadlineMs, timers } = options;
  try {
    const address = typeof url === "string" ? parseAddress(url) : url;
    const gateway = await openGateway({
      url: address,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      ...(timers === undefined ? {} : { timers }),
    });
    return storeOver(gateway, {
      ...options,
      ...(address.ledger === undefined || options.namespace !== undefined
        ? {}
        : { namespace: address.ledger }),
    });
  } catch (error) {
    throw error instanceof GatewayFailure && error.kind === "refused"
      ? unusable(error)
      : faultOf(error, "not_written");
  }
};

const storeOver = (
  gateway: Gateway,
  {
    namespace = "",
    budgetMs = 20_000,
    patienceMs = 10_000,
    pageSize = 512,
    timers = steadyTimers,
    randomness = systemRandomness,
  }: StoreSettings,
): EventStore => {
  const closing = new AbortController();
  // Every wait of every command listens, and Node warns of more than ten.
  setMaxListeners(0, closing.signal);
  const names = streamNames(namespace);
  const index = commandIndex({ now: timers.now });
  const patience = patienceOf({ timers, randomness, patienceMs, closing: closing.signal });
  const reader = streamReader({ gateway, names, patience, index, timers, pageSize });
  const catalogue = openCatalogue({
    gateway,
    names,
    patience,
    timers,
    randomness,
    pageSize,
    closing: closing.signal,
  });
  const turns = streamTurns();
  const setup = { gateway, names, reader, index, catalogue, patience, timers, randomness, budgetMs };
  const place = placeCommit({ ...setup, closing: closing.signal });
  const ensureOpen = (): void => {
    if (closing.signal.aborted) throw storeClosed();
  };
  const log = { gateway, names, catalogue, patience, pageSize, ensureOpen, closing: closing.signal };

  /** Every error of a call that writes nothing, as one of ours. */
  const look = async <A>(
    task: () => Promise<A>,
    details: Readonly<Record<string, unknown>> = {},
  ): Promise<A> => {
    ensureOpen();
    try {
      return await task();
    } catch (error) {
      throw closing.signal.aborted ? storeClosed() : faultOf(error, "not_written", details);
    }
  };
  async function* looking<A>(
    events: AsyncGenerator<A>,
    { signal, ...details }: { readonly signal: CancelSignal | undefined; readonly stream?: string },
  ): AsyncGenerator<A> {
    ensureOpen();
    try {
      yield* events;
    } catch (error) {
      if (signal?.aborted) signal.throwIfAborted();
      throw closing.signal.aborted ? storeClosed() : faultOf(error, "not_written", details);
    }
  }

  async function* readPages(
    stream: string,
    { after, to, signal }: ReadOptions = {},
  ): AsyncGenerator<EventBatch> {
    const pages = reader.pages(stream, {
      ...(after === undefined ? {} : { after }),
      ...(to === undefined ? {} : { to }),
      ...(signal === undefined ? {} : { signal }),
    });
    for await (const page of looking(pages, { stream, signal })) yield page.map(({ recorded }) => recorded);
  }

  const store: EventStore = {
    supports: { durable: true, multiProcess: true, decidesUnderLock: false, byteReadback: false },
    append: async (request) => {
      ensureOpen();
      const { signal } = request;
      signal?.throwIfAborted();
      const { stream, commandId } = request.commit;
      const since = timers.now();
      // Two identical appends that overlap would be dropped by the server without an answer.
      const limit = limitOf({ withinMs: budgetMs, timers, ...(signal === undefined ? {} : { signal }) });
      const leave = await turns.enter(stream, limit.signal);
      limit.end();
      if (leave !== undefined)
        try {
          return await place(request, timers.now() - since);
        } finally {
          leave();
        }
      signal?.throwIfAborted();
      throw noTurn(stream, commandId);
    },
    readBack: async (appended) => {
      if (closing.signal.aborted) throw storeClosed("unknown");
      const proven = await readBackFrom(setup, appended);
      if (appended.commit.firstRevision === 0) catalogue.begun(appended.commit.stream);
      return proven;
    },
    confirm: (stream, head) => look(() => confirmHead(reader, stream, head), { stream }),
    findCommand: (stream, commandId) =>
      look(
        async () => {
          const { revision } = await reader.find(stream, commandId);
          if (revision === undefined) return undefined;
          return storedCommit(setup, stream, commandId, revision, 1, timers.now() + patienceMs);
        },
        { stream, commandId },
      ),
    // A gateway of the host's may answer at once, each time.
    ...readingInTurns({
      read: readPages,
      readAll: (options = {}) => looking(readLog(log, options), { signal: options.signal }),
    }),
    commits: (stream, options = {}) =>
      looking(readCommits(reader, stream, options), { stream, signal: options.signal }),
    scan: (stream, options, sink) => scanByReading(store, stream, options, sink),
    subscribe: (options = {}) => looking(subscribeToLog(log, options), { signal: undefined }),
    end: () =>
      look(async () => {
        const [last] = await patience.patiently(() =>
          gateway.readAll({ from: "end", direction: "backwards", maxCount: 1 }),
        );
        return last?.position === undefined ? undefined : positionText(last.position);
      }),
    streams: (category) => look(() => catalogue.streams(category)),
    head: (stream) =>
      look(
        async () => {
          const end = await reader.end(stream);
          return { revision: end?.recorded.revision ?? -1, digest: end?.recorded.digest ?? null };
        },
        { stream },
      ),
    close: async () => {
      if (closing.signal.aborted) return;
      closing.abort(storeClosed());
      await catalogue.close();
      await gateway.close();
    },
  };
  return store;
};

const noTurn = (stream: string, commandId: string): StoreFault =>
  new StoreFault("TIMEOUT", `appends before it kept ${stream} busy the whole time`, {
    outcome: "not_written",
    retryable: true,
    hint: "See with `mled doctor` how the server is, then try again.",
    details: { stream, commandId },
  });

const unusable = (failure: GatewayFailure): StoreFault =>
  new StoreFault("STORE_UNAVAILABLE", failure.message, {
    outcome: "not_written",
    retryable: false,
    hint: "Correct the address of the server; docs/how-to/run-on-eventstoredb.md shows what it may say.",
    details: failure.details,
    cause: failure,
  });

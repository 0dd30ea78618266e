/** A server without a wire, virtual time, and stores as several processes would open them; with a hand that writes. */
import {
  type Appended,
  type Commit,
  type Conflict,
  digestOf,
  type EventStore,
  emptyHead,
  type RecordedEvent,
  type StreamHead,
  sealCommit,
} from "@mission-ledger/core";
import { expectedAfter, seededRandomness } from "@mission-ledger/testkit";
import { openEventStoreDb, type StoreSettings } from "../event-store-db.ts";
import type {
  AllRequest,
  Gateway,
  GatewayAppend,
  GatewayAppended,
  RangeRead,
  RangeRequest,
  StoredEvent,
} from "../gateway-port.ts";
import { type MemoryServer, memoryServer } from "./memory-server.ts";
import { type VirtualTimers, virtualTimers } from "./virtual-timers.ts";

export const stream = "mission-m1";

/** What a test puts between a store and its server. */
export interface Between {
  append?(request: GatewayAppend, send: () => Promise<GatewayAppended>): Promise<GatewayAppended>;
  readRange?(request: RangeRequest, send: () => Promise<RangeRead>): Promise<RangeRead>;
  readAll?(request: AllRequest, send: () => Promise<readonly StoredEvent[]>): Promise<readonly StoredEvent[]>;
}

export interface World {
  readonly timers: VirtualTimers;
  readonly server: MemoryServer;
  /** Another process. */
  open(between?: Between, settings?: StoreSettings): Promise<EventStore>;
  /** Lets time pass until it settles. */
  until<A>(promise: Promise<A>): Promise<A>;
  /** Types of the events that stand on the server under a name of the ledger, as `command@revision`. */
  stands(name?: string): readonly string[];
}

export const openWorld = (): World => {
  const timers = virtualTimers();
  const server = memoryServer({ timers, randomness: seededRandomness(1) });
  let processes = 0;
  return {
    timers,
    server,
    open: (between = {}, settings = {}) => {
      processes += 1;
      const inner = server.gateway();
      const gateway: Gateway = {
        ...inner,
        append: (request) => between.append?.(request, () => inner.append(request)) ?? inner.append(request),
        readRange: (request) =>
          between.readRange?.(request, () => inner.readRange(request)) ?? inner.readRange(request),
        readAll: (request) =>
          between.readAll?.(request, () => inner.readAll(request)) ?? inner.readAll(request),
      };
      return openEventStoreDb({ gateway, timers, randomness: seededRandomness(processes), ...settings });
    },
    until: (promise) => timers.until(promise, 600_000),
    stands: (name = stream) =>
      server.log
        .stream(name)
        .map(({ metadata, revision }) => `${(metadata as { commandId: string }).commandId}@${revision}`),
  };
};

export interface CommitWish {
  readonly stream?: string;
  readonly events?: number;
  /** Tells one command from another under the same id. @defaultValue the id */
  readonly asked?: string;
  readonly recordedAt?: string;
}

export const commitOn = (head: StreamHead, commandId: string, wish: CommitWish = {}): Commit => {
  const { stream: name = stream, events = 1, asked = commandId } = wish;
  const { recordedAt = "2026-01-02T03:04:05.678Z" } = wish;
  return sealCommit(
    head,
    { stream: name, commandId, commandDigest: digestOf({ asked }), recordedAt, actor: "ana" },
    Array.from({ length: events }, (_, index) => ({ type: "Noted", version: 1, data: { commandId, index } })),
  );
};

export const tryPut = (
  store: EventStore,
  head: StreamHead,
  commandId: string,
  wish: CommitWish & { readonly isFresh?: boolean } = {},
): Promise<Appended | Conflict> =>
  store.append({
    commit: commitOn(head, commandId, wish),
    expected: expectedAfter(head),
    ...(wish.isFresh === true ? { hasFreshId: true } : {}),
  });

export const put = async (
  store: EventStore,
  head: StreamHead,
  commandId: string,
  wish: CommitWish & { readonly isFresh?: boolean } = {},
): Promise<StreamHead> => {
  const appended = await tryPut(store, head, commandId, wish);
  if (appended._tag === "Conflict") throw new Error(`a conflict at ${appended.actual.revision}`);
  await store.readBack(appended);
  return appended.head;
};

/** A stream of so many commits of one event each, by a process of its own. */
export const filled = async (world: World, count: number, name = stream): Promise<StreamHead> => {
  const store = await world.open();
  let head: StreamHead = emptyHead;
  for (let index = 0; index < count; index += 1)
    head = await world.until(put(store, head, `before-${index}`, { stream: name, isFresh: true }));
  await world.until(store.close());
  return head;
};

export const all = async (
  batches: AsyncIterable<readonly RecordedEvent[]>,
): Promise<readonly RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const batch of batches) events.push(...batch);
  return events;
};

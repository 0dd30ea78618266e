/**
 * A server without a wire, behind as many gateways as a test opens: requests and replies take time, overlap, get lost, come late;
 * each as a seed says. Follows the facts about EventStoreDB, and on top of them does what no server should.
 */
import type { CancelSignal, Randomness } from "@mission-ledger/core";
import type { Fault, FaultOrder } from "@mission-ledger/wire-server";
import {
  type Gateway,
  type GatewayAppend,
  type GatewayAppended,
  GatewayFailure,
  type GatewayFailureKind,
  type LogPosition,
  type RangeRead,
  type StoredEvent,
  type SubscriptionNews,
} from "../gateway-port.ts";
import { isBehind } from "../layout/position.ts";
import { pause, type Timers } from "../timers.ts";
import { type MemoryLog, memoryLog } from "./memory-log.ts";

export interface MemoryServerOptions {
  readonly timers: Timers;
  readonly randomness: Randomness;
  /** Longest way of a request or a reply, in milliseconds. @defaultValue 3 */
  readonly latencyMs?: number;
  /** Of each call, on the client's side. @defaultValue 5000 */
  readonly deadlineMs?: number;
  /** After which a write that cannot be finished is answered with a timeout. @defaultValue 2000 */
  readonly commitTimeoutMs?: number;
}

export interface MemoryServer {
  readonly log: MemoryLog;
  gateway(): Gateway;
  strike(order: FaultOrder): void;
  calm(): void;
  /** How many appends are being worked on at once, at most, with the same first id, from the same gateway. */
  mostIdentical(): number;
  /** Calls that were made, by name. */
  calls(): { readonly append: number; readonly readRange: number; readonly readAll: number };
}

interface Order {
  readonly order: FaultOrder;
  left: number;
  passes: number;
}

const failed = (kind: GatewayFailureKind, isDefinite: boolean): GatewayFailure =>
  new GatewayFailure(kind, `the server said ${kind}`, { isDefinite });

export const memoryServer = ({
  timers,
  randomness,
  latencyMs = 3,
  deadlineMs = 5_000,
  commitTimeoutMs = 2_000,
}: MemoryServerOptions): MemoryServer => {
  const log = memoryLog();
  let orders: Order[] = [];
  /** Writes that are being replicated: identical ones that come meanwhile are dropped. */
  const underWay = new Set<string>();
  /** Positions that readers do not see yet. */
  const unseen = new Set<string>();
  const calls = { append: 0, readRange: 0, readAll: 0 };
  const identical = new Map<string, number>();
  let mostIdentical = 0;
  const listeners = new Set<() => void>();

  const way = async (): Promise<void> => {
    if (latencyMs > 0) await pause(timers, randomness.fraction() * latencyMs);
  };
  const strikes = (at: FaultOrder["at"], stream: string): Fault | undefined => {
    for (const one of orders) {
      const { order } = one;
      if (one.left <= 0 || order.at !== at || (order.stream !== undefined && !order.stream(stream))) continue;
      if (one.passes > 0) {
        one.passes -= 1;
        continue;
      }
      one.left -= 1;
      return order.fault;
    }
    return undefined;
  };
  const keyOf = ({ stream, events }: GatewayAppend): string => `${stream}/${events[0]?.id}`;

  /** Writes, and shows it to readers once it is replicated. */
  const write = async (request: GatewayAppend): Promise<GatewayAppended> => {
    const key = keyOf(request);
    if (underWay.has(key)) {
      await pause(timers, commitTimeoutMs);
      throw failed("server_timeout", false);
    }
    underWay.add(key);
    const before = log.stream(request.stream).length;
    const written = log.write(request.stream, request.expected, request.events);
    const fresh = log
      .stream(request.stream)
      .slice(before)
      .map(({ position }) => String(position?.commit));
    for (const position of fresh) unseen.add(position);
    await way();
    for (const position of fresh) unseen.delete(position);
    underWay.delete(key);
    for (const wake of [...listeners]) wake();
    switch (written._tag) {
      case "Deleted":
        throw failed("stream_deleted", true);
      case "WrongRevision":
        return written;
      case "Written":
        return {
          _tag: "Acknowledged",
          revision: written.revision,
          ...(written.position === undefined ? {} : { position: written.position }),
        };
    }
  };

  const never = <A>(): Promise<A> => new Promise<A>(() => {});

  const lie = async (
    request: GatewayAppend,
    about: "revision" | "nothing_stored" | "other_content",
  ): Promise<GatewayAppended> => {
    switch (about) {
      case "nothing_stored": {
        const { length } = log.stream(request.stream);
        return { _tag: "Acknowledged", revision: BigInt(length - 1 + request.events.length) };
      }
      case "revision": {
        const answer = await write(request);
        return answer._tag === "Acknowledged" ? { ...answer, revision: answer.revision + 7n } : answer;
      }
      case "other_content": {
        const changed = request.events.map((event) => ({ ...event, data: { ...event.data, changed: true } }));
        return write({ ...request, events: changed });
      }
    }
  };

  const answerAppend = async (request: GatewayAppend): Promise<GatewayAppended> => {
    await way();
    const fault = strikes("append", request.stream);
    switch (fault?.kind) {
      case "lose_reply":
        await write(request);
        return never();
      case "commit_then_cut":
        await write(request);
        throw failed(fault.how === "rst" ? "unavailable" : "unknown", false);
      case "cut":
        throw failed("unavailable", false);
      case "silence":
        return never();
      case "arrive_late":
      case "delay": {
        await pause(timers, fault.ms);
        return write(request);
      }
      case "commit_later": {
        const key = keyOf(request);
        if (!underWay.has(key)) {
          underWay.add(key);
          timers.after(fault.ms, () => {
            underWay.delete(key);
            void write(request).catch(() => {});
          });
        }
        await pause(timers, fault.timeoutMs ?? commitTimeoutMs);
        throw failed("server_timeout", false);
      }
      case "not_leader":
        throw failed("not_leader", true);
      case "not_ready":
        throw failed("unavailable", false);
      case "access_denied":
        throw failed("access_denied", true);
      case "lie":
        return lie(request, fault.about);
      case "reply_twice":
      case "stale":
      case "truncate":
      case "slow":
      case undefined:
    }
    const answer = await write(request);
    await way();
    return answer;
  };

  const isSeen = ({ position }: StoredEvent): boolean => !unseen.has(String(position?.commit));

  /** What happens to a read, given what it would have shown. */
  const answerRead = async (
    stream: string,
    at: "read" | "subscribe",
    show: (hidden: number) => readonly StoredEvent[] | undefined,
  ): Promise<readonly StoredEvent[] | undefined> => {
    await way();
    const fault = strikes(at, stream);
    const shown = (hidden = 0): readonly StoredEvent[] | undefined => {
      try {
        return show(hidden);
      } catch (error) {
        if (error === "deleted") throw failed("stream_deleted", true);
        throw error;
      }
    };
    switch (fault?.kind) {
      case "lose_reply":
      case "silence":
        return never();
      case "commit_then_cut":
      case "cut":
        throw failed("unavailable", true);
      case "delay":
        await pause(timers, fault.ms);
        return shown();
      case "not_leader":
        throw failed("not_leader", true);
      case "not_ready":
        throw failed("unavailable", true);
      case "access_denied":
        throw failed("access_denied", true);
      case "stale":
        return shown(fault.events);
      case "truncate":
        return shown()?.slice(0, fault.events);
      case "slow": {
        const events = shown();
        await pause(timers, fault.ms * (events?.length ?? 1));
        return events;
      }
      case "arrive_late":
      case "commit_later":
      case "lie":
      case "reply_twice":
      case undefined:
    }
    const events = shown();
    await way();
    return events;
  };

  const gateway = (): Gateway => {
    let closed = false;
    const id = randomness.uuid();
    const inTime = async <A>(task: Promise<A>, isDefinite: boolean): Promise<A> => {
      task.catch(() => {});
      let callOff = (): void => {};
      try {
        return await Promise.race([
          task,
          new Promise<never>((_, reject) => {
            callOff = timers.after(deadlineMs, () => reject(failed("deadline", isDefinite)));
          }),
        ]);
      } finally {
        callOff();
      }
    };
    const ensureOpen = (): void => {
      if (closed) throw failed("closed", true);
    };
    return {
      append: async (request) => {
        ensureOpen();
        calls.append += 1;
        const key = `${id}/${keyOf(request)}`;
        const now = (identical.get(key) ?? 0) + 1;
        identical.set(key, now);
        mostIdentical = Math.max(mostIdentical, now);
        try {
          return await inTime(answerAppend(copyOf(request)), false);
        } finally {
          identical.set(key, (identical.get(key) ?? 1) - 1);
        }
      },
      readRange: async ({ stream, from, direction, maxCount }): Promise<RangeRead> => {
        ensureOpen();
        calls.readRange += 1;
        const events = await inTime(
          answerRead(stream, "read", (hidden) => {
            const seen = log.visible(stream)?.filter(isSeen);
            const left = seen?.slice(0, seen.length - hidden);
            if (
              left === undefined ||
              (left.length === 0 && log.stream(stream).filter(isSeen).length <= hidden)
            )
              return undefined;
            if (direction === "backwards")
              return left
                .filter(({ revision }) => from === "end" || from === "start" || revision <= from)
                .slice(-maxCount)
                .reverse();
            return left
              .filter(({ revision }) => from === "start" || (from !== "end" && revision >= from))
              .slice(0, maxCount);
          }),
          true,
        );
        return events === undefined ? { _tag: "Missing" } : { _tag: "Events", events: copyOf(events) };
      },
      readAll: async ({ from, direction, maxCount }) => {
        ensureOpen();
        calls.readAll += 1;
        const events = await inTime(
          answerRead("$all", "read", (hidden) => {
            const seen = log.all().filter(isSeen);
            const left = seen.slice(0, seen.length - hidden);
            if (direction === "backwards") return left.slice(-maxCount).reverse();
            return left
              .filter(({ position }) => typeof from === "string" || !isBehind(from, position as LogPosition))
              .slice(0, maxCount);
          }),
          true,
        );
        return copyOf(events ?? []);
      },
      async *subscribe({ after, prefixes, signal }): AsyncGenerator<SubscriptionNews> {
        ensureOpen();
        let reached = typeof after === "string" ? undefined : after;
        const isMeant = ({ stream }: StoredEvent): boolean =>
          !stream.startsWith("$") && (prefixes?.some((prefix) => stream.startsWith(prefix)) ?? true);
        while (!closed && !signal?.aborted) {
          const woken = nextWrite(signal);
          const events = await inTime(
            answerRead("$all", "subscribe", () => log.all().filter(isSeen)),
            true,
          );
          for (const event of events ?? []) {
            const position = event.position as LogPosition;
            if (reached !== undefined && !isBehind(position, reached)) continue;
            reached = position;
            if (isMeant(event)) yield { _tag: "Event", event: copyOf(event) };
            else yield { _tag: "Checkpoint", position };
          }
          yield { _tag: "CaughtUp" };
          await woken;
        }
      },
      close: async () => {
        closed = true;
        for (const wake of [...listeners]) wake();
      },
    };
  };
  const nextWrite = (signal: CancelSignal | undefined): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        listeners.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      listeners.add(wake);
      signal?.addEventListener("abort", wake);
    });

  return {
    log,
    gateway,
    strike: (order) => {
      orders.push({ order, left: order.times ?? 1, passes: order.after ?? 0 });
    },
    calm: () => {
      orders = [];
    },
    mostIdentical: () => mostIdentical,
    calls: () => ({ ...calls }),
  };
};

/** Nobody reaches into the log through an object they gave or were given. */
const copyOf = <A>(value: A): A => structuredClone(value);

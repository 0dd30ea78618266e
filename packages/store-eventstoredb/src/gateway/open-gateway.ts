/**
 * Opens the door to a server or a cluster over the client for EventStoreDB.
 * Promises: every call ends by its own deadline; appends take the one path that has one; everything is asked of the leader; no
 * message holds a password, a payload or an address as it was given. Does not promise: that somebody is there. Nothing is connected yet.
 */
import type { ServerAddress } from "../address/address.ts";
import { parseAddress } from "../address/parse-address.ts";
import type { Gateway } from "../gateway-port.ts";
import { datedTimers, type Timers } from "../timers.ts";
import { append } from "./append.ts";
import { openConnection } from "./connection.ts";
import { readAll, readRange } from "./read.ts";
import { subscribe } from "./subscribe.ts";

export interface GatewayOptions {
  /** As people have it, or as `parseAddress` gives it. */
  readonly url: string | ServerAddress;
  /**
   * How long a call may take, in milliseconds; of a subscription, how long it may take to begin.
   * @defaultValue `defaultDeadline` of the address, else 5000
   */
  readonly deadlineMs?: number;
  /** @defaultValue the system's */
  readonly timers?: Timers;
}

export const defaultDeadlineMs = 5000;

/** Throws a `GatewayFailure` `refused` for an address that cannot be read, or a certificate's file that is not there. */
export const openGateway = async ({
  url,
  deadlineMs,
  timers = datedTimers,
}: GatewayOptions): Promise<Gateway> => {
  const address = typeof url === "string" ? parseAddress(url) : url;
  const limitMs = deadlineMs ?? address.deadlineMs ?? defaultDeadlineMs;
  // Longer ones fire at once: a timer holds 31 bits.
  if (!(limitMs >= 1 && limitMs < 2 ** 31)) throw new TypeError("deadlineMs has to be from 1 to 2147483647");
  const connection = await openConnection({ address, deadlineMs: limitMs, timers });
  return {
    append: (request) => append(connection, request),
    readRange: (request) => readRange(connection, request),
    readAll: (request) => readAll(connection, request),
    subscribe: (request) => subscribe(connection, request),
    close: () => connection.close(),
  };
};

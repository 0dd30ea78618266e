/** One way to a server or a cluster: every call over it has a deadline, can be ended from here, and fails in our words. */
import type { CancelSignal } from "@mission-ledger/core";
import { describeHost, type ServerAddress, type ServerHost } from "../address/address.ts";
import type { GatewayFailure } from "../gateway-port.ts";
import type { Timers } from "../timers.ts";
import { type Certificates, certificatesOf } from "./certificates.ts";
import { type CallCredentials, createClient, type GuardedClient } from "./client.ts";
import { type Asked, failure, failureOf, secretsOf } from "./failures.ts";
import { leaderFinder } from "./leader.ts";
import { type WireCall, wireCall } from "./wire-call.ts";

export interface CallRequest {
  readonly call: string;
  readonly writes?: boolean;
  /** Asked without the account: of a node before it is known to be the right one. */
  readonly isAnonymous?: boolean;
  readonly stream?: string;
  readonly deadlineMs?: number;
  readonly signal?: CancelSignal;
}

/** One call, as it is made: the client, the account that binds it to its guard, and the guard. */
export interface CallPlace {
  readonly client: GuardedClient;
  readonly credentials: CallCredentials;
  readonly wire: WireCall;
  fail(error: unknown): GatewayFailure;
}

export interface Connection {
  readonly address: ServerAddress;
  readonly timers: Timers;
  readonly deadlineMs: number;
  /**
   * Makes a call and waits for it until its deadline, its signal or the end of the connection. Throws a `GatewayFailure`, or what
   * the signal throws. Whatever the client does with the call afterwards is nobody's business any more.
   */
  call<Answer>(request: CallRequest, make: (place: CallPlace) => Promise<Answer>): Promise<Answer>;
  /** For a call that goes on for as long as somebody listens: its guard and its end are the caller's. */
  place(request: CallRequest, wire: WireCall, deadlineMs?: number): CallPlace;
  asked(request: CallRequest): Asked;
  /** Registers what has to end with the connection; answers how to take it out again. */
  whenClosed(task: () => void): () => void;
  close(): Promise<void>;
}

export interface ConnectionOptions {
  readonly address: ServerAddress;
  readonly deadlineMs: number;
  readonly timers: Timers;
  /** @defaultValue what the files hold that the address names */
  readonly certificates?: Certificates;
}

export const openConnection = async ({
  address,
  deadlineMs,
  timers,
  certificates,
}: ConnectionOptions): Promise<Connection> => {
  const files = certificates ?? (await certificatesOf(address));
  const server = address.hosts.map(describeHost).join(",");
  const secrets = secretsOf(address.credentials);
  const toClose = new Set<() => void>();
  let isClosed = false;
  /** Named by a node that does not lead; good for one connection. */
  let hint: ServerHost | undefined;

  const asked = ({ call, writes = false, stream }: CallRequest): Asked => ({
    call,
    writes,
    server,
    secrets,
    ...(stream === undefined ? {} : { stream }),
  });

  const whenClosed = (task: () => void): (() => void) => {
    if (isClosed) task();
    else toClose.add(task);
    return () => toClose.delete(task);
  };

  const leader = leaderFinder({
    address,
    timers,
    whenClosed,
    ask: async (host, timeoutMs) => {
      const node = await openConnection({
        address: { ...address, hosts: [host], isCluster: false },
        deadlineMs: timeoutMs,
        timers,
        certificates: files,
      });
      const leave = whenClosed(() => void node.close());
      try {
        return await node.call({ call: "gossip", isAnonymous: true }, ({ client: asking, credentials }) =>
          asking.gossip(credentials),
        );
      } finally {
        leave();
        await node.close();
      }
    },
  });

  const route = async (): Promise<ServerHost> => {
    if (isClosed) throw failure("closed", asked({ call: "connect" }), { isDefinite: true });
    const named = hint;
    hint = undefined;
    if (named !== undefined) return named;
    const [only] = address.hosts;
    if (!address.isCluster && only !== undefined) return only;
    const found = await leader.find();
    if (found === undefined)
      throw failure("unavailable", asked({ call: "find the leader" }), {
        isDefinite: true,
        details: { reason: "no_leader" },
      });
    return found;
  };

  const client = await createClient({ address, route, ...files });

  const place = (request: CallRequest, wire: WireCall, limitMs = Number.POSITIVE_INFINITY): CallPlace => ({
    client,
    credentials: client.guard(wire, limitMs, { isAnonymous: request.isAnonymous === true }),
    wire,
    fail: (error) => {
      const end = wire.end();
      if (end?.leader !== undefined) hint = end.leader;
      return failureOf(error, end, asked(request));
    },
  });

  const call = <Answer>(
    request: CallRequest,
    make: (place: CallPlace) => Promise<Answer>,
  ): Promise<Answer> => {
    const about = asked(request);
    const { signal, deadlineMs: limitMs = deadlineMs } = request;
    return new Promise<Answer>((resolve, reject) => {
      signal?.throwIfAborted();
      if (isClosed) throw failure("closed", about, { isDefinite: true });
      let wire = wireCall();
      let isOver = false;
      const settle = (): void => {
        isOver = true;
        stopTimer();
        leave();
        signal?.removeEventListener("abort", onAbort);
      };
      const giveUp = (reason: unknown, reconnects: boolean): void => {
        settle();
        reject(reason);
        wire.cancel({ reconnects });
      };
      const onAbort = (): void => {
        try {
          signal?.throwIfAborted();
        } catch (reason) {
          giveUp(reason, false);
        }
      };
      const stopTimer = timers.after(limitMs, () =>
        giveUp(
          failure("deadline", about, { isDefinite: !wire.hasBegun(), details: { deadlineMs: limitMs } }),
          true,
        ),
      );
      const leave = whenClosed(() =>
        giveUp(failure("closed", about, { isDefinite: !wire.hasBegun() }), false),
      );
      signal?.addEventListener("abort", onAbort);
      const begin = (triesLeft: number): void => {
        wire = wireCall();
        const there = place(request, wire, limitMs);
        make(there).then(
          (answer) => {
            settle();
            resolve(answer);
          },
          (error: unknown) => {
            if (isOver) return;
            if (wire.end()?.lostChannel === true && triesLeft > 0) return begin(triesLeft - 1);
            settle();
            reject(there.fail(error));
          },
        );
      };
      begin(maxLostChannels);
    });
  };

  return {
    address,
    timers,
    deadlineMs,
    call,
    place,
    asked,
    whenClosed,
    close: () => {
      isClosed = true;
      for (const task of [...toClose]) task();
      toClose.clear();
      return client.shut();
    },
  };
};

/**
 * The client closes a channel a few turns after the error that made it do so, and whatever was begun meanwhile is lost with it
 * before it is sent. It is begun again on the next channel; so often, because each of several failed calls may take one along.
 */
export const maxLostChannels = 10;

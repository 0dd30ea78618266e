/**
 * A live subscription as an iteration that ends when the connection does. What the server says between events (caught up, searched
 * up to here) keeps its place among them: the client tells it at once, before the events that it still holds back.
 */
import type { AllStreamResolvedEvent, AllStreamSubscription } from "@eventstore/db-client";
import type { GatewayFailure, SubscribeRequest, SubscriptionNews } from "../gateway-port.ts";
import { type Connection, maxLostChannels } from "./connection.ts";
import { failure } from "./failures.ts";
import { storedEvent } from "./read.ts";
import { type WireMessage, wireCall } from "./wire-call.ts";

/** Failures that the next subscription would end with as well; they are thrown. Every other end is told by ending. */
const lasting: ReadonlySet<string> = new Set(["access_denied", "not_authenticated", "refused", "closed"]);

/** Times the server's window of 32 events: how many it looks at between two checkpoints. */
const checkpointInterval = 32;

export const subscribe = (
  connection: Connection,
  request: SubscribeRequest,
): AsyncIterable<SubscriptionNews> => ({
  [Symbol.asyncIterator]: () => {
    const subscription = open(connection, request);
    const news = subscription.news();
    return {
      next: () => news.next(),
      // A generator that waits for news would take its end for one more wish behind them.
      return: () => {
        subscription.stop();
        return news.return(undefined);
      },
    };
  },
});

const defaultIdleMs = 60_000;

interface End {
  readonly failure?: GatewayFailure;
}

interface OpenSubscription {
  news(): AsyncGenerator<SubscriptionNews, undefined, undefined>;
  stop(): void;
}

const open = (
  connection: Connection,
  { after, prefixes, idleMs = defaultIdleMs, signal }: SubscribeRequest,
): OpenSubscription => {
  const call = { call: "subscribe" };
  const markers: { readonly behind: number; readonly news: SubscriptionNews }[] = [];
  let arrived = 0;
  let hasBegun = false;
  let hasHeard = false;
  let ended: End | undefined;
  let wire = wireCall();
  let stream: AllStreamSubscription | undefined;
  let wake = (): void => {};
  let leave = (): void => {};

  const ending = (): End | undefined => ended;
  const finish = (reason: End, reconnects = false): void => {
    if (ended !== undefined) return;
    ended = reason;
    stopTimer();
    leave();
    signal?.removeEventListener("abort", stop);
    wire.cancel({ reconnects });
    wake();
  };
  const stop = (): void => finish({});

  const onMessage = (message: WireMessage): void => {
    if (!hasBegun) {
      hasBegun = true;
      stopTimer();
      watchSilence();
    }
    hasHeard = true;
    switch (message._tag) {
      case "Confirmation":
        return;
      case "Event":
        arrived += 1;
        return;
      case "CaughtUp":
        markers.push({ behind: arrived, news: { _tag: "CaughtUp" } });
        break;
      case "Checkpoint": {
        const { commit, prepare } = message;
        markers.push({ behind: arrived, news: { _tag: "Checkpoint", position: { commit, prepare } } });
        break;
      }
    }
    wake();
  };
  /** Looks now and then whether there was news since, which costs less than a timer for each event. */
  const watchSilence = (): void => {
    hasHeard = false;
    stopTimer = connection.timers.after(idleMs, () => {
      if (hasHeard) watchSilence();
      else stop();
    });
  };
  let stopTimer = connection.timers.after(connection.deadlineMs, () =>
    finish({ failure: failure("deadline", connection.asked(call), { isDefinite: true }) }, true),
  );
  signal?.addEventListener("abort", stop);
  // Called at once where the connection is closed already.
  leave = connection.whenClosed(() =>
    finish({ failure: failure("closed", connection.asked(call), { isDefinite: true }) }),
  );

  const begin = (triesLeft: number): void => {
    wire = wireCall({ onMessage });
    const mine = wire;
    const place = connection.place(call, wire);
    const begun = place.client.subscribeToAll({
      fromPosition: after,
      filter:
        prefixes === undefined
          ? { filterOn: "eventType", regex: "^[^$].*", checkpointInterval }
          : { filterOn: "streamName", prefixes: [...prefixes], checkpointInterval },
      requiresLeader: true,
      credentials: place.credentials,
    });
    const wasLost = (): boolean => mine.end()?.lostChannel === true && triesLeft > 0;
    begun.on("error", (error: unknown) => {
      if (ended === undefined && wasLost()) begin(triesLeft - 1);
      else finish({ failure: place.fail(error) });
    });
    const over = (): void => {
      if (!wasLost()) stop();
    };
    begun.on("end", over);
    begun.on("close", over);
    begun.on("readable", () => wake());
    stream = begun;
  };

  const news = async function* (): AsyncGenerator<SubscriptionNews, undefined, undefined> {
    if (signal?.aborted === true) stop();
    if (ending() === undefined) begin(maxLostChannels);
    let delivered = 0;
    try {
      for (;;) {
        const next = markers[0];
        if (next !== undefined && next.behind <= delivered) {
          markers.shift();
          yield next.news;
          continue;
        }
        const resolved = stream?.read() as AllStreamResolvedEvent | null | undefined;
        if (resolved !== null && resolved !== undefined) {
          delivered += 1;
          const event = storedEvent(resolved);
          if (event !== undefined) yield { _tag: "Event", event };
          continue;
        }
        if (ending() !== undefined) break;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      stop();
    }
    const reason = ending()?.failure;
    if (reason !== undefined && lasting.has(reason.kind)) throw reason;
  };
  return { news, stop };
};

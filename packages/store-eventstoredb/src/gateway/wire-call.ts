/**
 * A guard between the client and one call on the wire. It sees what the client does not tell (the status a call ended with, the
 * order of messages), ends the call when nobody waits for it any more, and keeps from the client what it would throw on outside of
 * every promise: trailers that lack what they should name, an event without an id, a channel that was closed a moment ago.
 */

/** How a call ended on the wire. */
export interface CallEnd {
  readonly code: number;
  readonly text: string;
  /** The server's own name for it. */
  readonly exception?: string;
  /** Who leads, where another node answered and knows. */
  readonly leader?: { readonly host: string; readonly port: number };
  /** How many bytes the server takes at most, where it was too much. */
  readonly maxBytes?: number;
  /** Whether the request never left: there was no connection to send it on. */
  readonly neverLeft: boolean;
  /** Whether that is because the client gave the connection up a moment before, as it does after an error; the next call makes a new one. */
  readonly lostChannel: boolean;
}

/** What the client lets pass through its calls; the part of grpc's types that is used here. */
interface Trailers {
  getMap(): Record<string, unknown>;
  set(key: string, value: string): void;
  remove(key: string): void;
}
interface Status {
  readonly code: number;
  readonly details: string;
  readonly metadata: Trailers;
}
interface Listener {
  onReceiveMetadata(metadata: Trailers): void;
  onReceiveMessage(message: unknown): void;
  onReceiveStatus(status: Status): void;
}
interface Call {
  cancelWithStatus(code: number, text: string): void;
  getPeer(): string;
  start(metadata: Trailers, listener: Listener): void;
  sendMessageWithContext(context: unknown, message: unknown): void;
  sendMessage(message: unknown): void;
  startRead(): void;
  halfClose(): void;
  getAuthContext(): unknown;
}
type NextCall<Options> = (options: Options) => Call;

export type WireMessage =
  | { readonly _tag: "Confirmation" }
  | { readonly _tag: "Event" }
  | { readonly _tag: "CaughtUp" }
  | { readonly _tag: "Checkpoint"; readonly commit: bigint; readonly prepare: bigint };

export interface WireCall {
  readonly intercept: <Options>(options: Options, nextCall: NextCall<Options>) => Call;
  /** Whether the client has begun it; before that nothing can have been sent. */
  hasBegun(): boolean;
  /** How it ended, once it has. */
  end(): CallEnd | undefined;
  /** The server's clock at its first answer, from the header every HTTP server sends. */
  serverTime(): number | undefined;
  /** Ends the call on the wire, now or as soon as it begins. `reconnects` makes the client give up the connection as well. */
  cancel(options?: { readonly reconnects: boolean }): void;
}

const cancelled = 1;
const unknown = 2;
const unavailable = 14;
const internal = 13;
const channelClosed = "Channel closed before call started";
const noConnection = "No connection established";
/** With this text the client takes a cancelled call for its own wish and keeps the connection. */
const cancelledQuietly = "Cancelled on client";

/** What each of the server's names for a failure must bring along; the client throws where it does not. */
const mustName: Readonly<Record<string, readonly string[]>> = {
  "maximum-append-size-exceeded": ["maximum-append-size"],
  "missing-required-metadata-property": ["required-metadata-properties"],
  "scavenge-not-found": ["scavenge-id"],
  "stream-deleted": ["stream-name"],
  "user-conflict": ["login-name"],
  "user-not-found": ["login-name"],
  "wrong-expected-version": ["stream-name", "expected-version"],
};

export const wireCall = (options: { readonly onMessage?: (message: WireMessage) => void } = {}): WireCall => {
  let call: Call | undefined;
  let end: CallEnd | undefined;
  let serverTime: number | undefined;
  let wish: { readonly text: string } | undefined;

  const onMessage = (message: unknown, next: Listener): void => {
    const problem = unusable(message);
    if (problem !== undefined) {
      call?.cancelWithStatus(internal, problem);
      return;
    }
    for (const seen of messagesIn(message)) options.onMessage?.(seen);
    next.onReceiveMessage(message);
  };

  const listenerFor = (next: Listener): Listener => ({
    onReceiveMetadata: (metadata) => {
      serverTime ??= dateIn(metadata);
      next.onReceiveMetadata(metadata);
    },
    onReceiveMessage: (message) => onMessage(message, next),
    onReceiveStatus: (status) => {
      serverTime ??= dateIn(status.metadata);
      end ??= endOf(status);
      next.onReceiveStatus(harmless(status));
    },
  });

  return {
    hasBegun: () => call !== undefined,
    end: () => end,
    serverTime: () => serverTime,
    cancel: ({ reconnects } = { reconnects: false }) => {
      const text = reconnects ? "Nobody waits any longer" : cancelledQuietly;
      wish ??= { text };
      call?.cancelWithStatus(cancelled, text);
    },
    intercept: (callOptions, nextCall) => {
      if (wish !== undefined) return stillborn(cancelled, wish.text, () => {});
      let inner: Call;
      try {
        inner = nextCall(callOptions);
      } catch {
        return stillborn(unavailable, "The connection was closed before the call began", () => {
          end ??= { code: unavailable, text: channelClosed, neverLeft: true, lostChannel: true };
        });
      }
      call = inner;
      return {
        cancelWithStatus: (code, text) => inner.cancelWithStatus(code, text),
        getPeer: () => inner.getPeer(),
        start: (metadata, listener) => inner.start(metadata, listenerFor(listener)),
        sendMessageWithContext: (context, message) => inner.sendMessageWithContext(context, message),
        sendMessage: (message) => inner.sendMessage(message),
        startRead: () => inner.startRead(),
        halfClose: () => inner.halfClose(),
        getAuthContext: () => inner.getAuthContext(),
      };
    },
  };
};

/** A call that ends before it begins, by a status and not by an exception. */
const stillborn = (code: number, text: string, onEnd: () => void): Call => ({
  cancelWithStatus: () => {},
  getPeer: () => "",
  start: (metadata, listener) => {
    // Its own headers serve as empty trailers: the kind is right, and nothing of a failure stands in them.
    const status = { code, details: text, metadata };
    onEnd();
    setImmediate(() => listener.onReceiveStatus(status));
  },
  sendMessageWithContext: () => {},
  sendMessage: () => {},
  startRead: () => {},
  halfClose: () => {},
  getAuthContext: () => null,
});

const textOf = (trailers: Trailers, key: string): string | undefined => trailers.getMap()[key]?.toString();

const dateIn = (metadata: Trailers): number | undefined => {
  const time = Date.parse(textOf(metadata, "date") ?? "");
  return Number.isNaN(time) ? undefined : time;
};

const endOf = ({ code, details, metadata }: Status): CallEnd => {
  const exception = textOf(metadata, "exception");
  const host = textOf(metadata, "leader-endpoint-host");
  const port = Number(textOf(metadata, "leader-endpoint-port"));
  // Said by grpc itself, before anything was sent; a server's own answer has headers.
  const isOurs = code === unavailable && Object.keys(metadata.getMap()).length === 0;
  const lostChannel = isOurs && details === channelClosed;
  const maxBytes = Number(
    textOf(metadata, "maximum-append-size") ?? textOf(metadata, "maximum-append-event-size"),
  );
  return {
    code,
    text: details,
    neverLeft: lostChannel || (isOurs && details.startsWith(noConnection)),
    lostChannel,
    ...(exception === undefined ? {} : { exception }),
    ...(host !== undefined && host !== "" && port >= 1 && port <= 65_535 ? { leader: { host, port } } : {}),
    ...(Number.isSafeInteger(maxBytes) ? { maxBytes } : {}),
  };
};

/**
 * The status as the client can bear it. Where another node leads, or this one knows of no leader, we decide ourselves where to go,
 * so it only needs to reconnect.
 */
const harmless = (status: Status): Status => {
  if (isLeaderless(status.code, status.details)) return { ...status, code: unavailable };
  const exception = textOf(status.metadata, "exception");
  if (exception === undefined) return status;
  const isNotLeader = exception === "not-leader";
  const lacks = mustName[exception]?.some((key) => textOf(status.metadata, key) === undefined) ?? false;
  if (!isNotLeader && !lacks) return status;
  status.metadata.remove("exception");
  return isNotLeader ? { ...status, code: unavailable } : status;
};

/** A node that knows of no leader says so with the code for everything else. */
export const isLeaderless = (code: number | undefined, text: string): boolean =>
  code === unknown && /no leader/i.test(text);

/** The part of a read's answer that is looked at; the client's generated messages fit. */
interface ReadAnswer {
  hasConfirmation(): boolean;
  hasCaughtUp(): boolean;
  hasCheckpoint(): boolean;
  hasEvent(): boolean;
  getEvent(): { getEvent(): RecordedEvent | undefined; getLink(): RecordedEvent | undefined } | undefined;
  getCheckpoint(): { getCommitPosition(): string; getPreparePosition(): string } | undefined;
}
interface RecordedEvent {
  hasId(): boolean;
  hasStreamIdentifier(): boolean;
}

const isReadAnswer = (message: unknown): message is ReadAnswer =>
  typeof message === "object" && message !== null && "hasEvent" in message && "hasCheckpoint" in message;

/**
 * Why a message cannot be used: the client would throw on it outside of every promise, or leave the event out. Links are not
 * followed, so each record has its event; one without would make a shorter history of a longer one.
 */
const unusable = (message: unknown): string | undefined => {
  if (!isReadAnswer(message) || !message.hasEvent()) return undefined;
  const record = message.getEvent()?.getEvent();
  if (record === undefined) return "A record came without its event";
  const records = [record, message.getEvent()?.getLink()];
  return records.some((one) => one !== undefined && !(one.hasId() && one.hasStreamIdentifier()))
    ? "An event came without its id or stream"
    : undefined;
};

const messagesIn = (message: unknown): readonly WireMessage[] => {
  if (!isReadAnswer(message)) return [];
  if (message.hasEvent()) return [{ _tag: "Event" }];
  if (message.hasConfirmation()) return [{ _tag: "Confirmation" }];
  if (message.hasCaughtUp()) return [{ _tag: "CaughtUp" }];
  const checkpoint = message.hasCheckpoint() ? message.getCheckpoint() : undefined;
  return checkpoint === undefined
    ? []
    : [
        {
          _tag: "Checkpoint",
          commit: BigInt(checkpoint.getCommitPosition()),
          prepare: BigInt(checkpoint.getPreparePosition()),
        },
      ];
};

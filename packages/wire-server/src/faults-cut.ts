/**
 * Ends of a call that grpc-js has no word for. It keeps the HTTP/2 stream under a call to itself; here it is looked up, and a test
 * fails should another version of it keep the stream elsewhere.
 */
import type { ServerHttp2Stream } from "node:http2";

interface OverHttp2 {
  readonly call?: {
    readonly stream?: ServerHttp2Stream;
    sendMessage?(message: unknown, callback: () => void): void;
  };
  end?(): void;
}

const streamUnder = (call: OverHttp2): ServerHttp2Stream => {
  const stream = call.call?.stream;
  if (stream === undefined) throw new TypeError("no HTTP/2 stream under the call");
  return stream;
};

/** `NGHTTP2_CANCEL`. */
const cancelled = 8;

/**
 * `reset_stream` resets this one call; `end` says OK where an answer should have been. Calls that are answered by a stream know
 * such an end themselves; those that are answered once do not.
 */
export const endCall = (
  call: object,
  how: "reset_stream" | "end",
  { answersOnce }: { readonly answersOnce: boolean },
): void => {
  const stream = streamUnder(call);
  if (stream.destroyed) return;
  if (how === "reset_stream") stream.close(cancelled);
  else if (!answersOnce) (call as OverHttp2).end?.();
  else
    stream.respond(
      { ":status": 200, "content-type": "application/grpc+proto", "grpc-status": "0" },
      { endStream: true },
    );
};

/** One more answer on a call that is made for one. Goes out before the answer proper. */
export const answerTooMuch = (call: object, message: unknown): Promise<void> =>
  new Promise((resolve) => {
    (call as OverHttp2).call?.sendMessage?.(message, resolve);
  });

/** An append by the path that has a deadline: checked and serialised before the client sees it, acknowledged or refused by the server. */
import type { EventData } from "@eventstore/db-client";
import { canonicalJson } from "@mission-ledger/core";
import type { GatewayAppend, GatewayAppended, GatewayEvent } from "../gateway-port.ts";
import type { Connection } from "./connection.ts";
import { failure } from "./failures.ts";

export const append = async (connection: Connection, request: GatewayAppend): Promise<GatewayAppended> => {
  const call = { call: "append", writes: true, stream: request.stream };
  const problem = problemOf(request);
  if (problem !== undefined)
    throw failure("refused", connection.asked(call), { isDefinite: true, details: { problem } });
  const events = request.events.map((event, index) => {
    try {
      return sealed(event);
    } catch {
      throw failure("refused", connection.asked(call), {
        isDefinite: true,
        details: { problem: "an event is no plain JSON", index },
      });
    }
  });
  return send(connection, request, events);
};

/**
 * An append of nothing: it is judged as any other and adds nothing. For a look at what the account may do.
 *
 * Source: an empty write succeeds at the right revision and no read shows it; at any other it is refused.
 */
export const emptyAppend = (
  connection: Connection,
  stream: string,
  expected: GatewayAppend["expected"],
): Promise<GatewayAppended> => send(connection, { stream, expected }, []);

/** The one place from which an append goes out. Credentials of its own keep it off the batch path. */
const send = (
  connection: Connection,
  { stream, expected }: Pick<GatewayAppend, "stream" | "expected">,
  events: EventData[],
): Promise<GatewayAppended> =>
  connection.call({ call: "append", writes: true, stream }, ({ client, credentials }) =>
    client
      .appendToStream(stream, events, { expectedRevision: expected, requiresLeader: true, credentials })
      .then(
        ({ nextExpectedRevision, position }) => ({
          _tag: "Acknowledged",
          revision: nextExpectedRevision,
          ...(position === undefined ? {} : { position }),
        }),
        (error: unknown) => {
          const actual = actualOf(error);
          if (actual === undefined) throw error;
          return { _tag: "WrongRevision", actual };
        },
      ),
  );

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const zeroUuid = /^[0-]+$/;
/** Half of a character; it would be stored as another one. */
const lone = /\p{Surrogate}/u;
const maxRevision = 2n ** 64n - 1n;

/** What a server would refuse, or take for something else, without saying what is wrong. */
const problemOf = ({ stream, expected, events }: GatewayAppend): string | undefined => {
  if (stream === "" || lone.test(stream)) return "the stream has no usable name";
  if (expected !== "no_stream" && (expected < 0n || expected > maxRevision))
    return "the expected revision is out of range";
  if (events.length === 0) return "there is nothing to append";
  for (const { id, type } of events) {
    if (!uuid.test(id) || zeroUuid.test(id)) return "an event's id is no UUID in lower case";
    if (type === "" || lone.test(type)) return "an event has no usable type";
  }
  return undefined;
};

/**
 * Serialised here, where a value that cannot be is an ordinary error: inside the client it would be an unhandled rejection and an
 * append that never ends. The client gets what can be serialised once more, and hides it from whoever prints the client's calls.
 */
const sealed = ({ id, type, data, metadata }: GatewayEvent): EventData => ({
  id,
  type,
  contentType: "application/json",
  data: hidden(canonicalJson(data)),
  metadata: hidden(canonicalJson(metadata)),
});

const hidden = (text: string): Record<string, unknown> =>
  Object.defineProperty({}, "toJSON", { value: (): unknown => JSON.parse(text) });

/** Told by its type: `instanceof` fails where the client is installed twice. */
const actualOf = (error: unknown): bigint | "no_stream" | undefined => {
  if (typeof error !== "object" || error === null || !("type" in error) || !("actualVersion" in error))
    return undefined;
  const { type, actualVersion } = error;
  if (type !== "wrong-expected-version") return undefined;
  return typeof actualVersion === "bigint" ? actualVersion : "no_stream";
};

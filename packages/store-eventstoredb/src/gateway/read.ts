/** Reads from the leader: complete only when the server said so. The client takes a read that was cut off by cancelling for a whole one. */
import type { AllStreamRecordedEvent, RecordedEvent } from "@eventstore/db-client";
import type { AllRequest, LogPosition, RangeRead, RangeRequest, StoredEvent } from "../gateway-port.ts";
import type { CallPlace, Connection } from "./connection.ts";
import { failure } from "./failures.ts";

/** What the client's readables give: `event` is missing where a link leads to nothing. */
interface Resolved {
  readonly event?: RecordedEvent | AllStreamRecordedEvent;
  readonly commitPosition?: bigint;
}

interface ClientStream {
  on(event: "data", listener: (resolved: Resolved) => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  on(event: "end" | "close", listener: () => void): unknown;
}

export const readRange = (connection: Connection, request: RangeRequest): Promise<RangeRead> => {
  const { stream, from, direction, maxCount, signal } = request;
  const call = { call: "read", stream, ...(signal === undefined ? {} : { signal }) };
  return connection.call(call, async (place) => {
    checkCount(connection, request);
    const { client, credentials } = place;
    const read = client.readStream(stream, {
      fromRevision: from,
      direction,
      maxCount,
      requiresLeader: true,
      credentials,
    });
    const events = await collected(read, place).catch((error: unknown) => {
      if (typeOf(error) === "stream-not-found") return undefined;
      throw error;
    });
    return events === undefined ? { _tag: "Missing" } : { _tag: "Events", events };
  });
};

export const readAll = (connection: Connection, request: AllRequest): Promise<readonly StoredEvent[]> => {
  const { from, direction, maxCount, signal } = request;
  const call = { call: "read all", ...(signal === undefined ? {} : { signal }) };
  return connection.call(call, async (place) => {
    checkCount(connection, request);
    const { client, credentials } = place;
    return collected(
      client.readAll({ fromPosition: from, direction, maxCount, requiresLeader: true, credentials }),
      place,
    );
  });
};

/** A count of 0 is an error that the server does not explain. */
const checkCount = (connection: Connection, { maxCount }: { readonly maxCount: number }): void => {
  if (!Number.isSafeInteger(maxCount) || maxCount < 1)
    throw failure("refused", connection.asked({ call: "read" }), {
      isDefinite: true,
      details: { problem: "maxCount is less than 1" },
    });
};

/** Listens from the first turn on: an error that nobody listens to would end the process. */
const collected = (stream: ClientStream, { wire }: CallPlace): Promise<readonly StoredEvent[]> =>
  new Promise((resolve, reject) => {
    const events: StoredEvent[] = [];
    stream.on("data", (resolved) => {
      const event = storedEvent(resolved);
      if (event !== undefined) events.push(event);
    });
    stream.on("error", reject);
    const atEnd = (): void => {
      const end = wire.end();
      if (end?.code === 0) resolve(events);
      else reject(new Error("The read ended before the server was done"));
    };
    stream.on("end", atEnd);
    stream.on("close", atEnd);
  });

const noPosition = 2n ** 64n - 1n;

export const storedEvent = ({ event, commitPosition }: Resolved): StoredEvent | undefined => {
  if (event === undefined) return undefined;
  const { streamId, id, revision, type, data, metadata, isJson } = event;
  const position = event.position ?? onlyCommit(commitPosition);
  return {
    stream: streamId,
    id: id.toLowerCase(),
    revision,
    type,
    data,
    metadata,
    isJson,
    ...(position === undefined || position.commit === noPosition ? {} : { position }),
  };
};

const onlyCommit = (commit: bigint | undefined): LogPosition | undefined =>
  commit === undefined ? undefined : { commit, prepare: commit };

const typeOf = (error: unknown): string | undefined =>
  typeof error === "object" && error !== null && "type" in error && typeof error.type === "string"
    ? error.type
    : undefined;

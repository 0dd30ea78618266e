/**
 * Everything the server says no with: a status with trailers on most calls, a message of its own on the batch path.
 * Source: recorded answers of EventStoreDB 23.10.8; statuses nobody compared are marked with what they rest on.
 */
import { status as codes, Metadata } from "@grpc/grpc-js";
import anyMessages from "google-protobuf/google/protobuf/any_pb.js";
import { shared, status } from "./stubs.ts";

/** How the batch path says it: the call goes on, and one request of it has failed. */
export interface BatchError {
  readonly code: number;
  readonly type: string;
  /** @defaultValue the type */
  readonly message?: string;
  /** The serialised details. @defaultValue empty */
  readonly details?: Uint8Array;
}

export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: number;
  readonly trailers: Readonly<Record<string, string>>;
  /** Absent where the whole batch call ends with it. */
  readonly batch: BatchError | undefined;

  constructor(
    code: number,
    details: string,
    {
      trailers = {},
      batch,
    }: { readonly trailers?: Readonly<Record<string, string>>; readonly batch?: BatchError } = {},
  ) {
    super(details);
    this.code = code;
    this.trailers = trailers;
    this.batch = batch;
  }
}

const badRequest: BatchError = { code: 3, type: "BadRequest" };

/** A request that the server's own code stumbles over. */
export const stumbled = (): Refusal =>
  new Refusal(codes.UNKNOWN, "Exception was thrown by handler.", { batch: badRequest });

export const readFailed = (of: "Stream" | "All"): Refusal =>
  new Refusal(codes.UNKNOWN, `Unexpected Read${of}Result: Error`);

export const noExpectation = (request: "AppendReq" | "DeleteReq" | "TombstoneReq"): Refusal =>
  new Refusal(
    codes.INVALID_ARGUMENT,
    `'None' is not a valid EventStore.Client.Streams.${request}+Types+Options+ExpectedStreamRevisionOneofCase`,
    { batch: badRequest },
  );

export const propertyMissing = (property: string): Refusal =>
  new Refusal(codes.INVALID_ARGUMENT, `Required Metadata Property '${property}' is missing`, {
    trailers: {
      exception: "missing-required-metadata-property",
      "required-metadata-properties": "type,content-type",
    },
    batch: badRequest,
  });

export const appendTooLarge = (maxBytes: number): Refusal => {
  const details = new shared.MaximumAppendSizeExceeded();
  details.setMaxappendsize(maxBytes);
  return new Refusal(codes.INVALID_ARGUMENT, `Maximum Append Size of ${maxBytes} Exceeded.`, {
    trailers: { exception: "maximum-append-size-exceeded", "maximum-append-size": String(maxBytes) },
    batch: { code: 3, type: "MaximumAppendSizeExceeded", details: details.serializeBinary() },
  });
};

export const streamDeleted = (stream: string): Refusal =>
  new Refusal(codes.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    trailers: { exception: "stream-deleted", "stream-name": stream },
    batch: { code: 5, type: "StreamDeleted" },
  });

export const deleteConflict = (stream: string, expected: number, actual: number): Refusal =>
  new Refusal(
    codes.FAILED_PRECONDITION,
    `Delete failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${expected}, Actual version: ${actual}`,
    {
      trailers: {
        exception: "wrong-expected-version",
        "stream-name": stream,
        "expected-version": String(expected),
        "actual-version": String(actual),
      },
    },
  );

/** Not seen on the wire: after the facts about the server's sources. */
export const timedOut = (): Refusal =>
  new Refusal(codes.ABORTED, "Operation timed out: Commit phase timeout", {
    batch: { code: 4, type: "Timeout" },
  });

export const accessDenied = (): Refusal =>
  new Refusal(codes.PERMISSION_DENIED, "Access Denied", {
    trailers: { exception: "access-denied" },
    batch: { code: 7, type: "AccessDenied" },
  });

export const notAuthenticated = (): Refusal => new Refusal(codes.UNAUTHENTICATED, "Unauthenticated");

/** Without an endpoint nobody knows who leads. */
export const notLeader = (endpoint?: { readonly host: string; readonly port: number }): Refusal =>
  endpoint === undefined
    ? new Refusal(codes.UNKNOWN, "No leader info available in response")
    : new Refusal(
        codes.NOT_FOUND,
        `Leader info available. Leader endpoint: ${endpoint.host}:${endpoint.port}`,
        {
          trailers: {
            exception: "not-leader",
            "leader-endpoint-host": endpoint.host,
            "leader-endpoint-port": String(endpoint.port),
          },
        },
      );

/** On the batch path with a detail that the client has no name for. */
export const notReady = (): Refusal =>
  new Refusal(codes.UNAVAILABLE, "Server Is Not Ready", {
    batch: { code: 14, type: "NotReady", message: "Server Is Not Ready" },
  });

/** Trailers are ASCII; a name that is not is percent-encoded. */
const ascii = (value: string): string => value.replace(/[^\x20-\x7e]+/g, encodeURIComponent);

/** As grpc-js wants an error: a code, a text and trailers. */
export const asStatus = (error: unknown): { code: number; details: string; metadata: Metadata } => {
  const refusal = error instanceof Refusal ? error : stumbled();
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(refusal.trailers)) metadata.set(key, ascii(value));
  return { code: refusal.code, details: refusal.message, metadata };
};

/** As a batch answer carries it: a status with one detail, not a list of them. */
export const asBatchStatus = ({
  code,
  type,
  message = type,
  details = new Uint8Array(),
}: BatchError): status.Status => {
  const any = new anyMessages.Any();
  any.pack(details, `event_store.client.${type}`);
  const answer = new status.Status();
  answer.setCode(code as Parameters<typeof answer.setCode>[0]);
  answer.setMessage(message);
  answer.setDetails(any);
  return answer;
};

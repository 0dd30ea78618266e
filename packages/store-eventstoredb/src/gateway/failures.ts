/** What an error of the client means: one table from the server's name or grpc's code to a kind of failure. */
import { GatewayFailure, type GatewayFailureKind, type GatewayFailureOptions } from "../gateway-port.ts";
import { type CallEnd, isLeaderless } from "./wire-call.ts";

/** What was asked of the server, as far as a message may tell. */
export interface Asked {
  /** In words: "append", "read", … */
  readonly call: string;
  readonly writes: boolean;
  readonly stream?: string;
  /** Hosts and ports. */
  readonly server: string;
  /** What must not be shown, wherever it comes from. */
  readonly secrets: readonly string[];
}

/** The server's names, also used by the client as `error.type`. */
const byName: Readonly<Record<string, GatewayFailureKind>> = {
  "access-denied": "access_denied",
  cancelled: "unavailable",
  "deadline-exceeded": "deadline",
  "invalid-argument": "refused",
  "invalid-transaction": "refused",
  "maximum-append-event-size-exceeded": "too_large",
  "maximum-append-size-exceeded": "too_large",
  "missing-required-metadata-property": "refused",
  "not-leader": "not_leader",
  "stream-deleted": "stream_deleted",
  timeout: "server_timeout",
  unavailable: "unavailable",
};

/** Source: grpc's status codes, as the server uses them. */
const byCode: Readonly<Record<number, GatewayFailureKind>> = {
  1: "unavailable",
  3: "refused",
  4: "deadline",
  7: "access_denied",
  8: "too_large",
  10: "server_timeout",
  14: "unavailable",
  16: "not_authenticated",
};

const messages: Readonly<Record<GatewayFailureKind, string>> = {
  not_authenticated: "The server does not know the account, or its password is wrong",
  access_denied: "The account may not do this",
  deadline: "The server did not answer in time",
  server_timeout: "The server gave up waiting: no quorum, or the same append was on its way already",
  unavailable: "The server cannot be reached, or the connection broke",
  not_leader: "Another node leads",
  stream_deleted: "The stream was deleted for ever",
  too_large: "It is larger than the server takes",
  refused: "The server refuses the request",
  closed: "The connection was closed",
  unknown: "The server answered with an error that nobody knows",
};

/** After these nothing was written and nothing will be. Whatever is not named may still be on its way. */
const definiteWrites: ReadonlySet<GatewayFailureKind> = new Set([
  "access_denied",
  "not_authenticated",
  "not_leader",
  "stream_deleted",
]);

/** The failure that a client's error is, told by its wire status where one was seen, else by its own type and code. */
export const failureOf = (error: unknown, end: CallEnd | undefined, asked: Asked): GatewayFailure => {
  if (error instanceof GatewayFailure) return error;
  const { type, code, message } = fieldsOf(error);
  const name = end?.exception ?? type;
  const status = end === undefined || end.code === 0 ? code : end.code;
  const text = end?.text ?? message;
  const kind = kindOf(name, status, text);
  return failure(kind, asked, {
    isDefinite:
      end?.neverLeft === true ||
      definiteWrites.has(kind) ||
      (kind === "too_large" && end?.exception !== undefined),
    details: {
      ...(status === undefined ? {} : { grpcCode: status }),
      ...(end?.neverLeft === true ? { reason: "no_connection" } : {}),
      ...(isLeaderless(status, text) ? { reason: "no_leader" } : {}),
      ...(end?.leader === undefined ? {} : { leader: `${end.leader.host}:${end.leader.port}` }),
      ...(end?.maxBytes === undefined ? {} : { maxBytes: end.maxBytes }),
    },
    cause: printable(type ?? "Error", text, asked.secrets),
  });
};

/** A failure of our own making, in the same words. */
export const failure = (
  kind: GatewayFailureKind,
  asked: Asked,
  { isDefinite, details = {}, cause }: GatewayFailureOptions,
): GatewayFailure =>
  new GatewayFailure(kind, `${messages[kind]} (${asked.call}, ${asked.server}).`, {
    // What only reads writes nothing, whatever becomes of it.
    isDefinite: isDefinite || !asked.writes,
    details: {
      call: asked.call,
      server: asked.server,
      ...(asked.stream === undefined ? {} : { stream: asked.stream }),
      ...details,
    },
    ...(cause === undefined ? {} : { cause }),
  });

const kindOf = (name: string | undefined, code: number | undefined, text: string): GatewayFailureKind => {
  // One name for two things: without a valid account nothing can be permitted either.
  if (name === "access-denied") return code === 16 ? "not_authenticated" : "access_denied";
  const named = name === undefined ? undefined : byName[name];
  if (named !== undefined) return named;
  if (isLeaderless(code, text)) return "unavailable";
  // HTTP/2 resets that grpc has no code for.
  if (code === 13 && /RST_STREAM/.test(text)) return "unavailable";
  return (code === undefined ? undefined : byCode[code]) ?? "unknown";
};

const fieldsOf = (
  error: unknown,
): { readonly type?: string; readonly code?: number; readonly message: string } => {
  const { type, code, message } =
    typeof error === "object" && error !== null
      ? (error as { readonly type?: unknown; readonly code?: unknown; readonly message?: unknown })
      : { message: error };
  return {
    ...(typeof type === "string" ? { type } : {}),
    ...(typeof code === "number" ? { code } : {}),
    message: typeof message === "string" ? message : "",
  };
};

/**
 * The client's error as a cause that anybody may print: its type and text, without the raw error, its trailers, and secrets.
 * A server, or something between, may have put into its text whatever it was sent.
 */
const printable = (type: string, text: string, secrets: readonly string[]): Error => {
  const hidden = secrets.reduce(
    (shown, secret) => (secret === "" ? shown : shown.replaceAll(secret, "***")),
    text,
  );
  const cause = new Error(`${type}: ${hidden.slice(0, 500)}`);
  cause.stack = `${cause.name}: ${cause.message}`;
  return cause;
};

/** Forms in which a password could come back to us. */
export const secretsOf = (
  credentials: { readonly username: string; readonly password: string } | undefined,
): readonly string[] =>
  credentials === undefined
    ? []
    : [
        Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64"),
        encodeURIComponent(credentials.password),
        credentials.password,
      ];

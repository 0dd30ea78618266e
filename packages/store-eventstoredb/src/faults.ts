/** What a failure at the gateway means to the ledger: one table from its kind to code, retryable and hint. */
import { type FaultCode, type Outcome, StoreFault } from "@mission-ledger/core";
import { GatewayFailure, type GatewayFailureKind } from "./gateway-port.ts";

interface Meaning {
  readonly code: FaultCode;
  readonly retryable: boolean;
  readonly hint: string;
}

const mayNotConnect = "Check the user and the password in the address, and the rights of that account.";

/** An ordinary account lacks this one as a server comes, with all its other rights. */
const mayNotReadAll =
  "The account may not read $all, which holds the whole log in one order: read missions one by one, or let an administrator grant it; `mled doctor` says how.";

const wholeLog: ReadonlySet<string> = new Set(["read all", "subscribe"]);

/** Source: section 5 of the facts about EventStoreDB. */
const meanings: Readonly<Record<GatewayFailureKind, Meaning>> = {
  not_authenticated: { code: "PERMISSION_DENIED", retryable: false, hint: mayNotConnect },
  access_denied: {
    code: "PERMISSION_DENIED",
    retryable: false,
    hint: "Give the account the right to read and append here, or use another account; `mled doctor` says which right is lacking.",
  },
  deadline: {
    code: "TIMEOUT",
    retryable: true,
    hint: "The server did not answer in time; try again, and see with `mled doctor` how it is.",
  },
  server_timeout: {
    code: "TIMEOUT",
    retryable: true,
    hint: "The server could not finish in time, perhaps for lack of a quorum; try again, and see with `mled doctor` how it is.",
  },
  unavailable: {
    code: "STORE_UNAVAILABLE",
    retryable: true,
    hint: "Check that the server runs and that the address leads to it; `mled doctor` says what stands in the way.",
  },
  not_leader: {
    code: "STORE_UNAVAILABLE",
    retryable: true,
    hint: "The cluster has no leader that can be reached; try again when it has elected one.",
  },
  stream_deleted: {
    code: "STREAM_CLOSED",
    retryable: false,
    hint: "The stream was deleted on the server for good and its name can never be used again: bring it into another ledger, such as one that the address names by ledger=<name>.",
  },
  too_large: {
    code: "LIMIT_EXCEEDED",
    retryable: false,
    hint: "Make it several commands, or shorten what they carry.",
  },
  refused: { code: "INTERNAL", retryable: false, hint: "This should not happen; please report it." },
  closed: { code: "STORE_CLOSED", retryable: false, hint: "Open the store again." },
  unknown: {
    code: "STORE_UNAVAILABLE",
    retryable: true,
    hint: "The server answered with an error that nobody has named yet; look at its log, then try again.",
  },
};

const repeatIt = "Whether the command was written is not known: repeat it with the same command id.";

/** Whether the same call may succeed a little later, without anybody changing anything. */
export const isPassing = (failure: unknown): failure is GatewayFailure =>
  failure instanceof GatewayFailure && meanings[failure.kind].retryable;

/** The fault that stands for an error. One of ours passes through, but never with an outcome that is surer than `outcome`. */
export const faultOf = (
  error: unknown,
  outcome: Outcome,
  details: Readonly<Record<string, unknown>> = {},
): StoreFault => {
  if (error instanceof StoreFault)
    return outcome === "unknown" && error.outcome !== "unknown" ? unsure(error, details) : error;
  if (!(error instanceof GatewayFailure))
    return new StoreFault("INTERNAL", error instanceof Error ? error.message : String(error), {
      outcome,
      retryable: outcome === "unknown",
      hint: outcome === "unknown" ? repeatIt : "This should not happen; please report it.",
      details,
      cause: error,
    });
  const { code, retryable, hint: general } = meanings[error.kind];
  const isOfWholeLog = error.kind === "access_denied" && wholeLog.has(String(error.details.call));
  const hint = isOfWholeLog ? mayNotReadAll : general;
  return new StoreFault(code, error.message, {
    outcome,
    retryable: retryable || outcome === "unknown",
    hint: outcome === "unknown" ? `${hint} ${repeatIt}` : hint,
    details: { ...details, ...error.details, failure: error.kind },
    cause: error,
  });
};

const unsure = (fault: StoreFault, details: Readonly<Record<string, unknown>>): StoreFault =>
  new StoreFault(fault.code, fault.message, {
    outcome: "unknown",
    retryable: true,
    hint: fault.hint === undefined ? repeatIt : `${fault.hint} ${repeatIt}`,
    details: { ...details, ...fault.details },
    cause: fault,
  });

export const storeClosed = (outcome: Outcome = "not_written"): StoreFault =>
  new StoreFault("STORE_CLOSED", "the store is closed", { outcome, retryable: outcome === "unknown" });

export const commandIdReused = (stream: string, commandId: string): StoreFault =>
  new StoreFault("COMMAND_ID_REUSED", `command id ${commandId} was used for another command in ${stream}`, {
    outcome: "not_written",
    retryable: false,
    hint: "Make a new command id for a new intention; repeat an id only with the same command.",
    details: { stream, commandId },
  });

export const readbackFailed = (
  stream: string,
  commandId: string,
  revision: number,
  why: string,
): StoreFault =>
  new StoreFault(
    "READBACK_FAILED",
    `${stream} does not give back what was appended at revision ${revision}: ${why}`,
    {
      outcome: "unknown",
      retryable: true,
      hint: "Repeat the command with the same command id; it runs at most once.",
      details: { stream, commandId, revision },
    },
  );

export const notInLog = (stream: string, revision: number): StoreFault =>
  new StoreFault("LOG_REPLACED", `${stream} does not hold the event remembered at revision ${revision}`, {
    outcome: "not_written",
    retryable: true,
    details: { stream, revision },
  });

/** Part of a stream is hidden or was never ours: nothing is folded or decided on the rest. */
export const notWhole = (stream: string, revision: number, why: string): StoreFault =>
  new StoreFault("LOG_CORRUPT", `${stream} is not whole at revision ${revision}: ${why}`, {
    outcome: "not_written",
    retryable: false,
    hint: "Look at the stream and its metadata on the server ($tb, $maxCount, $maxAge, deletion), and undo what hides its events.",
    details: { stream, revision },
  });

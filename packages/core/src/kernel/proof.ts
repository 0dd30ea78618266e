/** The proof behind a receipt, and the faults that stand in its place when it fails. */
import type { DomainCommand } from "./decider.ts";
import { digestOf } from "./digest.ts";
import { type Commit, digestOfEvent, maxEventsPerCommit, type RecordedEvent } from "./event.ts";
import type { StoreSupport } from "./event-store.ts";
import { type Outcome, StoreFault } from "./faults.ts";
import { NotCanonical } from "./json.ts";

/** A command without its time: what a retry must repeat exactly. Throws `LIMIT_EXCEEDED` for content that JSON cannot carry. */
export const digestOfCommand = (
  stream: string,
  commandId: string,
  { at: _, ...content }: DomainCommand,
): string => {
  try {
    return digestOf({ stream, ...content });
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error;
    throw new StoreFault("LIMIT_EXCEEDED", `the command for ${stream} cannot be stored: ${error.message}`, {
      outcome: "not_written",
      retryable: false,
      details: { stream, commandId },
      cause: error,
    });
  }
};

/**
 * What was read back carries the digests that were sealed, and its content still yields them; else throws
 * `READBACK_FAILED`. Where the store has already compared the stored bytes, the content need not be digested again.
 */
export const proveEqual = (
  commit: Commit,
  read: readonly RecordedEvent[],
  { byteReadback }: StoreSupport,
): void => {
  const equal =
    read.length === commit.events.length &&
    commit.events.every((sealed, index) => {
      const event = read[index] as RecordedEvent;
      return (
        event.digest === sealed.digest &&
        event.revision === sealed.revision &&
        (byteReadback || digestOfEvent(event) === sealed.digest)
      );
    });
  if (equal) return;
  const { stream, commandId, firstRevision } = commit;
  throw new StoreFault(
    "READBACK_FAILED",
    `${stream} does not give back what was appended at revision ${firstRevision}`,
    {
      outcome: "unknown",
      retryable: true,
      hint: "Repeat the command with the same command id; it runs at most once.",
      details: { stream, commandId, revision: firstRevision },
    },
  );
};

export const notShown = (stream: string, commandId: string, commandType: string): StoreFault =>
  new StoreFault(
    "INTERNAL",
    `${stream} does not show what ${commandType} asked for, although its events are in the log`,
    {
      outcome: "unknown",
      retryable: false,
      hint: "This is a defect of the decider; the events stay in the log under this command id.",
      details: { stream, commandId, written: true },
    },
  );

export const tooManyEvents = (stream: string, commandId: string, count: number): StoreFault =>
  new StoreFault(
    "LIMIT_EXCEEDED",
    `the command for ${stream} makes ${count} events; one command may make ${maxEventsPerCommit}`,
    {
      outcome: "not_written",
      retryable: false,
      hint: "Split it into several commands.",
      details: { stream, commandId, count, limit: maxEventsPerCommit },
    },
  );

/** The same fault, naming the stream and the command id with which its caller may find out or try again. */
export const naming = (
  fault: StoreFault,
  stream: string,
  commandId: string,
  outcome: Outcome,
): StoreFault => {
  const { code, message, retryable, hint, details, cause } = fault;
  return new StoreFault(code, message, {
    outcome,
    retryable,
    ...(hint === undefined ? {} : { hint }),
    details: { stream, commandId, ...details },
    cause: cause ?? fault,
  });
};

/** Bounds on what is stored, checked before anything is written. They are the file store's, so that a commit fits either. */
import { type Commit, type EventEnvelope, maxEventsPerCommit, StoreFault } from "@mission-ledger/core";
import type { CommitRows } from "./rows.ts";

export const defaultCommitBytes = 65_536;
const longestId = 200;
const longestActor = 1_024;

/** Throws `LIMIT_EXCEEDED`, or a `TypeError` for what is no commit. */
export const checkCommit = (commit: Commit): void => {
  const { stream, events } = commit;
  if (events.length === 0) throw new TypeError("a commit holds at least one event");
  if (events.length > maxEventsPerCommit)
    throw limit(`${events.length} events of ${maxEventsPerCommit}`, stream);
  checkText(commit.actor, longestActor, "the actor's name", stream);
  for (const id of [
    stream,
    commit.commandId,
    commit.commandDigest,
    commit.recordedAt,
    commit.correlationId,
    commit.causationId,
  ])
    if (id !== undefined) checkText(id, longestId, "a name or an id", stream);
  if (!Number.isSafeInteger(commit.firstRevision + events.length) || commit.firstRevision < 0)
    throw new TypeError("a revision is a whole number");
  let previous = commit.previous;
  for (let index = 0; index < events.length; index += 1) {
    const event = events[index] as EventEnvelope;
    checkText(event.id, longestId, "an event's id", stream);
    checkText(event.type, longestId, "an event's type", stream);
    const fits =
      event.stream === stream &&
      event.revision === commit.firstRevision + index &&
      event.previous === previous &&
      event.commandId === commit.commandId &&
      event.recordedAt === commit.recordedAt &&
      event.actor === commit.actor &&
      event.correlationId === commit.correlationId &&
      event.causationId === commit.causationId &&
      Number.isSafeInteger(event.version) &&
      event.version >= 0;
    // What its events share is stored once; a commit whose events disagree would come back as another.
    if (!fits) throw new TypeError(`event ${index} does not belong to its commit`);
    previous = event.digest;
  }
};

const checkText = (text: string, longest: number, what: string, stream: string): void => {
  if (text.length > longest) throw limit(`${what} is longer than ${longest} characters`, stream);
  // Half a character has no UTF-8 and would come back as another.
  if (!(text as unknown as { isWellFormed(): boolean }).isWellFormed())
    throw limit(`${what} is not well-formed Unicode`, stream);
};

/** Throws `LIMIT_EXCEEDED` for a commit that is too long. */
export const checkLength = ({ command, events }: CommitRows, maxBytes: number): void => {
  let characters = 0;
  for (const row of [command, ...events])
    for (const value of row) if (typeof value === "string") characters += value.length;
  // A character takes three bytes at most; most commits are far from the bound, and need not be counted byte by byte.
  if (3 * characters <= maxBytes) return;
  let bytes = 0;
  for (const row of [command, ...events])
    for (const value of row) if (typeof value === "string") bytes += Buffer.byteLength(value);
  if (bytes > maxBytes) throw limit(`the commit takes ${bytes} bytes of ${maxBytes}`, String(command[1]));
};

const limit = (what: string, stream: string): StoreFault =>
  new StoreFault("LIMIT_EXCEEDED", `too much for one commit: ${what}`, {
    outcome: "not_written",
    retryable: false,
    hint: "Make it several commands, or shorten what they carry.",
    details: { stream },
  });

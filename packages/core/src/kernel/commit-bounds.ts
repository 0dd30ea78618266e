/** Bounds on what one commit may carry, the same in every store, so that a commit that fits one fits another. Source: durability rules, section 4. */
import { type Commit, type EventEnvelope, maxEventsPerCommit } from "./event.ts";
import { StoreFault } from "./faults.ts";

/** Characters of a name or an id: of streams, commands, events, types, moments. */
export const longestId = 200;
/** Characters of the name of who acted. */
export const longestActor = 1_024;

/**
 * Throws `LIMIT_EXCEEDED` for a commit that is too much for a store, whatever its length in bytes, and a `TypeError` for what is
 * no commit. A store asks before it writes anything.
 */
export const checkCommit = (commit: Commit): void => {
  const { stream, events } = commit;
  if (events.length === 0) throw new TypeError("a commit holds at least one event");
  if (events.length > maxEventsPerCommit)
    throw tooMuchForOneCommit(`${events.length} events of ${maxEventsPerCommit}`, stream);
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
  if (!isCount(commit.firstRevision) || !isCount(commit.firstRevision + events.length))
    throw new TypeError("a revision is a whole number");
  let previous = commit.previous;
  for (let index = 0; index < events.length; index += 1) {
    const event = events[index] as EventEnvelope;
    checkText(event.id, longestId, "an event's id", stream);
    checkText(event.type, longestId, "an event's type", stream);
    if (!hexadecimal.test(event.digest)) throw new TypeError("an event's digest is not hexadecimal");
    const fits =
      event.stream === stream &&
      event.revision === commit.firstRevision + index &&
      event.previous === previous &&
      event.commandId === commit.commandId &&
      event.recordedAt === commit.recordedAt &&
      event.actor === commit.actor &&
      event.correlationId === commit.correlationId &&
      event.causationId === commit.causationId &&
      isCount(event.version);
    // What its events share is stored once; a commit whose events disagree with it would come back as another.
    if (!fits) throw new TypeError(`event ${index} does not belong to its commit`);
    previous = event.digest;
  }
};

/** The fault for a commit that a store has no room for, and never will have. */
export const tooMuchForOneCommit = (what: string, stream: string): StoreFault =>
  new StoreFault("LIMIT_EXCEEDED", `too much for one commit: ${what}`, {
    outcome: "not_written",
    retryable: false,
    hint: "Make it several commands, or shorten what they carry.",
    details: { stream },
  });

const checkText = (text: string, longest: number, what: string, stream: string): void => {
  // Whoever has no types may send anything, and a number would be read back as damage.
  if (typeof text !== "string") throw new TypeError(`${what} is no text`);
  if (text.length > longest)
    throw tooMuchForOneCommit(`${what} is longer than ${longest} characters`, stream);
  // Half a character has no UTF-8 and would come back as another.
  if (!(text as unknown as { isWellFormed(): boolean }).isWellFormed())
    throw tooMuchForOneCommit(`${what} is not well-formed Unicode`, stream);
};

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

const hexadecimal = /^[0-9a-f]{1,200}$/;

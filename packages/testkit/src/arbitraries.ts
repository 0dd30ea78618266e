/** Arbitraries of the kernel: ids, JSON that can be stored, events, and commits chained on one another. */
import {
  type Commit,
  type CommitContext,
  digestOf,
  type EncodedEvent,
  emptyHead,
  isDangerousKey,
  type Json,
  type JsonObject,
  type StreamHead,
  sealCommit,
} from "@mission-ledger/core";
import fc from "fast-check";

/** Ids as callers make them: a UUID, a ULID, or something of their own. */
export const commandIds: fc.Arbitrary<string> = fc.oneof(
  fc.uuid(),
  fc.ulid(),
  fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,30}$/),
);

/** Text of any script, always well formed. */
export const texts: fc.Arbitrary<string> = fc.string({ unit: "binary", maxLength: 24 });

/** Numbers that JSON carries exactly, both zeros among them as one. */
export const jsonNumbers: fc.Arbitrary<number> = fc
  .oneof(
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }),
    fc.constantFrom(0, 5e-324, 1e-7, 0.1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
  )
  .map((number) => (number === 0 ? 0 : number));

const jsonKeys: fc.Arbitrary<string> = fc
  .oneof(fc.stringMatching(/^[a-z]{1,8}$/), texts, fc.constantFrom("type", "id", "toString", "length", ""))
  .filter((key) => !isDangerousKey(key));

const values = fc.letrec<{ value: Json; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    jsonNumbers,
    texts,
    fc.array(tie("value"), { maxLength: 4 }),
    tie("object"),
  ),
  object: fc
    .uniqueArray(fc.tuple(jsonKeys, tie("value")), { maxLength: 4, selector: ([key]) => key })
    .map((entries) => Object.fromEntries(entries)),
}));

/** Values that have canonical JSON: any nesting up to a few levels, any legal key. */
export const jsonValues: fc.Arbitrary<Json> = values.value;

/** Objects fit to be an event's data. */
export const jsonObjects: fc.Arbitrary<JsonObject> = values.object;

export const encodedEvents: fc.Arbitrary<EncodedEvent> = fc.record({
  type: fc.constantFrom("Noted", "Opened", "Closed", "SomethingOfTheFuture"),
  version: fc.integer({ min: 1, max: 9 }),
  data: jsonObjects,
});

export interface CommitsOptions {
  /** @defaultValue `"mission-m1"` */
  readonly stream?: string;
  /** Where the first commit follows. @defaultValue the start of the stream */
  readonly head?: StreamHead;
  /** @defaultValue 8 */
  readonly maxCommits?: number;
  /** @defaultValue any {@link encodedEvents} */
  readonly events?: fc.Arbitrary<EncodedEvent>;
}

/** Commits of one stream, each sealed on the one before; their command ids differ. */
export const commits = ({
  stream = "mission-m1",
  head = emptyHead,
  maxCommits = 8,
  events = encodedEvents,
}: CommitsOptions = {}): fc.Arbitrary<readonly Commit[]> =>
  fc
    .uniqueArray(
      fc.record({
        commandId: commandIds,
        actor: fc.constantFrom("agent-1", "agent-2", "ana"),
        correlationId: fc.option(commandIds, { nil: undefined }),
        minutes: fc.integer({ min: -1_000, max: 1_000 }),
        events: fc.array(events, { minLength: 1, maxLength: 5 }),
      }),
      { maxLength: maxCommits, selector: ({ commandId }) => commandId },
    )
    .map((wishes) => {
      let last = head;
      return wishes.map(({ commandId, actor, correlationId, minutes, events: encoded }) => {
        const context: CommitContext = {
          stream,
          commandId,
          commandDigest: digestOf({ stream, commandId }),
          recordedAt: new Date(Date.UTC(2026, 0, 1) + minutes * 60_000).toISOString(),
          actor,
          ...(correlationId === undefined ? {} : { correlationId }),
        };
        const commit = sealCommit(last, context, encoded);
        last = commit.events.at(-1) ?? last;
        return commit;
      });
    });

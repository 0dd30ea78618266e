/** Any sequence of appends and deletes, against a model of three lists and the table as it is written down. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Expected } from "./commit-check.ts";
import { type NewRecord, openLog } from "./log.ts";
import { viewStream } from "./visibility.ts";
import { openWriter } from "./writer.ts";

const none = new Uint8Array();
const eventOf = (id: number): NewRecord => ({
  id: new Uint8Array(16).fill(id + 1),
  type: `T${id}`,
  isJson: true,
  data: none,
  metadata: none,
});

/** What the facts say, over plain lists of ids. */
const model = () => {
  const ids: number[] = [];
  /** Id to the first revision it was given; the cache of a node that never restarted and never ran full. */
  const recent = new Map<number, number>();
  let hiddenBefore = 0;
  let isSoftDeleted = false;
  let isTombstoned = false;
  const write = (sent: readonly number[]) => {
    if (isSoftDeleted && sent.length > 0) {
      isSoftDeleted = false;
      hiddenBefore = ids.length;
    }
    for (const id of sent) if (!recent.has(id)) recent.set(id, ids.length + sent.indexOf(id));
    ids.push(...sent);
    return { _tag: "Written", revision: ids.length - 1 };
  };
  const repeated = (revision: number) => ({
    _tag: "Repeated",
    revision,
    isReadable: !isSoftDeleted && revision >= hiddenBefore,
  });
  const conflict = () => ({ _tag: "WrongExpectedVersion", current: ids.length - 1 });
  const append = (expected: Expected, sent: readonly number[]) => {
    const current = ids.length - 1;
    if (isTombstoned) return { _tag: "StreamDeleted" };
    if (expected === "stream_exists" && isSoftDeleted) return { _tag: "StreamDeleted" };
    if (expected === "stream_exists" && current < 0) return conflict();
    if (typeof expected === "string") {
      const [first] = sent;
      if (first === undefined || !recent.has(first)) return write(sent);
      if (sent.some((id) => !recent.has(id))) return conflict();
      return repeated(recent.get(sent.at(-1) as number) as number);
    }
    if (expected === current) return write(sent);
    if (expected > current || sent.length === 0) return conflict();
    const stored = ids.slice(expected + 1, expected + 1 + sent.length);
    if (stored.length === sent.length && stored.every((id, at) => id === sent[at])) {
      return repeated(expected + sent.length);
    }
    return expected === -1 && isSoftDeleted && stored[0] !== sent[0] ? write(sent) : conflict();
  };
  return {
    append,
    delete: () => {
      if (ids.length === 0 || isTombstoned) return;
      isSoftDeleted = true;
    },
    tombstone: () => {
      isTombstoned = true;
    },
    readable: () => {
      if (isTombstoned) return "tombstoned";
      return ids.length === 0 || isSoftDeleted ? "missing" : ids.slice(hiddenBefore);
    },
  };
};

const id = fc.nat({ max: 4 });
const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      _tag: fc.constant("append" as const),
      expected: fc.oneof(
        fc.integer({ min: -1, max: 6 }),
        fc.constantFrom("any" as const, "stream_exists" as const),
      ),
      // Each id once in a write: of one sent twice the cache keeps the first place, which has a test of its own.
      ids: fc.uniqueArray(id, { maxLength: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ _tag: "delete" as const }) },
  { weight: 1, arbitrary: fc.constant({ _tag: "tombstone" as const }) },
);

describe("a writer", () => {
  test("answers as the idempotency table does, whatever came before", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const log = openLog();
        const writer = openWriter(log);
        const told = model();
        for (const command of steps) {
          switch (command._tag) {
            case "append": {
              const outcome = writer.append({
                stream: "s",
                expected: command.expected,
                events: command.ids.map(eventOf),
              });
              const { _tag } = outcome;
              const answer =
                _tag === "Repeated"
                  ? { _tag, revision: outcome.revision, isReadable: outcome.position !== undefined }
                  : _tag === "Written"
                    ? { _tag, revision: outcome.revision }
                    : outcome;
              expect(answer).toEqual(told.append(command.expected, command.ids));
              break;
            }
            case "delete":
              writer.delete({ stream: "s", expected: "any", isTombstone: false });
              told.delete();
              break;
            case "tombstone":
              writer.delete({ stream: "s", expected: "any", isTombstone: true });
              told.tombstone();
              break;
          }
          const view = viewStream(log, "s", log.visible());
          const readable =
            view._tag === "There"
              ? view.stream.records
                  .slice(view.first, view.last + 1)
                  .map((record) => Number(log.typeAt(log.typeOf(record)).slice(1)))
              : view._tag.toLowerCase();
          expect(readable).toEqual(told.readable());
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

import { canonicalJson, checkLink, emptyHead, type StreamHead, sealCommit } from "@mission-ledger/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { commandIds, commits, encodedEvents, jsonObjects, jsonValues } from "./arbitraries.ts";

describe("the kernel's arbitraries", () => {
  test("give JSON that is canonical and comes back as it was", () => {
    fc.assert(
      fc.property(fc.oneof(jsonValues, jsonObjects), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(value);
      }),
    );
  });

  test("give command ids of at most 64 characters", () => {
    fc.assert(fc.property(commandIds, (id) => id.length > 0 && id.length <= 64));
  });

  test("give commits that follow one another from the head asked for", () => {
    const [first] = fc.sample(encodedEvents, { numRuns: 1, seed: 1 });
    const context = {
      stream: "run-1",
      commandId: "first",
      commandDigest: "d",
      recordedAt: "2026-01-01T00:00:00.000Z",
      actor: "ana",
    };
    const begun = sealCommit(emptyHead, context, first === undefined ? [] : [first]).events[0] as StreamHead;
    for (const start of [emptyHead, begun])
      fc.assert(
        fc.property(commits({ stream: "run-1", head: start }), (sequence) => {
          let head: StreamHead = start;
          for (const commit of sequence) {
            expect(commit.firstRevision).toBe(head.revision + 1);
            expect(commit.previous).toBe(head.digest);
            for (const event of commit.events) {
              expect(checkLink(head, event)).toBeUndefined();
              head = event;
            }
          }
          expect(new Set(sequence.map(({ commandId }) => commandId)).size).toBe(sequence.length);
        }),
        { numRuns: 60 },
      );
  });
});

import { commits } from "@mission-ledger/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf, eventIdOf } from "./digest.ts";
import {
  type CommitContext,
  checkLink,
  digestOfEvent,
  type EventEnvelope,
  emptyHead,
  type StreamHead,
  sealCommit,
} from "./event.ts";

const context: CommitContext = {
  stream: "counter-1",
  commandId: "c1",
  commandDigest: digestOf("c1"),
  recordedAt: "2026-01-01T00:00:00.000Z",
  actor: "ana",
};
const added = (amount: number) => ({ type: "Added", version: 1, data: { amount } });

describe("sealing a commit", () => {
  test("puts events behind the head, linked to it and to one another", () => {
    const head: StreamHead = { revision: 4, digest: digestOf("the fifth event") };
    const commit = sealCommit(head, context, [added(1), added(2)]);
    const [first, second] = commit.events;
    expect(commit).toMatchObject({ ...context, firstRevision: 5, previous: head.digest });
    expect(first).toMatchObject({
      revision: 5,
      previous: head.digest,
      id: eventIdOf("counter-1", "c1", 0),
      data: { amount: 1 },
    });
    expect(second).toMatchObject({
      revision: 6,
      previous: first?.digest,
      id: eventIdOf("counter-1", "c1", 1),
      data: { amount: 2 },
    });
  });

  test("begins a stream at revision 0 with no event before it", () => {
    expect(sealCommit(emptyHead, context, [added(1)]).events[0]).toMatchObject({
      revision: 0,
      previous: null,
    });
  });

  test("carries correlation and causation only where they are known", () => {
    const known = { ...context, correlationId: "k", causationId: "w" };
    expect(sealCommit(emptyHead, known, [added(1)]).events[0]).toMatchObject({
      correlationId: "k",
      causationId: "w",
    });
    const [without] = sealCommit(emptyHead, context, [added(1)]).events;
    expect(Object.keys(without as object)).not.toContain("correlationId");
    expect(Object.keys(without as object)).not.toContain("causationId");
  });

  test("gives a digest that follows from every other field", () => {
    const [event] = sealCommit(emptyHead, { ...context, correlationId: "k", causationId: "w" }, [
      added(1),
    ]).events;
    const sealed = event as EventEnvelope;
    expect(digestOfEvent(sealed)).toBe(sealed.digest);
    for (const field of Object.keys(sealed) as (keyof EventEnvelope)[]) {
      if (field === "digest") continue;
      const changed = {
        ...sealed,
        [field]: field === "data" ? { amount: 2 } : field === "revision" || field === "version" ? 9 : "x",
      };
      expect(digestOfEvent(changed), field).not.toBe(sealed.digest);
    }
  });

  test("gives the same digest to an event that a store gave a position and a mark", () => {
    const [event] = sealCommit(emptyHead, context, [added(1)]).events;
    const recorded = { ...(event as EventEnvelope), position: "7", mark: "m" };
    expect(digestOfEvent(recorded)).toBe(event?.digest);
  });
});

describe("checking a link", () => {
  const [first, second] = sealCommit(emptyHead, context, [added(1), added(2)]).events as [
    EventEnvelope,
    EventEnvelope,
  ];

  test("accepts an event that follows its head", () => {
    expect(checkLink(emptyHead, first)).toBeUndefined();
    expect(checkLink(first, second)).toBeUndefined();
  });

  test("names a skipped revision, a broken chain and a changed event", () => {
    expect(checkLink(emptyHead, second)?._tag).toBe("RevisionSkipped");
    expect(checkLink({ revision: 0, digest: digestOf("other") }, second)?._tag).toBe("ChainBroken");
    expect(checkLink(first, { ...second, data: { amount: 3 } })).toEqual({
      _tag: "DigestDiffers",
      revision: 1,
      eventId: second.id,
    });
  });

  test("takes an event that nobody can have digested for a changed one", () => {
    const data = { lone: "\ud800", huge: Number.POSITIVE_INFINITY, big: 2 ** 53 };
    for (const [key, value] of Object.entries(data))
      expect(checkLink(emptyHead, { ...first, data: { [key]: value } }), key).toMatchObject({
        _tag: "DigestDiffers",
      });
  });

  test("holds for every sequence of commits, and fails wherever one event is changed", () => {
    fc.assert(
      fc.property(commits(), fc.nat(), (sequence, pick) => {
        const events = sequence.flatMap((commit) => commit.events);
        let head: StreamHead = emptyHead;
        for (const event of events) {
          expect(checkLink(head, event)).toBeUndefined();
          head = event;
        }
        const at = events[pick % Math.max(1, events.length)];
        if (at !== undefined) expect(digestOfEvent({ ...at, actor: `${at.actor}!` })).not.toBe(at.digest);
      }),
    );
  });
});

import { describe, expect, test } from "vitest";
import { checkCommit, longestActor, longestId } from "./commit-bounds.ts";
import { type Commit, emptyHead, maxEventsPerCommit, sealCommit } from "./event.ts";

const commitOf = (given: Partial<Commit> = {}, events = 2): Commit =>
  sealCommit(
    emptyHead,
    {
      stream: "mission-m1",
      commandId: "c0",
      commandDigest: "0".repeat(64),
      recordedAt: "2026-01-02T03:04:05.678Z",
      actor: "agent-1",
      ...given,
    },
    Array.from({ length: events }, () => ({ type: "Noted", version: 1, data: {} })),
  );

const withEvent = (index: number, changed: Readonly<Record<string, unknown>>): Commit => {
  const commit = commitOf();
  return {
    ...commit,
    events: commit.events.map((event, at) => (at === index ? { ...event, ...changed } : event)),
  };
};

describe("a commit", () => {
  test("may take all the room there is", () => {
    const id = "i".repeat(longestId);
    const commit = commitOf(
      { stream: id, commandId: id, correlationId: id, causationId: id, actor: "a".repeat(longestActor) },
      maxEventsPerCommit,
    );
    expect(() => checkCommit(commit)).not.toThrow();
  });

  const tooLong = "i".repeat(longestId + 1);
  test.each<readonly [string, Commit]>([
    ["too many events", commitOf({}, maxEventsPerCommit + 1)],
    ["a long stream", commitOf({ stream: tooLong })],
    ["a long command id", commitOf({ commandId: tooLong })],
    ["a long correlation id", commitOf({ correlationId: tooLong })],
    ["a long causation id", commitOf({ causationId: tooLong })],
    ["a long moment", commitOf({ recordedAt: tooLong })],
    ["a long digest of its command", commitOf({ commandDigest: tooLong })],
    ["a long actor", commitOf({ actor: "a".repeat(longestActor + 1) })],
    ["a long event id", withEvent(1, { id: tooLong })],
    ["a long type", withEvent(0, { type: tooLong })],
    ["half a character", { ...commitOf(), actor: "\ud800" }],
  ])("with %s is too much, and nothing is written", (_, commit) => {
    expect(() => checkCommit(commit)).toThrow(
      expect.objectContaining({
        code: "LIMIT_EXCEEDED",
        outcome: "not_written",
        retryable: false,
        details: { stream: commit.stream },
      }),
    );
  });

  test.each<readonly [string, Commit]>([
    ["no events", commitOf({}, 0)],
    ["a revision below the first", { ...commitOf(), firstRevision: -1 }],
    ["a revision that is no whole number", { ...commitOf(), firstRevision: 0.5 }],
    ["revisions that cannot be counted", { ...commitOf(), firstRevision: Number.MAX_SAFE_INTEGER }],
    ["an event of another stream", withEvent(0, { stream: "mission-m2" })],
    ["an event of another revision", withEvent(1, { revision: 2 })],
    ["a broken chain", withEvent(1, { previous: "0".repeat(64) })],
    ["an event of another command", withEvent(0, { commandId: "c1" })],
    ["an event of another moment", withEvent(0, { recordedAt: "2026-01-02T03:04:05.679Z" })],
    ["an event of another actor", withEvent(0, { actor: "agent-2" })],
    ["an event of another correlation", withEvent(0, { correlationId: "why" })],
    ["an event of another cause", withEvent(0, { causationId: "why" })],
    ["a version below the first", withEvent(0, { version: -1 })],
    ["a version that is no whole number", withEvent(0, { version: 1.5 })],
    ["a command id that is no text", commitOf({ commandId: 5 as never })],
    ["a correlation id that is no text", commitOf({ correlationId: 5 as never })],
    ["a digest that is none", withEvent(1, { digest: '"' })],
  ])("with %s is none", (_, commit) => {
    expect(() => checkCommit(commit)).toThrow(TypeError);
  });
});

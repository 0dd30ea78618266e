import { emptyHead, type StreamHead } from "@mission-ledger/core";
import { commitOn, expectedAfter, noteStream as stream } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { openFileStore } from "../index.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { eventLoopTurns } from "./event-loop-turns.ts";

describe("a process that appends without pause", () => {
  test("comes to its timers", async () => {
    const store = await openFileStore({ directory: scratchDirectory() });
    let rang = false;
    setTimeout(() => {
      rang = true;
    }, 1);
    let head: StreamHead = emptyHead;
    let appends = 0;
    for (; !rang && appends < 20_000; appends += 1) {
      const commit = commitOn(head, `c${appends}`, { stream, data: {} });
      const appended = await store.append({ commit, expected: expectedAfter(head), hasFreshId: true });
      if (appended._tag === "Conflict") throw new Error("nobody else writes here");
      await store.readBack(appended);
      head = appended.head;
    }
    expect(rang).toBe(true);
    await store.close();
  });
});

describe("the event loop's turn", () => {
  test("is due when it has not turned for 20 ms, and not before", async () => {
    let now = 0;
    const turns = eventLoopTurns(() => now);
    expect(turns.due()).toBeUndefined();
    now = 19;
    expect(turns.due()).toBeUndefined();
    now = 20;
    const due = turns.due();
    expect(due).toBeInstanceOf(Promise);
    await due;
    expect(turns.due()).toBeUndefined();
  });

  test("is not due in a process that pauses by itself", async () => {
    let now = 0;
    const turns = eventLoopTurns(() => now);
    for (let index = 0; index < 5; index += 1) {
      expect(turns.due()).toBeUndefined();
      now += 1_000;
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
});

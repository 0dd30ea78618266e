import { emptyHead, type StreamHead } from "@mission-ledger/core";
import { commitOn, expectedAfter, noteStream as stream } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { openFileStore } from "../index.ts";
import { scratchDirectory } from "../testing/scratch.ts";

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

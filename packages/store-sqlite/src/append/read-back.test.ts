import path from "node:path";
import { type CommitContext, digestOf, emptyHead, sealCommit } from "@mission-ledger/core";
import { allEvents, expectedAfter, put, noteStream as stream } from "@mission-ledger/testkit";
import { expect, test } from "vitest";
import { openSqliteStore } from "../index.ts";
import { scratchDirectory } from "../testing/scratch.ts";

const context: CommitContext = {
  stream,
  commandId: "c1",
  commandDigest: digestOf({ commandId: "c1" }),
  recordedAt: "2026-01-02T03:04:05.678Z",
  actor: "agent-1",
};
const data = { text: "né 🙂 \u2028", list: [1, { of: null }], number: 0.1 };
const events = [
  { type: "Noted", version: 1, data },
  { type: "Seen", version: 3, data: {} },
];

test.each([
  ["none", {}],
  ["both", { correlationId: "corr", causationId: "cause" }],
  ["one", { causationId: "cause" }],
])("what is read back is what a reader reads, with %s of the ids that may be missing", async (_, ids) => {
  const store = await openSqliteStore({ path: path.join(scratchDirectory(), "ledger.db") });
  const { head } = await put(store, emptyHead, "c0");
  const commit = sealCommit(head, { ...context, ...ids }, events);
  for (const isRepeat of [false, true]) {
    const appended = await store.append({ commit, expected: expectedAfter(head) });
    if (appended._tag === "Conflict") throw new Error("a conflict");
    expect(appended.repeated).toBe(isRepeat);
    const read = await store.readBack(appended);
    expect(read).toEqual(await allEvents(store.read(stream, { after: head })));
    expect(read).toHaveLength(2);
  }
  await store.close();
});

test("what is read back is nobody else's", async () => {
  const store = await openSqliteStore({ path: path.join(scratchDirectory(), "ledger.db") });
  const commit = sealCommit(emptyHead, context, events);
  const appended = await store.append({ commit, expected: "no_stream" });
  if (appended._tag === "Conflict") throw new Error("a conflict");
  const read = await store.readBack(appended);
  if ("_tag" in read) throw new Error("a conflict");
  (read[0]?.data as { text: string }).text = "changed";
  expect(commit.events[0]?.data).toEqual(data);
  expect((await allEvents(store.read(stream)))[0]?.data).toEqual(data);
  await store.close();
});

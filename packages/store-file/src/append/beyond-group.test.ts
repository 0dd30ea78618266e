import { type AppendRequest, emptyHead, isStoreFault, type StreamHead } from "@mission-ledger/core";
import { commitOn, expectedAfter, put } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { openFileStore } from "../index.ts";
import { type FaultyFiles, faultyFiles } from "../testing/faulty-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";

/** More than one write takes: 40 records of 50 KB, each sealed on the one before. */
const many = (head: StreamHead): readonly AppendRequest[] => {
  let on = head;
  return Array.from({ length: 40 }, (_, index) => {
    const seal = (end: StreamHead) =>
      commitOn(end, `c${index}`, { data: { note: `${index}-${"x".repeat(50_000)}` } });
    const commit = seal(on);
    const expected = expectedAfter(on);
    const last = commit.events.at(-1) ?? emptyHead;
    on = { revision: last.revision, digest: last.digest };
    return { commit, expected, known: head, decideAgain: (_missed, end) => seal(end) };
  });
};

const answers = async (arm: (faulty: FaultyFiles) => void): Promise<readonly string[]> => {
  const faulty = faultyFiles();
  const store = await openFileStore({ directory: scratchDirectory(), files: faulty.files });
  const { head } = await put(store, emptyHead, "first");
  arm(faulty);
  const settled = await Promise.allSettled(many(head).map((request) => store.append(request)));
  const told: string[] = [];
  for (const answer of settled)
    if (answer.status === "rejected")
      told.push(isStoreFault(answer.reason) ? answer.reason.code : `untyped ${answer.reason}`);
    else {
      told.push(answer.value._tag);
      if (answer.value._tag === "Appended") await store.readBack(answer.value);
    }
  await store.close();
  return told;
};

const untyped = (told: readonly string[]): readonly string[] =>
  told.filter((answer) => answer.startsWith("untyped"));

describe("commands beyond the size of one write", () => {
  test("each have an answer with a code where the write falls short", async () => {
    const told = await answers((faulty) => faulty.shortenNextWrite(120_000));
    expect(untyped(told)).toEqual([]);
    expect(told.filter((code) => code === "STORAGE_FULL").length).toBeGreaterThan(0);
    // What was beyond that write is no part of what fell short: it goes into the next one.
    expect(told.slice(-1)).toEqual(["Appended"]);
  });

  test("each have an answer with a code where the flush fails", async () => {
    const told = await answers((faulty) => faulty.failOnce("fdatasync", "EIO"));
    expect(untyped(told)).toEqual([]);
    expect(told).toContain("DURABILITY_UNKNOWN");
  });
});

import { emptyHead, type StreamHead } from "@mission-ledger/core";
import { commitOn, noteStream as stream } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { encodeRecord } from "../log/record.ts";
import { sealLine } from "../log/sealed-line.ts";
import { type MergeInput, mergeCopies } from "./merge.ts";
import { largestCopyBytes } from "./read-copy.ts";

const lineOn = (
  head: StreamHead,
  commandId: string,
  seq: number,
  origin = "here",
): { line: Buffer; head: StreamHead } => {
  const commit = commitOn(head, commandId);
  const last = commit.events.at(-1);
  return {
    line: encodeRecord(commit, { origin, seq }, 65_536),
    head: { revision: last?.revision ?? -1, digest: last?.digest ?? null },
  };
};

const first = lineOn(emptyHead, "c0", 1);
const mine = lineOn(first.head, "c1", 2);
const yours = lineOn(first.head, "c2", 2, "there");
const base = first.line;
const ours = Buffer.concat([base, mine.line]);
const theirs = Buffer.concat([base, yours.line]);

const merge = (changes: Partial<MergeInput> = {}) =>
  mergeCopies({ base, ours, theirs, stream, encoded: stream, ...changes });

describe("a merge", () => {
  test("holds what both copies hold", () => {
    const [low, high] = [mine.line, yours.line].sort((left, right) => {
      const digest = (line: Buffer) => /"digest":"([0-9a-f]+)"/.exec(line.toString())?.[1] ?? "";
      return digest(left) < digest(right) ? -1 : 1;
    }) as [Buffer, Buffer];
    expect(merge()).toEqual({ _tag: "Merged", bytes: Buffer.concat([base, low, high]) });
  });

  test("of empty copies is empty", () => {
    expect(merge({ base: Buffer.alloc(0), ours: Buffer.alloc(0), theirs: Buffer.alloc(0) })).toEqual({
      _tag: "Merged",
      bytes: Buffer.alloc(0),
    });
  });

  test("keeps one line of a record that two ledgers numbered differently", () => {
    const renumbered = encodeRecord(commitOn(first.head, "c1"), { origin: "here", seq: 9 }, 65_536);
    const result = merge({ theirs: Buffer.concat([base, renumbered]) });
    expect(result).toEqual({ _tag: "Merged", bytes: ours });
  });

  test("keeps the line that knows of a decision", () => {
    const demoted = encodeRecord(
      commitOn(first.head, "c1"),
      { origin: "here", seq: 9, branch: "demoted" },
      65_536,
    );
    const result = merge({ theirs: Buffer.concat([base, demoted]) });
    expect(result).toEqual({ _tag: "Merged", bytes: Buffer.concat([base, demoted]) });
  });

  test("brings a line back that one side had dropped", () => {
    expect(merge({ base: ours, ours: base })).toMatchObject({ _tag: "Merged" });
    expect(merge({ base: ours, ours: base, theirs: ours })).toEqual({ _tag: "Merged", bytes: ours });
  });

  test("joins copies of which one lacks what its records follow", () => {
    expect(merge({ ours: mine.line })).toEqual(merge());
  });
});

describe("refused is", () => {
  const torn = Buffer.concat([ours, Buffer.from('{"v":1,"stream"')]);

  test.each(["base", "ours", "theirs"] as const)("a torn %s", (copy) => {
    expect(merge({ [copy]: torn })).toEqual({
      _tag: "Refused",
      kind: "torn",
      why: "the last line is torn: 15 bytes without an end",
      where: { copy, offset: ours.length },
    });
  });

  test.each([
    ["damaged", Buffer.from("not a record\n")],
    ["damaged", Buffer.concat([Buffer.from("half a li"), mine.line])],
    [
      "damaged",
      Buffer.concat([
        mine.line.subarray(0, 40),
        Buffer.from([mine.line[40] === 97 ? 98 : 97]),
        mine.line.subarray(41),
      ]),
    ],
    ["damaged", Buffer.from("\n")],
    ["damaged", Buffer.from("\0\0\0\0\n")],
    ["newer_format", sealLine('{"v":2,"stream":"mission-m1"}')],
    ["conflict_marker", Buffer.from("<<<<<<< HEAD\n")],
  ] as const)("a copy with a line that is %s", (kind, line) => {
    const copy = Buffer.concat([base, line]);
    expect(merge({ theirs: copy })).toMatchObject({ _tag: "Refused", kind, where: { copy: "theirs" } });
    expect(merge({ ours: copy })).toMatchObject({ _tag: "Refused", kind, where: { copy: "ours" } });
  });

  test("a record of another stream", () => {
    const foreign = encodeRecord(
      commitOn(emptyHead, "c0", { stream: "mission-m2" }),
      { origin: "o", seq: 1 },
      65_536,
    );
    expect(merge({ theirs: foreign })).toMatchObject({ _tag: "Refused", kind: "damaged" });
  });

  test("a copy that is larger than is read", () => {
    expect(merge({ theirs: Buffer.alloc(largestCopyBytes + 1) })).toMatchObject({
      _tag: "Refused",
      kind: "oversized",
    });
  });

  test("a record whose digest is not its content's, though its checksum holds", () => {
    const forged = sealLine(`${yours.line.toString().replace('"note":"c2"', '"note":"c3"').slice(0, -19)}}`);
    expect(merge({ theirs: Buffer.concat([base, forged]) })).toMatchObject({
      _tag: "Refused",
      kind: "clash",
    });
  });
});

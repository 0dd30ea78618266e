import { emptyHead, type StreamHead } from "@mission-ledger/core";
import { commitOn, noteStream as stream } from "@mission-ledger/testkit";
import { describe, expect, test, vi } from "vitest";
import { type Finding, type FoldStep, foldLog, startOfLog } from "./fold.ts";
import { type BranchMark, encodeRecord } from "./record.ts";

const sums = vi.hoisted(() => ({ bytes: 0 }));
vi.mock("./checksum.ts", async (original) => {
  const { crc32 } = await original<typeof import("./checksum.ts")>();
  return {
    crc32: (bytes: Uint8Array) => {
      sums.bytes += bytes.length;
      return crc32(bytes);
    },
  };
});

interface Written {
  readonly line: Buffer;
  readonly head: StreamHead;
}

let seq = 0;
const record = (head: StreamHead, commandId: string, origin: string, branch?: BranchMark): Written => {
  const commit = commitOn(head, commandId);
  const last = commit.events[commit.events.length - 1];
  seq += 1;
  return {
    line: encodeRecord(commit, { origin, seq, ...(branch === undefined ? {} : { branch }) }, 65_536),
    head: { revision: last?.revision ?? -1, digest: last?.digest ?? null },
  };
};

const folded = (lines: readonly Buffer[]): { steps: string[]; findings: Finding[]; head: StreamHead } => {
  const findings: Finding[] = [];
  const fold = foldLog(stream, stream, startOfLog, (finding) => findings.push(finding));
  let offset = 0;
  const steps = lines.map((line): FoldStep["_tag"] => {
    const step = fold.take({ bytes: line.subarray(0, -1), offset, length: line.length, oversized: false });
    offset += line.length;
    return step._tag;
  });
  return { steps, findings, head: fold.head };
};

describe("a log with records of two copies of the ledger", () => {
  const a0 = record(emptyHead, "a0", "a");
  const b1 = record(a0.head, "b1", "b");
  const a2 = record(b1.head, "a2", "a");

  test("is one line of events where each follows the other", () => {
    expect(folded([a0.line, b1.line, a2.line])).toMatchObject({
      steps: ["Record", "Record", "Record"],
      findings: [],
      head: { revision: 2 },
    });
  });

  test("takes a second claim by the copy that holds the revision as a lost race", () => {
    const late = record(a0.head, "late", "b");
    expect(folded([a0.line, b1.line, a2.line, late.line])).toMatchObject({
      steps: ["Record", "Record", "Record", "Void"],
      findings: [],
    });
  });

  test("reports a claim by the copy that does not hold the revision as a fork", () => {
    const fork = record(a0.head, "fork", "a");
    expect(folded([a0.line, b1.line, a2.line, fork.line])).toMatchObject({
      steps: ["Record", "Record", "Record", "Nothing"],
      findings: [{ kind: "fork" }],
      head: { revision: 2 },
    });
  });

  test("keeps an open branch out although it would follow, and is silent about one that was decided against", () => {
    const open = record(a2.head, "open", "b", "open");
    const demoted = record(a0.head, "demoted", "b", "demoted");
    expect(folded([a0.line, b1.line, a2.line, open.line, demoted.line])).toMatchObject({
      steps: ["Record", "Record", "Record", "Nothing", "Void"],
      findings: [{ kind: "fork" }],
      head: { revision: 2 },
    });
  });

  test("with a record missing between them has a gap, not a fork", () => {
    expect(folded([a0.line, a2.line])).toMatchObject({
      steps: ["Record", "Record"],
      findings: [{ kind: "gap" }],
    });
  });
});

describe("a line that an editor or git has touched", () => {
  const a0 = record(emptyHead, "a0", "a");
  const a1 = record(a0.head, "a1", "a");
  const text = (line: Buffer): string => line.toString("utf8").slice(0, -1);

  test("counts without the carriage return at its end, which is reported with its place", () => {
    const { steps, findings } = folded([Buffer.from(`${text(a0.line)}\r\n`), a1.line]);
    expect(steps).toEqual(["Record", "Record"]);
    expect(findings).toEqual([
      { kind: "damaged", offset: a0.line.length - 1, length: 1, why: "carriage return" },
    ]);
  });

  test("counts without the byte order mark before it", () => {
    const { steps, findings } = folded([Buffer.from(`\uFEFF${text(a0.line)}\n`), a1.line]);
    expect(steps).toEqual(["Record", "Record"]);
    expect(findings).toMatchObject([{ kind: "damaged", offset: 0, length: 3 }]);
  });
});

describe("a line of foreign text that looks like many records", () => {
  const a0 = record(emptyHead, "a0", "a");
  const start = a0.line.toString("utf8").slice(0, 60);
  const fragments = start.repeat(1_000);

  test("gives up the record at its end", () => {
    const { steps, findings } = folded([Buffer.from(`${fragments}${a0.line.toString("utf8")}`)]);
    expect(steps).toEqual(["Record"]);
    expect(findings).toMatchObject([{ kind: "damaged", offset: 0, length: fragments.length }]);
  });

  test("is not summed once for each of them", () => {
    sums.bytes = 0;
    const { steps, findings } = folded([Buffer.from(`${fragments},"crc":"00000000"}\n`)]);
    expect(steps).toEqual(["Nothing"]);
    expect(findings).toMatchObject([{ kind: "damaged" }]);
    expect(sums.bytes).toBeLessThan(70 * fragments.length);
  });
});

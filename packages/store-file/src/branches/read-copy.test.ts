import { emptyHead } from "@mission-ledger/core";
import { commitOn, noteStream as stream } from "@mission-ledger/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hardRecordBytes } from "../log/bounds.ts";
import { encodeRecord } from "../log/record.ts";
import { readCopy } from "./read-copy.ts";

const line = encodeRecord(commitOn(emptyHead, "c0"), { origin: "here", seq: 1 }, 65_536);
const other = encodeRecord(commitOn(emptyHead, "c1"), { origin: "there", seq: 1 }, 65_536);
const text = (bytes: Buffer): string => bytes.toString("latin1");
const read = (...parts: readonly (string | Buffer)[]) =>
  readCopy(
    Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part))),
    stream,
    stream,
  );
const byteOrderMark = "\u00ef\u00bb\u00bf";

describe("reading a copy", () => {
  test("passes over carriage returns and byte order marks", () => {
    const windows = `${text(line).slice(0, -1)}\r\n`;
    for (const copy of [windows, byteOrderMark + windows, byteOrderMark + text(line)])
      expect(read(copy)).toMatchObject({ records: [{ line }], problems: [], torn: Buffer.alloc(0) });
    expect(read(byteOrderMark)).toMatchObject({ records: [], problems: [], torn: Buffer.alloc(0) });
  });

  test("reads the records of all sides of a conflict", () => {
    const contents = read("<<<<<<< HEAD\n", line, "||||||| base\n=======\n", other, ">>>>>>>>> topic\r\n");
    expect(contents).toMatchObject({ records: [{ line }, { line: other }], problems: [], markers: 4 });
  });

  test("finds a record that is glued behind something else, and says what stands before it", () => {
    expect(read(other, "half a li", line)).toMatchObject({
      records: [{ line: other }, { line }],
      problems: [
        { kind: "damaged", offset: other.length, length: 9, why: "stands before a record in one line" },
      ],
    });
  });

  test("keeps sealed fragments once, and never takes a record that was torn before its end", () => {
    const fragment = `${text(line).slice(0, -1)} #torn\n`;
    expect(read(fragment, other, fragment)).toMatchObject({
      records: [{ line: other }],
      sealed: [Buffer.from(fragment, "latin1")],
    });
  });

  test("leaves what stands behind the last line feed to the caller", () => {
    expect(read(line, "torn")).toMatchObject({ records: [{ line }], torn: Buffer.from("torn") });
    expect(read(line.subarray(0, -1))).toMatchObject({ records: [], torn: line.subarray(0, -1) });
  });

  test("tells a hundred problems one by one, and how many more there are", () => {
    const { problems } = read("x\n".repeat(150));
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toMatchObject({ why: "and 50 more like these" });
  });

  test("gives up on a copy of more than a million lines", () => {
    expect(read("\n".repeat(1_000_001)).problems.at(-1)).toMatchObject({ kind: "oversized" });
  });

  test("gives up on a line that is longer than any record, and goes on behind it", () => {
    expect(read("x".repeat(hardRecordBytes), "\n", line)).toMatchObject({
      records: [{ line }],
      problems: [{ kind: "damaged", why: "size" }],
    });
  });

  test("looks for a record in a few places of a line only, since each costs a checksum of the rest", () => {
    const starts = '{"v":'.repeat(200_000);
    expect(read(`${starts},"crc":"00000000"}\n`, line)).toMatchObject({
      records: [{ line }],
      problems: [{}],
    });
  });

  test("never throws, and accounts for each line of any bytes", () => {
    const pieces = fc.oneof(
      fc.constantFrom(
        text(line),
        text(other),
        "\n",
        "\r\n",
        byteOrderMark,
        " #torn\n",
        "=======\n",
        '{"v":',
        "\0",
      ),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const bytes = Buffer.from(parts.join(""), "latin1");
        const { records, problems, markers, sealed, torn } = readCopy(bytes, stream, stream);
        const lines = bytes.filter((byte) => byte === 0x0a).length;
        const glued = problems.filter(({ why }) => why.startsWith("stands before")).length;
        expect(records.length + problems.length - glued + markers + sealed.length).toBeLessThanOrEqual(lines);
        expect(records.every((copy) => copy.line.equals(line) || copy.line.equals(other))).toBe(true);
        expect(bytes.subarray(bytes.length - torn.length)).toEqual(torn);
      }),
      { numRuns: 500 },
    );
  });
});

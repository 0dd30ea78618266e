import { emptyHead, NotCanonical, StoreFault } from "@mission-ledger/core";
import { commitOn, noteStream as stream } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { commitOf, decodeRecord, encodeRecord } from "./record.ts";
import { sealLine } from "./sealed-line.ts";

const decode = (line: Buffer) => decodeRecord(line.subarray(0, -1), stream, stream);
const encoded = (data = {}) =>
  encodeRecord(commitOn(emptyHead, "c1", { data, events: 3 }), { origin: "origin", seq: 7 }, 65_536);
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

describe("a record", () => {
  test("comes back as the commit it was made of", () => {
    const commit = commitOn(emptyHead, 'a "quoted" \u2028 id 😀', {
      data: { list: [1, { b: null }], text: "é\u0000" },
    });
    const decoded = decode(encodeRecord(commit, { origin: "origin", seq: 7 }, 65_536));
    expect(decoded).toMatchObject({ _tag: "Record", record: { origin: "origin", seq: 7 } });
    if (decoded._tag === "Record") expect(commitOf(decoded.record)).toEqual(commit);
  });

  test("with any single bit flipped is no record", () => {
    const line = encoded();
    for (let bit = 0; bit < (line.length - 1) * 8; bit += 1) {
      const flipped = Buffer.from(line);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(decode(flipped)._tag, `bit ${bit}`).toBe("Damaged");
    }
  });

  test("of another stream is not believed", () => {
    expect(decodeRecord(encoded().subarray(0, -1), "mission-other", "mission-other")._tag).toBe("Damaged");
  });

  test("of a newer format is told apart from damage", () => {
    expect(decode(sealLine('{"v":2,"stream":"mission-m1"}'))).toEqual({ _tag: "Newer", version: 2 });
  });

  test.each([
    ["nesting", `{"v":1,"stream":"mission-m1","events":[${nested(40)}]}`],
    ["key", '{"v":1,"stream":"mission-m1","a":{"__proto__":1}}'],
    ["key", '{"v":1,"stream":"mission-m1","a":{"\\u005f_proto__":1}}'],
    ["encoding", '{"v":1,"stream":"mission-m1","a":["half a character \\ud83d"]}'],
    ["encoding", '{"v":1,"stream":"mission-m1","\\uDE00":1}'],
    ["shape", '{"v":1,"stream":"mission-m1","a":"\\ud83d\\ude00"}'],
    ["shape", '{"v":1,"stream":"mission-m1"}'],
    ["version", '{"v":0}'],
  ])("is refused for its %s although its checksum is right", (why, text) => {
    expect(decode(sealLine(text))).toEqual({ _tag: "Damaged", why });
  });

  test("may nest as deep as canonical JSON does, and no deeper", () => {
    const fits = JSON.parse(nested(29));
    expect(
      decode(encodeRecord(commitOn(emptyHead, "c", { data: fits }), { origin: "o", seq: 1 }, 65_536))._tag,
    ).toBe("Record");
    const commit = commitOn(emptyHead, "c");
    const tooDeep = {
      ...commit,
      events: commit.events.map((event) => ({ ...event, data: JSON.parse(nested(33)) })),
    };
    expect(() => encodeRecord(tooDeep, { origin: "o", seq: 1 }, 65_536)).toThrow(NotCanonical);
  });

  test("beyond a bound is refused before anything is written", () => {
    const tooLong = (): Buffer =>
      encodeRecord(
        commitOn(emptyHead, "c", { data: { text: "x".repeat(70_000) } }),
        { origin: "o", seq: 1 },
        65_536,
      );
    expect(tooLong).toThrow(StoreFault);
    expect(() => encodeRecord(commitOn(emptyHead, "c".repeat(201)), { origin: "o", seq: 1 }, 65_536)).toThrow(
      /longer than 200/,
    );
    expect(() =>
      encodeRecord(commitOn(emptyHead, "c", { events: 65 }), { origin: "o", seq: 1 }, 65_536),
    ).toThrow(/65 events/);
  });
});

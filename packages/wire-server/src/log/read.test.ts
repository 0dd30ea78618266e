/** Which records a range holds, and what hides them. */
import { describe, expect, test } from "vitest";
import { recordFilter } from "./filter.ts";
import { type NewRecord, openLog } from "./log.ts";
import { type Range, readAllRange, readStreamRange } from "./read.ts";
import { openWriter } from "./writer.ts";

const event = (type: string, data = "{}"): NewRecord => ({
  id: crypto.getRandomValues(new Uint8Array(16)),
  type,
  isJson: true,
  data: Buffer.from(data),
  metadata: new Uint8Array(),
});
const filled = ({ nowMicros }: { readonly nowMicros?: () => number } = {}) => {
  const log = openLog(nowMicros === undefined ? {} : { nowMicros });
  const writer = openWriter(log);
  for (const [index, stream] of ["a-1", "b-1", "a-1", "b-1", "a-1"].entries()) {
    writer.append({ stream, expected: "any", events: [event(`T${index}`)] });
  }
  const types = (range: Range): unknown =>
    range._tag === "Records"
      ? [...range.records].map((record) => log.typeAt(log.typeOf(record)))
      : range._tag;
  const settle = (stream: string, settings: string) =>
    writer.append({ stream: `$$${stream}`, expected: "any", events: [event("$metadata", settings)] });
  return { log, types, settle };
};
const forwards = { from: "start", isBackwards: false, count: 99 } as const;
const backwards = { from: "end", isBackwards: true, count: 99 } as const;

describe("a read of a stream", () => {
  test("ends where its count does", () => {
    const { log, types } = filled();
    expect(types(readStreamRange(log, "a-1", { ...forwards, count: 2, end: 5 }))).toEqual(["T0", "T2"]);
    expect(types(readStreamRange(log, "a-1", { ...backwards, count: 1, end: 5 }))).toEqual(["T4"]);
  });

  test("looks no further than its end of the log", () => {
    const { log, types } = filled();
    expect(types(readStreamRange(log, "a-1", { ...forwards, end: 3 }))).toEqual(["T0", "T2"]);
    expect(types(readStreamRange(log, "b-1", { ...forwards, end: 1 }))).toBe("Missing");
  });

  test("begins after what $maxCount and $tb hide", () => {
    const { log, types, settle } = filled();
    settle("a-1", '{"$maxCount":2}');
    expect(types(readStreamRange(log, "a-1", { ...forwards, end: log.visible() }))).toEqual(["T2", "T4"]);
    settle("a-1", '{"$tb":2}');
    expect(types(readStreamRange(log, "a-1", { ...backwards, end: log.visible() }))).toEqual(["T4"]);
  });

  test("hides what is older than $maxAge", () => {
    const minute = 60_000_000;
    let now = (Date.now() - 3_600_000) * 1000;
    const { log, types, settle } = filled({
      nowMicros: () => {
        now += 12 * minute;
        return now;
      },
    });
    settle("a-1", '{"$maxAge":1800}');
    expect(types(readStreamRange(log, "a-1", { ...forwards, end: log.visible() }))).toEqual(["T2", "T4"]);
  });

  test("pays no heed to metadata that cannot be read", () => {
    const { log, types, settle } = filled();
    settle("a-1", "{");
    expect(types(readStreamRange(log, "a-1", { ...forwards, end: log.visible() }))).toEqual([
      "T0",
      "T2",
      "T4",
    ]);
  });
});

describe("a read of the whole log", () => {
  test("begins with the record it names forwards, and before it backwards", () => {
    const { log, types } = filled();
    const from = log.position(2);
    expect(types(readAllRange(log, undefined, { ...forwards, from, end: 5 }))).toEqual(["T2", "T3", "T4"]);
    expect(types(readAllRange(log, undefined, { ...backwards, from, end: 5 }))).toEqual(["T1", "T0"]);
  });

  test("can begin where a write without events took a position", () => {
    const { log, types } = filled();
    const position = log.writeNothing();
    openWriter(log).append({ stream: "a-1", expected: "any", events: [event("T5")] });
    expect(types(readAllRange(log, undefined, { ...forwards, from: position, end: 6 }))).toEqual(["T5"]);
  });

  test("counts what its filter lets through", () => {
    const { log, types } = filled();
    const byPrefix = recordFilter(log, { by: "stream", prefixes: ["b-", "c-"] });
    expect(types(readAllRange(log, byPrefix, { ...forwards, count: 2, end: 5 }))).toEqual(["T1", "T3"]);
    const byRegex = recordFilter(log, { by: "type", regex: "^T[24]$", prefixes: [] });
    expect(types(readAllRange(log, byRegex, { ...backwards, end: 5 }))).toEqual(["T4", "T2"]);
  });
});

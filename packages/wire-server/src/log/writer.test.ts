/** Rows of the idempotency table that need more than one stream, a restart or a full cache. */
import { describe, expect, test } from "vitest";
import { type NewRecord, openLog } from "./log.ts";
import { openRecentIds } from "./recent-ids.ts";
import { openWriter } from "./writer.ts";

const none = new Uint8Array();
const event = (id: number, data: Uint8Array = none): NewRecord => ({
  id: new Uint8Array(16).fill(id),
  type: "T",
  isJson: true,
  data,
  metadata: none,
});
const opened = () => {
  const log = openLog();
  return { log, writer: openWriter(log) };
};

describe("an append", () => {
  test("without an exact revision is written again once the node has restarted", () => {
    const { writer } = opened();
    const request = { stream: "s", expected: "any", events: [event(1)] } as const;
    expect(writer.append(request)).toMatchObject({ _tag: "Written", revision: 0 });
    expect(writer.append(request)).toMatchObject({ _tag: "Repeated", revision: 0 });
    writer.forget();
    expect(writer.append(request)).toMatchObject({ _tag: "Written", revision: 1 });
  });

  test("at an exact revision stays idempotent for ever", () => {
    const { writer } = opened();
    const request = { stream: "s", expected: -1, events: [event(1)] } as const;
    writer.append(request);
    writer.append({ stream: "s", expected: 0, events: [event(2)] });
    writer.forget();
    expect(writer.append(request)).toMatchObject({ _tag: "Repeated", revision: 0 });
  });

  test("knows its recent ids by stream", () => {
    const { writer } = opened();
    writer.append({ stream: "s", expected: "any", events: [event(1)] });
    expect(writer.append({ stream: "t", expected: "any", events: [event(1)] })).toMatchObject({
      _tag: "Written",
      revision: 0,
    });
  });

  test("with one id twice stores both, and the retry finds both", () => {
    const { writer } = opened();
    const request = { stream: "s", expected: -1, events: [event(1), event(1)] } as const;
    expect(writer.append(request)).toMatchObject({ _tag: "Written", revision: 1 });
    expect(writer.append(request)).toMatchObject({ _tag: "Repeated", revision: 1 });
  });

  test("that repeats ids keeps the content that was there", () => {
    const { log, writer } = opened();
    writer.append({ stream: "s", expected: -1, events: [event(1, Buffer.from("first"))] });
    writer.append({ stream: "s", expected: -1, events: [event(1, Buffer.from("second"))] });
    expect(log.count()).toBe(1);
    expect(Buffer.from(log.data(0)).toString()).toBe("first");
  });

  test("revives a soft-deleted stream and keeps its other settings", () => {
    const { log, writer } = opened();
    const settings = { ...event(9, Buffer.from('{"$maxCount":5}')), type: "$metadata" };
    writer.append({ stream: "s", expected: -1, events: [event(1)] });
    writer.append({ stream: "$$s", expected: -1, events: [settings] });
    writer.delete({ stream: "s", expected: 0, isTombstone: false });
    writer.append({ stream: "s", expected: 0, events: [event(2)] });
    const metadata = log.stream("$$s")?.records.map((record) => Buffer.from(log.data(record)).toString());
    // A soft delete replaces the settings, as a real server's does; what it left is kept when the stream comes back.
    expect(metadata).toEqual(['{"$maxCount":5}', '{"$tb":9223372036854775807}', '{"$tb":1}']);
  });
});

describe("the ids a node remembers", () => {
  test("make room for new ones, the oldest first", () => {
    const recent = openRecentIds({ maxBytes: 3 * 30 });
    const ids = [1, 2, 3, 4].map((id) => new Uint8Array(16).fill(id));
    for (const [revision, id] of ids.entries()) recent.put(id, { stream: "s", revision });
    expect(ids.map((id) => recent.get(id)?.revision)).toEqual([undefined, 1, 2, 3]);
  });
});

describe("readers", () => {
  test("see nothing beyond the limit, and all of it once the limit is gone", () => {
    const { log, writer } = opened();
    const seen: number[] = [];
    log.onAdvance(() => seen.push(log.visible()));
    writer.append({ stream: "s", expected: -1, events: [event(1)] });
    log.limit(1);
    writer.append({ stream: "s", expected: 0, events: [event(2), event(3)] });
    expect(log.visible()).toBe(1);
    log.limit(Number.POSITIVE_INFINITY);
    expect(seen).toEqual([1, 3]);
  });
});

import { counter, counterCodec } from "@mission-ledger/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RecordedEvent } from "./event.ts";
import type { EventStore } from "./event-store.ts";
import { commandHandler } from "./handle.ts";
import { openMemoryStore } from "./memory-store.ts";
import { findMoment, isAfter, type Moment, revisionAt } from "./moment.ts";

const stream = "counter-1";

/** One event each, recorded at these times by clocks that agree or not. */
const recorded = async (...times: readonly string[]): Promise<EventStore> => {
  const store = openMemoryStore();
  const handler = commandHandler({ store, decider: counter, codec: counterCodec });
  for (const at of times) await handler.attempt(stream, { type: "Add", at, amount: 1 }, { actor: "ana" })();
  return store;
};

const eventsOf = async (store: EventStore, name = stream): Promise<readonly RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const batch of store.read(name)) events.push(...batch);
  return events;
};

const day = (date: string): string => `${date}T00:00:00.000Z`;

describe("a moment", () => {
  test("by revision is after that event, and is found without reading", async () => {
    const store = await recorded(day("2026-01-01"), day("2026-01-02"), day("2026-01-03"));
    expect(await findMoment(store, stream, { revision: 1 })).toMatchObject({
      revision: 1,
      recordedAt: day("2026-01-02"),
      judgedAt: day("2026-01-02"),
      isEnd: false,
      outOfOrder: 0,
    });
    await store.close();
    expect(await revisionAt(store, stream, 1)).toBe(1);
  });

  test("beyond the end is the end", async () => {
    const store = await recorded(day("2026-01-01"));
    for (const moment of [9, { revision: 9 }, { position: "9999999999999999" }, { date: day("2027-01-01") }])
      expect(await findMoment(store, stream, moment)).toMatchObject({ revision: 0, isEnd: true });
  });

  test("before the first event has no revision, and nothing is judged by a clock", async () => {
    const store = await recorded(day("2026-01-01"));
    expect(await findMoment(store, stream, { position: "" })).toEqual({
      revision: -1,
      position: null,
      eventId: null,
      recordedAt: null,
      judgedAt: null,
      isEnd: false,
      outOfOrder: 0,
    });
    expect(await findMoment(store, "counter-2", 3)).toMatchObject({ revision: -1, isEnd: true });
  });

  test("by position is the same for all streams", async () => {
    const store = openMemoryStore();
    const handler = commandHandler({ store, decider: counter, codec: counterCodec });
    for (const name of ["counter-1", "counter-2", "counter-1", "counter-2", "counter-1"])
      await handler.attempt(name, { type: "Add", at: day("2026-01-01"), amount: 1 }, { actor: "ana" })();
    const [first, second] = [await eventsOf(store, "counter-1"), await eventsOf(store, "counter-2")];
    const position = (second[0] as RecordedEvent).position;
    expect(await findMoment(store, "counter-1", { position })).toMatchObject({ revision: 0 });
    expect(await findMoment(store, "counter-2", { position })).toMatchObject({ revision: 0, position });
    const last = (first[2] as RecordedEvent).position;
    expect(await findMoment(store, "counter-1", { position: last })).toMatchObject({
      revision: 2,
      isEnd: true,
    });
  });

  test("by date is what had been recorded by then, and leases are judged by that date", async () => {
    const store = await recorded(day("2026-01-01"), day("2026-01-02"), day("2026-01-03"));
    expect(await findMoment(store, stream, { date: "2026-01-02T12:00:00+02:00" })).toMatchObject({
      revision: 1,
      recordedAt: day("2026-01-02"),
      judgedAt: "2026-01-02T10:00:00.000Z",
      isEnd: false,
    });
    expect(await findMoment(store, stream, { date: day("2026-01-02") })).toMatchObject({ revision: 1 });
    expect(await findMoment(store, stream, { date: day("2025-01-02") })).toMatchObject({ revision: -1 });
  });

  test("by date ends before an event of a clock a year ahead, and says how many events that hides", async () => {
    const store = await recorded(day("2026-01-01"), day("2027-01-02"), day("2026-01-03"), day("2026-01-04"));
    expect(await findMoment(store, stream, { date: day("2026-06-01") })).toMatchObject({
      revision: 0,
      isEnd: false,
      outOfOrder: 2,
    });
    expect(await findMoment(store, stream, { date: day("2027-06-01") })).toMatchObject({
      revision: 3,
      isEnd: true,
      outOfOrder: 0,
    });
  });

  test("by date does not take an event of a clock a year behind for old", async () => {
    const store = await recorded(day("2026-01-01"), day("2026-01-02"), day("2025-01-03"), day("2026-01-04"));
    expect(await findMoment(store, stream, { date: day("2025-06-01") })).toMatchObject({
      revision: -1,
      outOfOrder: 1,
    });
    expect(await findMoment(store, stream, { date: day("2026-01-01") })).toMatchObject({
      revision: 0,
      outOfOrder: 1,
    });
    expect(await findMoment(store, stream, { date: day("2026-01-03") })).toMatchObject({
      revision: 2,
      outOfOrder: 0,
    });
  });

  test.each([
    "tomorrow",
    "",
    "2026",
    "2026-01-01",
    "2026-01-01T12:00:00",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T25:00:00Z",
  ])("that is no date is a defect of the caller: %j", async (date) => {
    const store = await recorded(day("2026-01-01"));
    await expect(findMoment(store, stream, { date })).rejects.toThrow(TypeError);
    await expect(revisionAt(store, stream, { date })).rejects.toThrow(TypeError);
  });

  test.each([
    "2026-01-01T00:00:00Z",
    "2024-02-29T23:59:59.999Z",
    "2026-01-01T00:00:00.123456+05:45",
    "2026-01-01 00:00:00Z",
  ])("takes a date as RFC 3339 writes it: %j", async (date) => {
    const store = await recorded(day("2024-01-01"));
    expect(await revisionAt(store, stream, { date })).toBe(0);
  });

  test.each([Number.NaN, 1.5, -2, Number.POSITIVE_INFINITY])("%d is no revision", async (revision) => {
    const store = await recorded(day("2026-01-01"));
    for (const moment of [revision, { revision }]) {
      await expect(findMoment(store, stream, moment)).rejects.toThrow(TypeError);
      await expect(revisionAt(store, stream, moment)).rejects.toThrow(TypeError);
    }
  });

  test("is the longest beginning of the stream of which no event comes after it", async () => {
    const times = fc.array(
      fc.date({ min: new Date("2025-01-01"), max: new Date("2027-12-31"), noInvalidDate: true }),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(
        times,
        fc.nat(),
        fc.constantFrom("revision", "position", "date"),
        async (dates, pick, by) => {
          const store = await recorded(...dates.map((date) => date.toISOString()));
          const events = await eventsOf(store);
          const { revision, position, recordedAt } = events[pick % events.length] as RecordedEvent;
          const moment: Moment =
            by === "revision" ? { revision } : by === "position" ? { position } : { date: recordedAt };
          const comesAfter = isAfter(moment);
          const end = events.findIndex(comesAfter);
          const beginning = end < 0 ? events : events.slice(0, end);
          const found = await findMoment(store, stream, moment);
          expect(found.revision).toBe(beginning.length - 1);
          expect(found.isEnd).toBe(beginning.length === events.length);
          expect(found.outOfOrder).toBe(
            events.slice(beginning.length).filter((event) => by === "date" && !comesAfter(event)).length,
          );
          // Asked a second time by what was found, it is the same moment.
          if (found.revision >= 0) {
            expect(await revisionAt(store, stream, { position: found.position as string })).toBe(
              found.revision,
            );
            expect(await revisionAt(store, stream, found.revision)).toBe(found.revision);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

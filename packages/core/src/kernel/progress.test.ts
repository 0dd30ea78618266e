import { virtualClock } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { progressMeter } from "./progress.ts";

describe("progress", () => {
  test("says how much is done, how fast it goes and how long it will take", () => {
    const clock = virtualClock();
    const meter = progressMeter({ total: 1_000, clock });
    clock.advance(2_000);
    expect(meter.due({ events: 250, position: "7" })).toEqual({
      events: 250,
      position: "7",
      total: 1_000,
      share: 0.25,
      perSecond: 125,
      leftMs: 6_000,
      elapsedMs: 2_000,
    });
  });

  test("is due every so many milliseconds, and at the end", () => {
    const clock = virtualClock();
    const meter = progressMeter({ everyMs: 100, clock });
    clock.advance(99);
    expect(meter.due({ events: 1 })).toBeUndefined();
    clock.advance(1);
    expect(meter.due({ events: 2 })).toMatchObject({ events: 2 });
    expect(meter.due({ events: 3 })).toBeUndefined();
    expect(meter.now({ events: 3 })).toMatchObject({ events: 3, elapsedMs: 100 });
  });

  test("counts what was done before as done, and not into the rate", () => {
    const clock = virtualClock();
    const meter = progressMeter({ begun: { events: 900 }, total: 1_000, clock });
    clock.advance(1_000);
    expect(meter.now({ events: 950 })).toMatchObject({ share: 0.95, perSecond: 50, leftMs: 1_000 });
  });

  test("measures the work in its own unit where events are not what takes the time", () => {
    const clock = virtualClock();
    const meter = progressMeter({ work: 4_000, clock });
    clock.advance(1_000);
    const progress = meter.now({ events: 3, work: 1_000 });
    expect(progress).toEqual({ events: 3, share: 0.25, perSecond: 3, leftMs: 3_000, elapsedMs: 1_000 });
  });

  test("follows a change of pace within ten seconds", () => {
    const clock = virtualClock();
    const meter = progressMeter({ total: 100_000, clock });
    let events = 0;
    const run = (seconds: number, perSecond: number) => {
      for (let tenth = 0; tenth < seconds * 10; tenth += 1) {
        clock.advance(100);
        events += perSecond / 10;
        meter.due({ events });
      }
    };
    run(30, 10);
    run(11, 1_000);
    expect(meter.now({ events }).perSecond).toBeCloseTo(1_000, -1);
  });

  test("promises no time where nobody knows how much there is, or nothing was measured", () => {
    const clock = virtualClock();
    const unknown = progressMeter({ clock });
    const unmeasured = progressMeter({ total: 10, clock });
    expect(unmeasured.now({ events: 5 })).toEqual({ events: 5, total: 10, share: 0.5, elapsedMs: 0 });
    clock.advance(1_000);
    expect(unknown.now({ events: 5 })).toEqual({ events: 5, perSecond: 5, elapsedMs: 1_000 });
  });

  test("of nothing to do is done", () => {
    expect(progressMeter({ total: 0, clock: virtualClock() }).now({ events: 0 })).toMatchObject({ share: 1 });
  });

  test("bears a clock that steps back", () => {
    const clock = virtualClock();
    const meter = progressMeter({ total: 100, clock });
    clock.advance(1_000);
    meter.now({ events: 10 });
    clock.advance(-60_000);
    expect(meter.due({ events: 20 })).toEqual({ events: 20, total: 100, share: 0.2, elapsedMs: 1_000 });
    clock.advance(1_000);
    expect(meter.now({ events: 30 })).toMatchObject({ perSecond: 10, leftMs: 7_000, elapsedMs: 2_000 });
  });
});

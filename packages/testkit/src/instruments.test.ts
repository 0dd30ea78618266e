import { describe, expect, test } from "vitest";
import { cancelSource } from "./cancel-source.ts";
import { differences } from "./difference.ts";
import { FailpointHit, failpoints } from "./failpoints.ts";
import { seededRandomness } from "./seeded-randomness.ts";
import { virtualClock } from "./virtual-clock.ts";

describe("a virtual clock", () => {
  test("stands still until it is moved, also backwards", () => {
    const clock = virtualClock("2026-01-01T00:00:00.000Z");
    expect(clock.now()).toBe(Date.UTC(2026, 0, 1));
    clock.advance(1_500);
    clock.advance(-500);
    expect(clock.now()).toBe(Date.UTC(2026, 0, 1) + 1_000);
    clock.set(7);
    expect(clock.now()).toBe(7);
  });

  test("refuses to start at no time", () => {
    expect(() => virtualClock("yesterday")).toThrow(TypeError);
  });
});

describe("seeded randomness", () => {
  test("repeats itself for the same seed and differs for another", () => {
    const draw = (seed: number) => {
      const randomness = seededRandomness(seed);
      return [randomness.uuid(), randomness.fraction(), randomness.uuid()];
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test("gives version 4 UUIDs that differ and fractions from 0 to below 1", () => {
    const randomness = seededRandomness(3);
    const ids = Array.from({ length: 2_000 }, () => randomness.uuid());
    expect(new Set(ids).size).toBe(2_000);
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const fractions = Array.from({ length: 2_000 }, () => randomness.fraction());
    expect(fractions.every((fraction) => fraction >= 0 && fraction < 1)).toBe(true);
    const mean = fractions.reduce((sum, fraction) => sum + fraction, 0) / 2_000;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
  });
});

describe("failpoints", () => {
  test("remember every name and fail once, at the passing asked for", () => {
    const { failpoint, passed, failAt, clear } = failpoints();
    failAt("flush", 2);
    failpoint("write");
    failpoint("flush");
    expect(() => failpoint("flush")).toThrow(FailpointHit);
    failpoint("flush");
    expect(passed).toEqual(["write", "flush", "flush", "flush"]);
    clear();
    expect(passed).toEqual([]);
  });

  test("throw the error they were given, and nothing after clear", () => {
    const { failpoint, failAt, clear } = failpoints();
    const error = new RangeError("ENOSPC");
    failAt("write", 1, error);
    expect(() => failpoint("write")).toThrow(error);
    failAt("write");
    clear();
    failpoint("write");
  });
});

describe("a cancel source", () => {
  test("tells its listeners once", () => {
    const { signal, abort } = cancelSource();
    let told = 0;
    const gone = () => {
      told += 100;
    };
    signal.addEventListener("abort", () => {
      told += 1;
    });
    signal.addEventListener("abort", gone);
    signal.removeEventListener("abort", gone);
    signal.throwIfAborted();
    abort();
    abort();
    expect(told).toBe(1);
    expect(signal.aborted).toBe(true);
    expect(() => signal.throwIfAborted()).toThrow("aborted");
  });
});

describe("differences", () => {
  test("are none between equal values, with absent and undefined alike", () => {
    expect(differences({ a: [1, { b: undefined }] }, { a: [1, {}], c: undefined })).toEqual([]);
  });

  test("name the place and both sides", () => {
    expect(differences({ a: [1, { b: 2 }], c: null }, { a: [1, { b: 3 }, 4], c: {} })).toEqual([
      "value.a[1].b: expected 3, got 2",
      "value.a[2]: expected 4, got nothing",
      "value.c: expected {}, got null",
    ]);
  });

  test("tell lists from objects and do not drown in long ones", () => {
    expect(differences([], {})).toHaveLength(1);
    expect(
      differences(
        Array.from({ length: 50 }, () => 1),
        [],
      ),
    ).toHaveLength(13);
  });

  test("are not misled by members that every object has", () => {
    expect(differences({}, { toString: 1 })).toEqual(["value.toString: expected 1, got nothing"]);
  });
});

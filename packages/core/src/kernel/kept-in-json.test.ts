import { jsonValues } from "@mission-ledger/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { differencesBetween } from "./differences.ts";
import { isUnkeptAt, unkeptIn } from "./kept-in-json.ts";

const circle: Record<string, unknown> = { a: { list: [1] } };
(circle.a as Record<string, unknown>).back = circle;

class Money {
  readonly cents = 5;
  toJSON(): string {
    return "0.05";
  }
}
class Plain {
  readonly cents = 5;
}

const unkept: readonly (readonly [string, unknown, readonly string[]])[] = [
  ["NaN", { a: { b: Number.NaN } }, ["a", "b"]],
  ["Infinity", [1, Number.POSITIVE_INFINITY], ["1"]],
  ["-Infinity", { a: Number.NEGATIVE_INFINITY }, ["a"]],
  ["-0", { a: [0, -0] }, ["a", "1"]],
  ["a bigint", { a: 1n }, ["a"]],
  ["a function", { a: () => 1 }, ["a"]],
  ["a symbol", { a: Symbol("a") }, ["a"]],
  ["a Date", { at: new Date(0) }, ["at"]],
  ["a Map", { byId: new Map([["a", 1]]) }, ["byId"]],
  ["a Set", { ids: new Set([1]) }, ["ids"]],
  ["a Uint8Array", { bytes: new Uint8Array(2) }, ["bytes"]],
  ["a RegExp", { like: /a/ }, ["like"]],
  ["a Number", { boxed: Object(1) }, ["boxed"]],
  ["a Object", { price: new Money() }, ["price"]],
  ["a function", { price: { cents: 5, toJSON: () => "0.05" } }, ["price", "toJSON"]],
  ["undefined in a list", { a: [1, undefined] }, ["a", "1"]],
  // biome-ignore lint/suspicious/noSparseArray: the hole is what it is about
  ["undefined in a list", { a: [, 1] }, ["a", "0"]],
  ["what it stands in itself", circle, ["a", "back"]],
  ["undefined", undefined, []],
];

describe("a value", () => {
  test.each(unkept)("with %s in it is not kept, and the place is named", (what, value, path) => {
    expect(unkeptIn(value)).toEqual({ what, path });
    expect(isUnkeptAt(value, path)).toBe(true);
    expect(isUnkeptAt({}, ["nowhere", ...path])).toBe(false);
  });

  test("that nests without end is not kept", () => {
    let nested: unknown = 1;
    for (let depth = 0; depth < 100_000; depth += 1) nested = [nested];
    const found = unkeptIn(nested);
    expect(found?.what).toBe("nested deeper than 500");
    expect(isUnkeptAt(nested, found?.path ?? [])).toBe(true);
  });

  test("may leave members undefined, stand in two places and be of a class or of no prototype", () => {
    const twice = { a: 1 };
    for (const value of [{ a: undefined }, { one: twice, other: twice }, new Plain(), Object.create(null)])
      expect(unkeptIn(value)).toBeUndefined();
  });

  test("of JSON is kept", () => {
    fc.assert(fc.property(jsonValues, (value) => unkeptIn(JSON.parse(JSON.stringify(value))) === undefined));
  });

  test("that is not refused comes back the same", () => {
    const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSparseArray: true });
    fc.assert(
      fc.property(anything, (value) => {
        const found = unkeptIn(value);
        if (found !== undefined) return isUnkeptAt(value, found.path);
        return differencesBetween(value, JSON.parse(JSON.stringify(value))).length === 0;
      }),
    );
  });
});

import { describe, expect, test } from "vitest";
import { canonicalJson, maxJsonDepth, NotCanonical } from "./json.ts";

describe("canonical JSON", () => {
  // Source: RFC 8785 section 3.2.2 and 3.2.3; 1E30 is left out, since we refuse integers beyond 2^53-1.
  test("writes the values of RFC 8785's example as the RFC does", () => {
    const value = JSON.parse(
      '{"numbers":[333333333.33333329,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
    ) as unknown;
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,4.5,0.002,1e-27],"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  // Source: RFC 8785 section 3.2.3.
  test("sorts keys by UTF-16 code unit, not by code point", () => {
    const value = {
      "\u20ac": "Euro",
      "\r": "CR",
      "\ufb33": "Dalet",
      "1": "One",
      "\u{1f600}": "Emoji",
      "\u0080": "Control",
      "\u00f6": "O",
    };
    const keys = Object.keys(JSON.parse(canonicalJson(value)) as object).filter((key) => key !== "1");
    expect(canonicalJson(value).startsWith('{"\\r":"CR","1":"One","\u0080":')).toBe(true);
    expect(keys).toEqual(["\r", "\u0080", "\u00f6", "\u20ac", "\u{1f600}", "\ufb33"]);
  });

  // Source: RFC 8785 appendix B, without the values that are no safe integers.
  test.each([
    [0, "0"],
    [-0, "0"],
    [5e-324, "5e-324"],
    [-5e-324, "-5e-324"],
    [9007199254740991, "9007199254740991"],
    [-9007199254740991, "-9007199254740991"],
    [9.999999999999997e-7, "9.999999999999997e-7"],
    [0.000001, "0.000001"],
    [333333333.3333332, "333333333.3333332"],
    [333333333.33333325, "333333333.33333325"],
    [-0.0000033333333333333333, "-0.0000033333333333333333"],
    [1e-7, "1e-7"],
  ])("writes the number %d as %s", (number, text) => {
    expect(canonicalJson(number)).toBe(text);
  });

  test("escapes as JSON.stringify does", () => {
    expect(canonicalJson('\b\t\n\f\r"\\/\u0000\u001f\u007f\u2028')).toBe(
      '"\\b\\t\\n\\f\\r\\"\\\\/\\u0000\\u001f\u007f\u2028"',
    );
  });

  test("leaves out members that are undefined and writes holes of lists as null", () => {
    expect(canonicalJson({ b: undefined, a: [undefined, 1] })).toBe('{"a":[null,1]}');
  });

  test("does not depend on the order in which members were set", () => {
    expect(canonicalJson({ b: { y: 1, x: 2 }, a: 3 })).toBe(canonicalJson({ a: 3, b: { x: 2, y: 1 } }));
  });

  test.each([
    ["a number that is none", Number.NaN],
    ["an infinite number", Number.POSITIVE_INFINITY],
    ["an integer beyond 2^53-1", 2 ** 53],
    ["a large power of ten", 1e30],
    ["a lone surrogate", "a\ud800"],
    ["a lone surrogate in a key", { "\udc00": 1 }],
    ["a function", () => 1],
    ["a bigint", 1n],
    ["a symbol", Symbol("s")],
    ["undefined", undefined],
    ["a date, which JSON writes as text", { at: new Date(0) }],
    ["a map, which JSON writes as an empty object", { map: new Map([[1, 2]]) }],
    ["an object that writes itself", { toJSON: () => "x" }],
    ["a key that sets the prototype", JSON.parse('{"a":{"__proto__":1}}')],
    ["the key constructor", { constructor: 1 }],
    ["the key prototype", [{ prototype: 1 }]],
  ])("refuses %s", (_, value) => {
    expect(() => canonicalJson(value)).toThrow(NotCanonical);
  });

  test("names the place of what it refuses", () => {
    expect(() => canonicalJson({ a: [{ b: Number.NaN }] })).toThrow("a[0].b is NaN");
  });

  test("accepts nesting up to the bound and refuses one level more", () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
    expect(canonicalJson(nested(maxJsonDepth))).toBe(
      `${"[".repeat(maxJsonDepth)}1${"]".repeat(maxJsonDepth)}`,
    );
    expect(() => canonicalJson(nested(maxJsonDepth + 1))).toThrow("nested deeper than 32");
  });

  test("accepts a member named toJSON that is no function", () => {
    expect(canonicalJson({ toJSON: 1 })).toBe('{"toJSON":1}');
  });

  test("takes objects without a prototype as objects", () => {
    expect(canonicalJson(Object.assign(Object.create(null), { b: 1, a: 2 }))).toBe('{"a":2,"b":1}');
  });
});

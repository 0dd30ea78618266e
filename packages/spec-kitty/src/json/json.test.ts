import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maxNesting, parsePythonJson } from "./parse.ts";
import { compareCodePoints, type PyValue } from "./value.ts";
import { compactJson, floatText, indentedJson, rowJson } from "./write.ts";

const read = (text: string): PyValue => {
  const parsed = parsePythonJson(text);
  if (parsed._tag === "Problem") throw new Error(parsed.problem);
  return parsed.value;
};
const problemOf = (text: string): string => {
  const parsed = parsePythonJson(text);
  return parsed._tag === "Problem" ? parsed.problem : "none";
};

describe("reading JSON as Python does", () => {
  test("whole numbers keep every digit and floats are Python's floats", () => {
    expect(
      compactJson(
        read("[9007199254740993, -0, 1.0, 1e5, 1e16, 1e22, 0.0001, 0.00001, -2.5e-7, NaN, -Infinity]"),
      ),
    ).toBe("[9007199254740993,0,1.0,100000.0,1e+16,1e+22,0.0001,1e-05,-2.5e-07,NaN,-Infinity]");
    expect(floatText(-0)).toBe("-0.0");
    expect(floatText(123456789012345.6)).toBe("123456789012345.6");
  });

  test("the last of equal keys wins", () => {
    expect(compactJson(read('{"a": 1, "a": 2}'))).toBe('{"a":2}');
  });

  test("nesting is read up to the limit and refused beyond it, at any depth and in no time", () => {
    expect(problemOf("[".repeat(maxNesting) + "]".repeat(maxNesting))).toBe("none");
    expect(problemOf("[".repeat(maxNesting + 1) + "]".repeat(maxNesting + 1))).toBe(
      `nested deeper than ${maxNesting}`,
    );
    expect(problemOf('{"a":'.repeat(1_000_000))).toBe(`nested deeper than ${maxNesting}`);
  });

  test.each([
    "",
    "{",
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,}',
    "[1 2]",
    '"a',
    '"\\x"',
    '"\\u12G4"',
    '"\u0000"',
    "01",
    "nul",
    "1 1",
    "{'a':1}",
    "\ufeff{}",
  ])("%j is refused with a reason", (text) => {
    expect(problemOf(text)).not.toBe("none");
  });

  test("a number of endless digits is refused", () => {
    expect(problemOf("9".repeat(100_000))).toBe("a number is too long");
  });

  test("keys that name a prototype are members like others and change nothing", () => {
    expect(compactJson(read('{"__proto__": {"polluted": true}, "constructor": 1}'))).toBe(
      '{"__proto__":{"polluted":true},"constructor":1}',
    );
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  test("what JavaScript writes is read as it was", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, noUnicodeString: false }), (value) => {
        expect(JSON.parse(rowJson(read(JSON.stringify(value))))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("no text makes it throw", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0123eE.-+ntrue') }),
        ),
        (text) => {
          parsePythonJson(text);
        },
      ),
    );
  });
});

describe("writing JSON as Python does", () => {
  const value = read('{"ü": "ä\\n\\u007f😀", "a": [], "b": {}, "A": [1, {"c": null}]}');

  test("a row is one line with spaces, sorted keys and ASCII only", () => {
    expect(rowJson(value)).toBe(
      '{"A": [1, {"c": null}], "a": [], "b": {}, "\\u00fc": "\\u00e4\\n\\u007f\\ud83d\\ude00"}',
    );
  });

  test("a snapshot is indented by two and keeps what is not ASCII", () => {
    expect(indentedJson(value)).toBe(
      '{\n  "A": [\n    1,\n    {\n      "c": null\n    }\n  ],\n  "a": [],\n  "b": {},\n  "ü": "ä\\n\u007f😀"\n}',
    );
  });

  test("keys are sorted by code point, not by UTF-16 unit", () => {
    const [pair, last] = ["😀", "\uffee"];
    expect([pair, last].sort()).toEqual([pair, last]);
    expect([pair, last].sort(compareCodePoints)).toEqual([last, pair]);
    expect(compareCodePoints("ab", "abc")).toBeLessThan(0);
  });
});

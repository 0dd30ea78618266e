import { jsonValues } from "@mission-ledger/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf } from "./digest.ts";
import { canonicalJson, isDangerousKey, type Json } from "./json.ts";

/** The same value with the members of every object set in reverse. */
const reversed = (value: Json): Json => {
  if (Array.isArray(value)) return value.map((member: Json) => reversed(member));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
};

describe("canonical JSON", () => {
  test("carries every value without loss", () => {
    fc.assert(
      fc.property(jsonValues, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(value);
      }),
    );
  });

  test("is the same before and after a round trip, whatever the order of members", () => {
    fc.assert(
      fc.property(jsonValues, (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(canonicalJson(reversed(value))).toBe(text);
        expect(digestOf(JSON.parse(JSON.stringify(value)))).toBe(digestOf(value));
      }),
    );
  });

  test("writes every character as JSON does", () => {
    for (let code = 0; code < 0x10000; code += 1) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const text = `a${String.fromCharCode(code)}`;
      if (canonicalJson(text) !== JSON.stringify(text))
        expect(canonicalJson(text)).toBe(JSON.stringify(text));
    }
    expect(canonicalJson("a\n")).toBe('"a\\n"');
    expect(canonicalJson("")).toBe('""');
  });

  test("sorts few keys and many by code unit", () => {
    const names = fc.string({ unit: "grapheme", maxLength: 3 }).filter((key) => !isDangerousKey(key));
    fc.assert(
      fc.property(fc.uniqueArray(names, { maxLength: 40 }), (keys) => {
        const text = [...keys].sort().map((key) => `${JSON.stringify(key)}:0`);
        expect(canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])))).toBe(`{${text.join(",")}}`);
      }),
    );
  });

  test("tells different values apart", () => {
    fc.assert(
      fc.property(jsonValues, jsonValues, (one, other) => {
        const equal = JSON.stringify(reversed(reversed(one))) === JSON.stringify(reversed(reversed(other)));
        if (canonicalJson(one) === canonicalJson(other)) expect(one).toEqual(other);
        else expect(equal).toBe(false);
      }),
    );
  });
});

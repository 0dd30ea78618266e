import { describe, expect, test } from "vitest";
import { matchesGlob } from "./globs.ts";

describe("a glob", () => {
  test.each([
    ["src/**", "src/a.ts", true],
    ["src/**", "src/deep/a.ts", true],
    ["src/**", "src", false],
    ["src/**", "srcs/a.ts", false],
    ["src/", "src/deep/a.ts", true],
    ["**", "any/thing", true],
    ["**/a.ts", "a.ts", true],
    ["**/a.ts", "x/y/a.ts", true],
    ["**/a.ts", "ba.ts", false],
    ["a/**/b", "a/b", true],
    ["a/**/b", "a/x/y/b", true],
    ["a/**/b", "ab", false],
    ["a**b", "axxb", true],
    ["a**b", "ax/xb", false],
    ["***", "abc", true],
    ["***", "a/b", false],
    ["src/*", "src/a.ts", true],
    ["src/*", "src/deep/a.ts", false],
    ["*.ts", "a.ts", true],
    ["*.ts", ".ts", true],
    ["?", "a", true],
    ["?", "😀", true],
    ["?", "/", false],
    ["a?b", "a/b", false],
    ["\\*", "*", true],
    ["\\*", "a", false],
    ["\\\\", "\\", true],
    ["a\\", "a", false],
    ["a\\/**", "a/b", true],
    ["a\\\\/", "a\\/b", true],
    ["[ab]", "a", false],
    ["[ab]", "[ab]", true],
    ["{a,b}", "{a,b}", true],
    ["A", "a", false],
    ["é", "e\u0301", false],
    ["a", "a", true],
    ["", "a", false],
    ["", "", true],
  ])("%j against %j: %j", (glob, path, expected) => {
    expect(matchesGlob(glob, path)).toBe(expected);
  });

  test("longer than a plan may hold is refused", () => {
    expect(() => matchesGlob("a".repeat(129), "a")).toThrow(RangeError);
    expect(matchesGlob("a".repeat(128), "a".repeat(128))).toBe(true);
  });
});

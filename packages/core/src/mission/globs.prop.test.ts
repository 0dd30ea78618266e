import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesGlob } from "./globs.ts";

/** The slow and obvious meaning: segment by segment, letter by letter, trying everything. */
const slow = (glob: string, path: string): boolean =>
  segmentsMatch((glob.endsWith("/") ? `${glob}**` : glob).split("/"), path.split("/"));

const segmentsMatch = ([first, ...rest]: readonly string[], path: readonly string[]): boolean => {
  if (first === undefined) return path.length === 0;
  if (first === "**")
    return rest.length === 0
      ? path.length > 0
      : [...path, ""].some((_, taken) => segmentsMatch(rest, path.slice(taken)));
  const [segment, ...below] = path;
  return segment !== undefined && lettersMatch(first, segment) && segmentsMatch(rest, below);
};

const lettersMatch = (glob: string, text: string): boolean => {
  if (glob === "") return text === "";
  const [letter, rest] = [glob[0], glob.slice(1)];
  if (letter === "*") return lettersMatch(rest, text) || (text !== "" && lettersMatch(glob, text.slice(1)));
  if (letter === "\\")
    return text !== "" && rest[0] === text[0] && lettersMatch(rest.slice(1), text.slice(1));
  return text !== "" && (letter === "?" || letter === text[0]) && lettersMatch(rest, text.slice(1));
};

const pieces = fc.constantFrom(
  "a",
  "b",
  "*",
  "**",
  "?",
  "/",
  "/",
  "/**/",
  "**/",
  "\\*",
  "\\?",
  "\\\\",
  "[",
  "é",
);
const globs = fc.array(pieces, { maxLength: 9 }).map((all) => all.join(""));
const paths = fc
  .array(
    fc.string({ unit: fc.constantFrom("a", "b", "*", "?", "\\", "[", "é"), minLength: 1, maxLength: 3 }),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((segments) => segments.join("/"));

describe("a glob", () => {
  test("means what the slow reading of it means", () => {
    fc.assert(
      fc.property(globs, paths, (glob, path) => {
        expect(matchesGlob(glob, path)).toBe(slow(glob, path));
      }),
      { numRuns: 20_000 },
    );
  });
});

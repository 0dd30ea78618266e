import { describe, expect, test } from "vitest";
import {
  holdsDangerousKey,
  holdsLoneSurrogate,
  mayHoldDangerousKey,
  mayHoldLoneSurrogate,
  nestsTooDeep,
} from "./json-text.ts";

describe("the depth of a text", () => {
  test.each([
    ["[[[1]]]", 3, false],
    ["[[[1]]]", 2, true],
    ['{"a":[{"b":1}]}', 3, false],
    ['{"a":[{"b":1}]}', 2, true],
    ["[[1],[2],[3],[4]]", 2, false],
    ['"[[[[[[["', 1, false],
    ['["\\"[[[["]', 1, false],
  ])("%s nests deeper than %i: %s", (text, deepest, expected) => {
    expect(nestsTooDeep(text, deepest)).toBe(expected);
  });
});

describe("what a parser lets through", () => {
  test.each([['{"__proto__":1}'], ['{"a":[{"constructor":{}}]}'], ['{"\\u005f_proto__":1}']])(
    "is seen: the key in %s",
    (text) => {
      expect(mayHoldDangerousKey(text) && holdsDangerousKey(JSON.parse(text))).toBe(true);
    },
  );

  test.each([['{"a":"\\ud800"}'], ['{"\\udc00":1}'], ['[{"b":"x\\ud83d"}]']])(
    "is seen: half a character in %s",
    (text) => {
      expect(mayHoldLoneSurrogate(text) && holdsLoneSurrogate(JSON.parse(text))).toBe(true);
    },
  );

  test.each([
    ['{"a":"__proto__"}'],
    ['{"proto":"constructor"}'],
    ['{"a":"\\ud83d\\ude80"}'],
    ["[1,null,true]"],
  ])("is not seen in %s", (text) => {
    const parsed: unknown = JSON.parse(text);
    expect(holdsDangerousKey(parsed) || holdsLoneSurrogate(parsed)).toBe(false);
  });
});

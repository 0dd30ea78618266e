import { jsonObjects, jsonValues } from "@mission-ledger/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  applyDifferences,
  differencesBetween,
  formatPath,
  parsePath,
  type ValuePath,
  valueAt,
} from "./differences.ts";
import { canonicalJson, type Json } from "./json.ts";

/** Pairs that share most of themselves, as two moments of one view do; two random values share nothing. */
const pairs: fc.Arbitrary<readonly [Json, Json]> = fc.oneof(
  fc.tuple(jsonValues, jsonValues),
  fc.tuple(jsonObjects, jsonObjects, jsonValues).map(([shared, more, other]): readonly [Json, Json] => [
    { ...more, ...shared, list: [1, 2, other] },
    { ...shared, ...more, list: [1, other, 3, 4] },
  ]),
);

describe("differences between two values", () => {
  test("make the one the other", () => {
    fc.assert(
      fc.property(pairs, ([before, after]) => {
        const made = applyDifferences(before, differencesBetween(before, after));
        expect(canonicalJson(made)).toBe(canonicalJson(after));
      }),
    );
  });

  test("are none exactly where both are equal", () => {
    fc.assert(
      fc.property(pairs, ([before, after]) => {
        expect(differencesBetween(before, after).length === 0).toBe(
          canonicalJson(before) === canonicalJson(after),
        );
      }),
    );
  });

  test("name the value before and after at each place", () => {
    fc.assert(
      fc.property(pairs, ([before, after]) => {
        for (const difference of differencesBetween(before, after)) {
          const { path } = difference;
          expect(valueAt(before, path)).toEqual("before" in difference ? difference.before : undefined);
          expect(valueAt(after, path)).toEqual("after" in difference ? difference.after : undefined);
        }
      }),
    );
  });

  test("are the smallest places that differ", () => {
    expect(
      differencesBetween(
        { lane: "planned", claim: null, owns: ["a", "b"], same: { deep: [1] } },
        { lane: "claimed", claim: { holder: "ana" }, owns: ["a", "c", "d"], same: { deep: [1] } },
      ),
    ).toEqual([
      { _tag: "Changed", path: ["lane"], before: "planned", after: "claimed" },
      { _tag: "Changed", path: ["claim"], before: null, after: { holder: "ana" } },
      { _tag: "Changed", path: ["owns", "1"], before: "b", after: "c" },
      { _tag: "Added", path: ["owns", "2"], after: "d" },
    ]);
    expect(differencesBetween([1, 2, 3], [1])).toEqual([
      { _tag: "Removed", path: ["1"], before: 2 },
      { _tag: "Removed", path: ["2"], before: 3 },
    ]);
  });

  test("are seen in keys that would name a prototype, and reach no prototype", () => {
    const before = JSON.parse('{"a":{"__proto__":{"polluted":1},"constructor":1}}') as Json;
    const after = JSON.parse('{"a":{"__proto__":{"polluted":2},"toString":1}}') as Json;
    const made = applyDifferences(before, differencesBetween(before, after));
    expect(JSON.stringify(made)).toBe('{"a":{"__proto__":{"polluted":2},"toString":1}}');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test("leave the value they are made to as it was", () => {
    const before = { list: [{ deep: 1 }] };
    applyDifferences(before, differencesBetween(before, { list: [{ deep: 2 }, 3] }));
    expect(before).toEqual({ list: [{ deep: 1 }] });
  });
});

describe("a path", () => {
  test.each<ValuePath>([["constructor"], ["__proto__"], ["list", "length"], ["list", "-1"], ["list", "00"]])(
    "leads to own members only, and so not to %s %s",
    (...path) => {
      expect(valueAt({ list: [1] }, path)).toBeUndefined();
    },
  );

  test("is keys joined by dots, and keys with dots are found by what is there", () => {
    const view = { cards: { "WP1.2": { lane: "done" }, WP1: { "2": 1 } } };
    expect(parsePath("cards.WP1.2.lane", view)).toEqual(["cards", "WP1.2", "lane"]);
    expect(parsePath("cards.WP1.3", view)).toEqual(["cards", "WP1", "3"]);
    expect(parsePath("a.b")).toEqual(["a", "b"]);
    expect(formatPath(["cards", "WP1.2", "lane"])).toBe("cards.WP1.2.lane");
  });
});

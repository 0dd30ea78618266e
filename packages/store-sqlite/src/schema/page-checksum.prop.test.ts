import fc from "fast-check";
import { expect, test } from "vitest";
import { crcOfBytes } from "./checksum.ts";
import { PageChecksum } from "./page-checksum.ts";

const crcOf = (text: string): number => crcOfBytes(Buffer.from(text));
const rowsOf = (unit: fc.Arbitrary<string>): fc.Arbitrary<readonly string[]> =>
  fc.array(fc.string({ unit, maxLength: 60 }), { maxLength: 6 });
const rows = fc.oneof(
  rowsOf(fc.constantFrom("a", "é", "\n", "1")),
  rowsOf(fc.string({ minLength: 1, maxLength: 1, unit: "binary-ascii" })),
);

/** What a page's checksum answers about rows and the sums that stand behind them. */
const judge = (list: readonly (readonly [row: string, crc: number])[]): boolean => {
  const checksum = new PageChecksum(Buffer.from(list.map(([row, crc]) => `${row}\n${crc}\n`).join("")));
  let at = 0;
  for (const [row, crc] of list) {
    const columnsEnd = at + Buffer.byteLength(row);
    const end = columnsEnd + 1 + String(crc).length;
    if (!checksum.row(at, columnsEnd, crc, end)) return false;
    at = end + 1;
  }
  return checksum.isSound();
};
const summed = (list: readonly string[]): [string, number][] => list.map((row) => [row, crcOf(row)]);

test("rows with their own checksums are sound together", () => {
  fc.assert(fc.property(rows, (list) => judge(summed(list))));
});

test("one changed character or one changed checksum is seen among any rows", () => {
  const changed = fc
    .tuple(
      rows.filter((list) => list.some((row) => row.length > 0)),
      fc.nat(),
      fc.nat(),
      fc.boolean(),
    )
    .map(([list, which, where, isSum]) => {
      const long = summed(list).filter(([row]) => row.length > 0);
      const entry = long[which % long.length] as [string, number];
      if (isSum) entry[1] = (entry[1] ^ (1 << (where % 32))) >>> 0;
      else {
        const at = where % entry[0].length;
        entry[0] = `${entry[0].slice(0, at)}${entry[0][at] === "b" ? "c" : "b"}${entry[0].slice(at + 1)}`;
      }
      return long;
    });
  fc.assert(fc.property(changed, (list) => !judge(list)));
});

test("a row of any length is summed, also one longer than most", () => {
  for (const length of [0, 1, 255, 1_022, 1_023, 1_024, 70_000])
    expect(judge(summed(["x", "y".repeat(length), "z"]))).toBe(true);
});

test.each([Number.NaN, -1, 2 ** 32, 2 ** 32 + crcOf("a")])("%d is no checksum", (crc) => {
  expect(new PageChecksum(Buffer.from(`a\n${crc}\n`)).row(0, 1, crc, 2 + String(crc).length)).toBe(false);
});

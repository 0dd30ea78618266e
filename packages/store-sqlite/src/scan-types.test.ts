import { expect, test } from "vitest";
import { ScannedText } from "./scan-text.ts";
import { type ScannedType, TypeTable } from "./scan-types.ts";

const at = (table: TypeTable, name: string): ScannedType => {
  const text = new ScannedText(Buffer.from(`before\n${name}\nbehind`));
  return table.in(text, 7, 7 + Buffer.byteLength(name));
};

test("each of more names than the table has places for is found as itself, again and again", () => {
  const names = ["", "Ünïcode", ...Array.from({ length: 3_000 }, (_, index) => `Name${index.toString(36)}`)];
  const table = new TypeTable(new Map(names.filter((_, index) => index % 2 === 0).map((name) => [name, {}])));
  for (let round = 0; round < 2; round += 1)
    for (const [index, name] of names.entries()) {
      const { name: found, wish } = at(table, name);
      expect(found).toBe(name);
      expect(wish?.type).toBe(index % 2 === 0 ? name : undefined);
    }
});

test("a name that has come before is the same string", () => {
  const table = new TypeTable(new Map());
  expect(at(table, "Noted")).toBe(at(table, "Noted"));
});

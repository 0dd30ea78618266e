/** The page of requirements: every requirement has a row, every row a test that is there by file and title, or a reason. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";

const repository = path.resolve(import.meta.dirname, "..");
const page = readFileSync(path.join(repository, "docs", "requirements.md"), "utf8");

const numbered = (prefix: string, count: number, width = 0): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index + 1).padStart(width, "0")}`);

/** Requirements, acceptance scenarios and edge cases of document 004, and the defects that are known of another system. */
const ids: readonly string[] = [
  ...numbered("FR-", 14, 3),
  ...numbered("NFR-", 6, 3),
  ...numbered("C-", 6, 3),
  ...numbered("SC-", 8, 3),
  ...[3, 3, 2, 3, 2].flatMap((scenarios, story) => numbered(`US${story + 1}.`, scenarios)),
  ...numbered("EC", 8),
  ...numbered("H2.", 7),
  ...numbered("H6.", 12),
  ...numbered("H7.", 35),
];

/** The cells of each row of each table, without those of headings. */
const rows: readonly (readonly string[])[] = page
  .split("\n")
  .filter((line) => line.startsWith("|") && !/^\|[ |:-]+\|$/.test(line))
  .map((line) =>
    line
      .slice(1, line.lastIndexOf("|"))
      .split("|")
      .map((cell) => cell.trim()),
  );

interface Named {
  readonly file: string;
  readonly title: string;
}

/** `file` "title", "title"; `file` "title". A file without a title stands for all of it. */
const namedIn = (cell: string): readonly Named[] => {
  let file = "";
  return [...cell.matchAll(/`((?:packages|test|examples)\/[\w./-]+)`|"([^"]*)"/g)].flatMap(
    ([, opened, title]) => {
      if (opened !== undefined) file = opened;
      return title === undefined || file === "" ? [] : [{ file, title }];
    },
  );
};

/** Names of tests as they stand in a source: what follows `test(`, `describe.each(…)(` and the like, or `name:` in a table of cases. */
const titlesIn = (source: string): ReadonlySet<string> => {
  const literal = /(?:\(|\bname:)\s*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)/g;
  const before = /(?:\b(?:test|it|describe)(?:\.\w+)*|[)\]]|\bname:)\s*$/;
  return new Set(
    [...source.matchAll(literal)].flatMap((match) => {
      const text = match[1] as string;
      const opens = source[match.index] === "(";
      if (opens && !before.test(source.slice(Math.max(0, match.index - 80), match.index))) return [];
      return [text.slice(1, -1).replace(/\\(["'`\\])/g, "$1")];
    }),
  );
};

const sources = new Map<string, ReadonlySet<string>>();
const hasTitle = ({ file, title }: Named): boolean => {
  const absolute = path.join(repository, file);
  if (!existsSync(absolute)) return false;
  const known = sources.get(file) ?? titlesIn(readFileSync(absolute, "utf8"));
  sources.set(file, known);
  return known.has(title);
};

describe("the page of requirements", () => {
  test("every requirement, scenario, edge case and known defect has its row", () => {
    const first = rows.map(([cell = ""]) => cell);
    expect(ids.filter((id) => first.filter((cell) => cell === id).length !== 1)).toEqual([]);
  });

  test("every such row names a test by its title, or says why it cannot apply", () => {
    const bare = rows.filter(
      ([id = "", ...cells]) =>
        ids.includes(id) &&
        namedIn(cells.at(-1) ?? "").length === 0 &&
        !cells.some((cell) => /^cannot apply: .{20}/.test(cell)),
    );
    expect(bare.map(([id]) => id)).toEqual([]);
  });

  test("every file and every title that is named is there", () => {
    const named = rows.flatMap((cells) => namedIn(cells.at(-1) ?? ""));
    expect(named.length).toBeGreaterThan(100);
    expect(named.filter((one) => !hasTitle(one))).toEqual([]);
  });
});

describe("the reader of titles", () => {
  test("finds those of tests, tables of tests and cases, and nothing else that stands in quotes", () => {
    const source = [
      'test("one", () => {});',
      'it.skip("two", () => {});',
      'describe.each(table.map(({ name }) => name))(\n  "three %s", () => {});',
      "test.each([[1], [2]])('four %i', () => {});",
      'const cases = [{ name: "five" }];',
      'expect(said("six")).toBe(1); const seven = "seven"; log(`eight`);',
      'test.each([\n  ["nine"],\n])("ten \\"quoted\\"", () => {});',
      "describe(`eleven`, () => {});",
    ].join("\n");
    expect([...titlesIn(source)]).toEqual([
      "one",
      "two",
      "three %s",
      "four %i",
      "five",
      'ten "quoted"',
      "eleven",
    ]);
  });
});

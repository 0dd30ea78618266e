/** Programs shown in the docs are programs that run: each is a copy of a file under `examples/`, whose test CI runs. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";

const repository = path.resolve(import.meta.dirname, "..");

/** A fenced block of a page, and the file that it is said to be a copy of. */
interface Snippet {
  readonly line: number;
  readonly language: string;
  readonly text: string;
  readonly source: string | null;
}

const marker = /^<!--\s*source:\s*(\S+)\s*-->$/;

/** `<!-- source: examples/… -->` stands on the line before the block, or with one empty line between. */
const snippetsOf = (page: string): readonly Snippet[] => {
  const lines = page.split("\n");
  const snippets: Snippet[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const fence = /^(`{3,})(\w*)/.exec(lines[at] as string);
    if (fence === null) continue;
    const [, ticks = "", language = ""] = fence;
    const end = lines.findIndex((line, index) => index > at && line.startsWith(ticks));
    if (end < 0) throw new Error(`the block at line ${at + 1} has no end`);
    const before = [lines[at - 1], lines[at - 2]].find((line) => line !== undefined && line.trim() !== "");
    const source = marker.exec(before?.trim() ?? "")?.[1] ?? null;
    snippets.push({ line: at + 1, language, text: lines.slice(at + 1, end).join("\n"), source });
    at = end;
  }
  return snippets;
};

const pages = [
  "README.md",
  ...readdirSync(path.join(repository, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name.replaceAll("\\", "/")}`),
].filter((page) => existsSync(path.join(repository, page)));

const textOf = (file: string): string => readFileSync(path.join(repository, file), "utf8");
const isProgram = ({ language }: Snippet): boolean =>
  ["ts", "js", "mjs", "typescript", "javascript"].includes(language);

describe("a program in the docs", () => {
  test("is in the README at least once", () => {
    expect(pages).toContain("README.md");
    expect(snippetsOf(textOf("README.md")).filter(isProgram).length).toBeGreaterThan(0);
  });

  test("of the README names the example it is a copy of", () => {
    const loose = snippetsOf(textOf("README.md")).filter(
      (snippet) => isProgram(snippet) && snippet.source === null,
    );
    expect(loose.map(({ line }) => `README.md:${line}`)).toEqual([]);
  });

  test.each(pages)("is the very text of its example: %s", (page) => {
    for (const { line, text, source } of snippetsOf(textOf(page))) {
      if (source === null) continue;
      expect(existsSync(path.join(repository, source)), `${page}:${line} names ${source}`).toBe(true);
      expect(text.trimEnd(), `${page}:${line} is not ${source}`).toBe(textOf(source).trimEnd());
    }
  });

  test("of the README comes from an example that has a test", () => {
    const untested = snippetsOf(textOf("README.md")).filter(({ source }) => {
      if (source === null || !source.startsWith("examples/")) return source !== null;
      const folder = path.join(repository, source.split("/").slice(0, 2).join("/"));
      return !existsSync(folder) || !readdirSync(folder).some((name) => /\.test\.m?[jt]s$/.test(name));
    });
    expect(untested.map(({ source }) => source)).toEqual([]);
  });
});

describe("the reader of snippets", () => {
  test("finds a block's language, text and source", () => {
    const page = "a\n\n<!-- source: examples/x/main.mjs -->\n```js\none\n\ntwo\n```\n\n```\nplain\n```\n";
    expect(snippetsOf(page)).toEqual([
      { line: 4, language: "js", text: "one\n\ntwo", source: "examples/x/main.mjs" },
      { line: 10, language: "", text: "plain", source: null },
    ]);
  });
});

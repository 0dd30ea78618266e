/** The docs point at what is there: links, headings, files, error codes, commands. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { exitsVia, laneNames } from "@mission-ledger/core/mission";
import { commands } from "mission-ledger/cli";
import { describe, expect, test } from "vitest";

const repository = path.resolve(import.meta.dirname, "..");

/** Files below a folder; what was installed or built is not ours. */
const filesBelow = (folder: string): readonly string[] =>
  existsSync(path.join(repository, folder))
    ? readdirSync(path.join(repository, folder), { withFileTypes: true }).flatMap((entry) => {
        if (["node_modules", "dist"].includes(entry.name)) return [];
        const name = `${folder}/${entry.name}`;
        return entry.isDirectory() ? filesBelow(name) : [name];
      })
    : [];

const pages = [
  ...readdirSync(repository).filter((name) => name.endsWith(".md")),
  ...["docs", "packages", "examples", "test"].flatMap(filesBelow).filter((name) => name.endsWith(".md")),
].sort();

const textOf = (file: string): string => readFileSync(path.join(repository, file), "utf8");

/** A page without its fenced blocks, whose lines are no prose. */
const proseOf = (page: string): string => textOf(page).replace(/^(`{3,})[\s\S]*?^\1/gm, "");

/** The anchor of a heading, as code hosts make it. */
const anchorOf = (heading: string): string =>
  heading
    .replace(/`/g, "")
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

const anchorsOf = (page: string): readonly string[] =>
  [...proseOf(page).matchAll(/^#{1,6}\s+(.*)$/gm)].map((match) => anchorOf(match[1] as string));

describe("a page", () => {
  test.each(pages)("%s links to files and headings that are there", (page) => {
    const broken: string[] = [];
    for (const [, target = ""] of proseOf(page).matchAll(/\[[^\]]*\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file = "", anchor] = target.split("#");
      const linked = file === "" ? page : path.posix.join(path.posix.dirname(page), decodeURIComponent(file));
      if (!existsSync(path.join(repository, linked))) broken.push(target);
      else if (anchor !== undefined && linked.endsWith(".md") && !anchorsOf(linked).includes(anchor))
        broken.push(target);
    }
    expect(broken).toEqual([]);
  });

  test.each(pages)("%s names files that are there", (page) => {
    const named = [
      ...proseOf(page).matchAll(/`((?:packages|scripts|examples|test|docs|\.ci)\/[\w./-]+)`/g),
    ].map((match) => match[1] as string);
    expect(named.filter((file) => !existsSync(path.join(repository, file)))).toEqual([]);
  });

  test.each(pages)("%s names commands that there are", (page) => {
    const names = new Set(commands.map(({ name }) => name));
    const first = new Set(commands.map(({ name }) => name.split(".")[0]));
    const unknown = [
      ...textOf(page).matchAll(/(?:^|[`$(\s])(?:npx )?mled ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?/gm),
    ]
      .filter(
        ([, one = "", two]) =>
          !(names.has(one) || names.has(`${one}.${two}`) || (two === undefined && first.has(one))),
      )
      .map(([, one, two]) => `mled ${one}${two === undefined ? "" : ` ${two}`}`);
    expect(unknown).toEqual([]);
  });
});

describe("the page of error codes", () => {
  const sources = filesBelow("packages").filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  const unionOf = (file: string, name: string): readonly string[] => {
    const union = new RegExp(`type ${name} =([^;]*);`).exec(textOf(file))?.[1] ?? "";
    return [...union.matchAll(/"([A-Z_]+)"/g)].map((match) => match[1] as string);
  };
  const codes = [
    ...unionOf("packages/core/src/kernel/faults.ts", "FaultCode"),
    ...unionOf("packages/core/src/mission/errors.ts", "RefusalCode"),
    ...[...textOf("packages/cli/src/output/exit-codes.ts").matchAll(/^ {2}([A-Z_]+): exitCodes\./gm)].map(
      (match) => match[1] as string,
    ),
  ];
  const headings = [...proseOf("docs/errors.md").matchAll(/^#{2,4}\s+`?([A-Z][A-Z_]+)`?\s*$/gm)].map(
    (match) => match[1] as string,
  );

  test("has a heading for each code", () => {
    expect(codes.length).toBeGreaterThan(30);
    expect([...new Set(codes)].filter((code) => !headings.includes(code))).toEqual([]);
  });

  test("has each heading once, and none for a code that nobody can be given", () => {
    expect(headings.filter((heading, index) => headings.indexOf(heading) !== index)).toEqual([]);
    const program = sources.map(textOf).join("\n");
    expect(headings.filter((heading) => !new RegExp(`\\b${heading}\\b`).test(program))).toEqual([]);
  });
});

describe("the page of lanes", () => {
  test("knows every lane and every lane that verdicts lead to", () => {
    const page = textOf("docs/lanes.md");
    for (const lane of laneNames) {
      expect(page).toContain(`\`${lane}\``);
      for (const { to } of exitsVia(lane, "verdict")) expect(page).toContain(to);
    }
  });
});

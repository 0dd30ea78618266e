import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { checkNames } from "./diagnose.ts";

const here = import.meta.dirname;

describe("what doctor can find", () => {
  test("stands in the package's page, every check and every code of it", () => {
    const source = readFileSync(path.join(here, "findings.ts"), "utf8");
    const codes = [...source.slice(0, source.indexOf("export interface")).matchAll(/^ {2}\| "(\w+)"/gm)]
      .map(([, code]) => code)
      .filter((code) => !["ok", "not_asked", "unexpected"].includes(code ?? ""));
    expect(codes.length).toBeGreaterThan(25);
    const page = readFileSync(path.join(here, "../../README.md"), "utf8");
    expect([...codes, ...checkNames].filter((word) => !page.includes(`\`${word}\``))).toEqual([]);
  });
});

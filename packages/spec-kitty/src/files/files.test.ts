import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readableText, utf8Bytes } from "../bytes.ts";
import { readExecutionLanes } from "./execution-lanes.ts";
import { frontmatterLimits, readFrontmatter } from "./frontmatter.ts";
import { readMeta } from "./meta.ts";
import { readWorkPackageFile } from "./work-package-file.ts";

const head = (yaml: string) => readFrontmatter(utf8Bytes(`---\n${yaml}\n---\n# Text\n`));
const problemOf = (yaml: string) => {
  const read = head(yaml);
  return read._tag === "Problem" ? read.problem : read._tag;
};
describe("frontmatter", () => {
  test("is read up to its closing line", () => {
    const read = head("title: A raft\nsubtasks: [T001, T002]");
    expect(
      read._tag === "Frontmatter" && [read.members.get("title"), read.members.get("subtasks"), read.end],
    ).toEqual(["A raft", ["T001", "T002"], 45]);
  });

  test("may stand behind a byte order mark, in CR LF lines, and be empty of lines", () => {
    expect(readFrontmatter(utf8Bytes("\ufeff---\r\ntitle: x\r\n---\r\ntext"))).toMatchObject({
      _tag: "Frontmatter",
    });
    expect(readFrontmatter(utf8Bytes("---\n---\n"))).toMatchObject({
      _tag: "Problem",
      problem: "is not a mapping",
    });
  });

  test("is none without a first line of dashes or without an end", () => {
    for (const text of ["", "# Text", "----\na: 1\n---\n", "---\na: 1\n"])
      expect(readFrontmatter(utf8Bytes(text))._tag).toBe("None");
  });

  test("equal keys, unknown tags, aliases and broken YAML are refused", () => {
    expect(problemOf("a: 1\na: 2")).toBe("is not sound YAML: DUPLICATE_KEY");
    expect(problemOf("a: !!js/function x")).toContain("is not sound YAML");
    expect(problemOf("a: &x [1]\nb: *x")).toBe("is not sound YAML");
    expect(problemOf("a: [1")).toContain("is not sound YAML");
    expect(problemOf("- a")).toBe("is not a mapping");
  });

  test("prototype keys are members of a map and reach no prototype", () => {
    const read = head("__proto__:\n  polluted: true\ntitle: x");
    expect(read._tag === "Frontmatter" && [...read.members.keys()]).toEqual(["__proto__", "title"]);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  test("bombs, deep nesting, many keys and long heads are refused at once", () => {
    const deep = `nested deeper than ${frontmatterLimits.depth}`;
    expect(problemOf(`a: ${"[".repeat(1_000)}${"]".repeat(1_000)}`)).toContain(deep);
    expect(problemOf(`a: ${"[".repeat(33)}${"]".repeat(33)}`)).toContain(deep);
    expect(problemOf("- ".repeat(1_000))).toContain(deep);
    expect(
      problemOf(Array.from({ length: 300 }, (_, level) => `${" ".repeat(level)}a:`).join("\n")),
    ).toContain(deep);
    expect(problemOf(Array.from({ length: 60_000 }, (_, key) => `k${key}: 1`).join("\n"))).toContain(
      "is longer than",
    );
    expect(problemOf(Array.from({ length: 6_000 }, (_, key) => `k${key}:`).join("\n"))).toContain("entries");
    expect(problemOf(`{${Array.from({ length: 2_000 }, (_, key) => `k${key}: 1`).join(",")}}`)).toBe(
      "Frontmatter",
    );
    for (const mark of ["&a ", "*a ", "!t ", ": "])
      expect(problemOf(`a: ${mark.repeat(16_000)}`)).toContain("more than");
  });

  test("equal keys are found at any depth, whatever their spelling; lists as keys equal no other", () => {
    const equal = "is not sound YAML: DUPLICATE_KEY";
    expect(problemOf('a: 1\n"a": 2')).toBe(equal);
    expect(problemOf("a:\n  - {b: 1, c: 2, b: 3}")).toBe(equal);
    expect(problemOf("1: a\n0x1: b")).toBe(equal);
    expect(problemOf("a: {b: 1}\nb: {b: 1}")).toBe("Frontmatter");
    expect(problemOf("? [1]\n: a\n? [1]\n: b")).toBe("Frontmatter");
  });

  test("no bytes make it throw", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc
            .string({ unit: fc.constantFrom(..."-:[]{}&*!|>'\"# \nab?%@,") })
            .map((yaml) => utf8Bytes(`---\n${yaml}\n---\n`)),
        ),
        (bytes) => {
          readFrontmatter(bytes);
        },
      ),
    );
  });
});

describe("a work package file", () => {
  const read = (name: string, text: string) => readWorkPackageFile({ name, bytes: utf8Bytes(text) });

  test("says what is planned; a single dependency may be a text", () => {
    const file = read(
      "tasks/WP02-mast.md",
      "---\nwork_package_id: WP02\ntitle: Mast\ndependencies: WP01\nowned_files: [src/**]\nsubtasks: [T001, {id: T002}]\n---\nbody",
    );
    expect(file).toMatchObject({
      wpId: "WP02",
      title: "Mast",
      dependsOn: ["WP01"],
      owns: ["src/**"],
      subtasks: ["T001", "T002"],
      problem: undefined,
    });
    expect(readableText(file?.head as Uint8Array).endsWith("---\n")).toBe(true);
  });

  test("is tied to its package by its name when the head cannot be read, and to none without a name", () => {
    expect(read("tasks/WP02-mast.md", "no head")).toMatchObject({ wpId: "WP02", problem: "has no head" });
    expect(read("WP02.md", "---\na: [\n---\n")).toMatchObject({ wpId: "WP02" });
    expect(read("tasks/README.md", "no head")).toBeUndefined();
    expect(read("tasks/README.md", "---\ntitle: x\n---\n")).toBeUndefined();
  });
});

describe("meta.json and lanes.json", () => {
  test("meta names the mission; old numbers lose their zeros", () => {
    expect(
      readMeta(
        utf8Bytes(
          '{"mission_id": "M1", "friendly_name": " A raft ", "mission_number": "002", "mission_type": "research"}',
        ),
      ),
    ).toEqual({
      missionId: "M1",
      title: "A raft",
      missionNumber: "2",
      missionType: "research",
      problem: undefined,
    });
    expect(readMeta(utf8Bytes('{"mission_number": 17}')).missionNumber).toBe("17");
    expect(readMeta(utf8Bytes('{"mission_number": null}')).missionNumber).toBe("");
  });

  test.each(["", "[]", "{", "\u0000"])("meta %j is a problem and nothing else", (text) => {
    expect(readMeta(utf8Bytes(text)).problem).toMatch(/^is not/);
  });

  test("lanes tie packages to lanes, the first wins, and what is not sound is named", () => {
    const lanes =
      '{"lanes": [{"lane_id": "lane-a", "wp_ids": ["WP01", "WP02"]}, {"lane_id": "lane-b", "wp_ids": ["WP02", 7]}, {"lane_id": 1}]}';
    const { laneOf, problems } = readExecutionLanes(utf8Bytes(lanes));
    expect([...laneOf]).toEqual([
      ["WP01", "lane-a"],
      ["WP02", "lane-a"],
    ]);
    expect(problems).toEqual(["lane 3 lacks lane_id or wp_ids"]);
    expect(readExecutionLanes(utf8Bytes("{}")).problems).toEqual(["has no list of lanes"]);
    expect(readExecutionLanes(utf8Bytes("x")).problems.length).toBe(1);
  });
});

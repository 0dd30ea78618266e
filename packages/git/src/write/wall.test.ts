/** Facts never write: what writes lives here alone, and nothing that reads knows it. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";

const sources = path.resolve(import.meta.dirname, "..");
const files = readdirSync(sources, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.startsWith("testing/"));
const facts = files.filter((file) => !file.startsWith("write/"));
const textOf = (file: string): string => readFileSync(path.join(sources, file), "utf8");

/** The words that git is run with: the first of each list that begins with a command. */
const commandsOf = (file: string): readonly string[] =>
  [...textOf(file).matchAll(/\[\s*"([a-z]+(?:-[a-z]+)*)",/g)].map((match) => match[1] as string);

/** Commands that change nothing as they are used here; `hash-object` only without `-w`. */
const reading = new Set([
  "cat-file",
  "config",
  "diff-index",
  "diff-tree",
  "fetch",
  "for-each-ref",
  "hash-object",
  "log",
  "ls-remote",
  "merge-base",
  "rev-list",
  "rev-parse",
  "status",
  "symbolic-ref",
  "worktree",
]);
const writing = ["read-tree", "update-index", "write-tree", "commit-tree", "update-ref"];

describe("the wall between facts and writing", () => {
  test("no source of facts imports what writes", () => {
    expect(facts.length).toBeGreaterThan(10);
    expect(facts.filter((file) => /from "[^"]*\/write\//.test(textOf(file)))).toEqual([]);
  });

  test("facts run no command that writes, but for the fetch that was asked for", () => {
    for (const file of facts) {
      for (const command of writing) expect(textOf(file), file).not.toContain(`"${command}"`);
      expect(textOf(file), file).not.toContain('"-w"');
      if (file !== "divergence/fetch.ts") expect(commandsOf(file), file).not.toContain("fetch");
    }
  });

  test("every command that is run is known here", () => {
    const known = new Set([...reading, ...writing, "remote"]);
    const run = files.flatMap((file) =>
      [...textOf(file).matchAll(/(?:runGit|askGit)\(\s*[\w{}. ,]+,\s*\[\s*"([a-z-]+)"/g)].map(
        (match) => match[1] as string,
      ),
    );
    expect(run.length).toBeGreaterThan(15);
    expect(run.filter((command) => !known.has(command))).toEqual([]);
  });
});

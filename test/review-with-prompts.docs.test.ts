/** What docs/how-to/review-with-prompts.md says to type, typed, and compared with what it says comes of it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { answerPattern, consoleSteps, pageEnvironment as env, printedBy } from "./console-blocks.ts";

const repository = path.resolve(import.meta.dirname, "..");
const steps = consoleSteps(readFileSync(path.join(repository, "docs/how-to/review-with-prompts.md"), "utf8"));

let directory: string;
const mled = (...argv: readonly string[]): Promise<string> => printedBy(argv, { cwd: directory, env });
const shell = (command: string): string =>
  execFileSync("sh", ["-c", command], { cwd: directory, env, encoding: "utf8" }).trim();

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), "mission-ledger-prompts-"));
  const git = "git -c user.name=Ada -c user.email=ada@example.org";
  shell(`git init -q -b main && ${git} commit -q --allow-empty -m first && git switch -q -c lane-a`);
  mkdirSync(path.join(directory, "src"));
  writeFileSync(path.join(directory, "src/login.ts"), "export const login = 1;\n");
  shell(`git add . && ${git} commit -q -m login`);
  for (const argv of [
    ["init"],
    ["mission", "create", "passkeys", "Log in with passkeys"],
    ["wp", "add", "passkeys", "Login form", "--id", "WP01", "--owns", "src/**"],
    ["wp", "claim", "passkeys/WP01"],
    ["wp", "move", "passkeys/WP01", "in_progress"],
    ["wp", "move", "passkeys/WP01", "for_review", "--evidence", `commit=${shell("git rev-parse HEAD")}`],
  ])
    await mled(...argv);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("what the page says to type answers what the page says", async () => {
  expect(steps.length).toBeGreaterThan(8);
  let file = "";
  for (const { command, answer } of steps) {
    const named = /^file=\$\((.*)\)$/.exec(command)?.[1];
    if (named !== undefined) file = path.join(directory, shell(named));
    else if (command.startsWith("mled "))
      expect(await mled(...command.replace("$file", file).split(" ").slice(1)), command).toMatch(
        answerPattern(answer),
      );
    else shell(command.replace("$file", file));
  }
});

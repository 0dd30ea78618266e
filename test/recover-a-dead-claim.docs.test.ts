/** What docs/how-to/recover-a-dead-claim.md says to type, typed, and compared with what it says comes of it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { answerPattern, consoleSteps, pageEnvironment as env, printedBy } from "./console-blocks.ts";

const repository = path.resolve(import.meta.dirname, "..");
const steps = consoleSteps(
  readFileSync(path.join(repository, "docs/how-to/recover-a-dead-claim.md"), "utf8"),
);

let root: string;
let directory: string;
const mled = (...argv: readonly string[]): Promise<string> => printedBy(argv, { cwd: directory, env });
const shell = (command: string): string =>
  execFileSync("sh", ["-c", command], { cwd: directory, env, encoding: "utf8" }).trim();
/** Words, and texts in quotes. */
const words = (line: string): readonly string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? "");

beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), "mission-ledger-recover-"));
  directory = path.join(root, "passkeys");
  mkdirSync(directory);
  shell(
    "git init -q -b main && git -c user.name=Ada -c user.email=ada@example.org commit -q --allow-empty -m first",
  );
  for (const argv of [
    ["init"],
    ["mission", "create", "passkeys", "Log in with passkeys"],
    ["wp", "add", "passkeys", "Login form", "--id", "WP01"],
  ])
    await mled(...argv);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("what the page says to type answers what the page says", async () => {
  expect(steps.length).toBeGreaterThan(6);
  for (const { command, answer } of steps)
    if (command.startsWith("mled "))
      expect(await mled(...words(command).slice(1)), command).toMatch(answerPattern(answer));
    else shell(command);
});

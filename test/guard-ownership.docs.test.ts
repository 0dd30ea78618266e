/** What docs/how-to/guard-ownership.md says to type, typed into a shell, and compared with what it says comes of it. */
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { buildFirst, program } from "../packages/cli/src/testing/built-program.ts";
import { answerPattern, consoleSteps } from "./console-blocks.ts";

const repository = path.resolve(import.meta.dirname, "..");
const page = fs.readFileSync(path.join(repository, "docs/how-to/guard-ownership.md"), "utf8");

buildFirst();

test("what the page says to type answers what the page says", () => {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(tmpdir(), "mission-ledger-guard-")));
  onTestFinished(() => fs.rmSync(root, { recursive: true, force: true }));
  const [bin, main, lane] = ["bin", "passkeys", "lane-a"].map((name) => path.join(root, name)) as [
    string,
    string,
    string,
  ];
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: root,
    GIT_CONFIG_NOSYSTEM: "1",
    MISSION_LEDGER_ACTOR: "agent:ada",
  };
  const type = (cwd: string, command: string): string => {
    const { stdout, stderr } = spawnSync("sh", ["-c", `exec 2>&1; ${command}`], {
      cwd,
      env,
      encoding: "utf8",
    });
    return `${stdout}${stderr}`.trimEnd();
  };
  for (const folder of [bin, main]) fs.mkdirSync(folder);
  fs.writeFileSync(path.join(bin, "mled"), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, {
    mode: 0o755,
  });
  for (const line of [
    "git config --global user.name Ada",
    "git config --global user.email ada@example.org",
    "git init -q -b main .",
    "git commit -q --allow-empty -m first",
    "mled init",
    'mled mission create passkeys "Log in with passkeys"',
    "mled wp add passkeys Login --id WP01 --owns 'src/login/**' --execution-lane lane-a",
    "mled wp add passkeys Token --id WP02 --owns 'src/auth/**' --execution-lane lane-a",
    "git worktree add -q -b lane-a ../lane-a",
  ])
    execFileSync("sh", ["-c", line], { cwd: main, env, stdio: "ignore" });
  const steps = consoleSteps(page);
  expect(steps.length).toBeGreaterThan(15);
  for (const { command, answer } of steps)
    expect(type(lane, command), command).toMatch(answerPattern(answer));
});

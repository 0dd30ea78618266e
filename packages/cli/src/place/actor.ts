/** Who acts: `--as`, then `MISSION_LEDGER_ACTOR`, then git's user.name. Git is asked only when nobody else says. */
import type { Environment } from "../command/spec.ts";
import { CliError } from "../output/problem.ts";
import { gitEnvironment } from "./place.ts";

export const findActor = async (
  named: string | undefined,
  env: Environment,
  cwd: string,
): Promise<string> => {
  const actor = named ?? env.MISSION_LEDGER_ACTOR;
  if (actor !== undefined && actor.trim() !== "") return actor;
  const name = await askGit(env, cwd);
  if (name !== undefined && name !== "") return name;
  throw new CliError("INPUT_REQUIRED", "nobody says who acts", {
    hint: "Give --as <actor>, or set MISSION_LEDGER_ACTOR.",
    details: { missing: "--as" },
  });
};

const askGit = async (env: Environment, cwd: string): Promise<string | undefined> => {
  const { execFile } = await import("node:child_process");
  const options = {
    cwd,
    env: { ...gitEnvironment(env), LC_ALL: "C", GIT_TERMINAL_PROMPT: "0", GIT_OPTIONAL_LOCKS: "0" },
    timeout: 5_000,
    maxBuffer: 65_536,
  };
  return new Promise((resolve) => {
    execFile(
      "git",
      ["--no-pager", "-c", "core.fsmonitor=false", "config", "--get", "user.name"],
      options,
      (error, stdout) => resolve(error === null ? stdout.toString().trim() : undefined),
    );
  });
};

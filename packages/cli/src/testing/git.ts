/** Real git in tests: nobody's own configuration, a fixed author and fixed dates, so that commit ids are the same each time. */
import { execFileSync } from "node:child_process";

export const gitEnvironment: Readonly<Record<string, string>> = {
  PATH: process.env.PATH ?? "",
  HOME: "/nonexistent",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@example.org",
  GIT_AUTHOR_DATE: "2026-01-02T03:04:05Z",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "ada@example.org",
  GIT_COMMITTER_DATE: "2026-01-02T03:04:05Z",
};

/** Runs git in a folder and answers what it prints. */
export const gitAt =
  (folder: string, env: Readonly<Record<string, string>> = {}) =>
  (...args: readonly string[]): string =>
    execFileSync("git", ["-C", folder, ...args], {
      env: { ...gitEnvironment, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
      maxBuffer: 1 << 28,
    }).trimEnd();

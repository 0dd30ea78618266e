/** Real repositories in scratch folders: fixed dates and identities, nobody's own configuration, no network. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { GitPlace } from "../run/git-place.ts";

const made: string[] = [];

export const scratchFolder = (name = "repository"): string => {
  if (made.length === 0)
    process.once("exit", () => {
      for (const folder of made) fs.rmSync(folder, { recursive: true, force: true });
    });
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "mission-ledger-git-"));
  made.push(folder);
  const repository = path.join(folder, name);
  fs.mkdirSync(repository);
  return repository;
};

export const testEnvironment: Readonly<Record<string, string>> = {
  PATH: process.env.PATH ?? "",
  HOME: "/nonexistent",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
};

const identity = {
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@example.org",
  GIT_AUTHOR_DATE: "2026-01-02T03:04:05Z",
  GIT_COMMITTER_NAME: "Grace",
  GIT_COMMITTER_EMAIL: "grace@example.org",
  GIT_COMMITTER_DATE: "2026-01-02T03:04:05Z",
};

export interface TestRepository {
  readonly folder: string;
  readonly place: GitPlace;
  /** Runs git as a person would, and answers what it prints. */
  readonly git: (...args: readonly string[]) => string;
  /** The same with bytes on its standard input. */
  readonly gitWith: (input: string | Buffer, ...args: readonly string[]) => string;
  readonly write: (files: Readonly<Record<string, string | Buffer>>) => void;
  /** Writes, stages everything and commits; answers the id. */
  readonly commit: (message: string, files?: Readonly<Record<string, string | Buffer>>) => string;
}

export const repositoryAt = (folder: string): TestRepository => {
  const gitWith = (input: string | Buffer, ...args: readonly string[]): string =>
    execFileSync("git", ["-C", folder, "-c", "protocol.file.allow=always", ...args], {
      env: { ...testEnvironment, ...identity },
      input,
      stdio: ["pipe", "pipe", "pipe"],
    })
      .toString("utf8")
      .trimEnd();
  const git = (...args: readonly string[]): string => gitWith("", ...args);
  const write: TestRepository["write"] = (files) => {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(folder, name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, content);
    }
  };
  return {
    folder,
    place: { cwd: folder, env: testEnvironment },
    git,
    gitWith,
    write,
    commit: (message, files = {}) => {
      write(files);
      git("add", "--all");
      git("commit", "--quiet", "--allow-empty", "--no-verify", "-m", message);
      return git("rev-parse", "HEAD");
    },
  };
};

export const newRepository = (name?: string, ...options: readonly string[]): TestRepository => {
  const repository = repositoryAt(scratchFolder(name));
  repository.git("init", "--quiet", "--initial-branch=main", ...options);
  return repository;
};

export const cloneOf = (origin: TestRepository, ...options: readonly string[]): TestRepository => {
  const folder = scratchFolder("clone");
  origin.git("clone", "--quiet", ...options, "--", origin.folder, folder);
  return repositoryAt(folder);
};

/** A repository with one commit, and its clone. */
export const clonedPair = (): readonly [origin: TestRepository, clone: TestRepository] => {
  const origin = newRepository("origin");
  origin.commit("one", { "a.txt": "one\n" });
  return [origin, cloneOf(origin)];
};

/** Text long enough for a rename to be seen. */
export const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, line) => `line ${from + line}\n`).join("");

/** A program that looks like git to who runs it. */
export const programOf = (script: string): string => {
  const program = path.join(scratchFolder("program"), "git");
  fs.writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return program;
};

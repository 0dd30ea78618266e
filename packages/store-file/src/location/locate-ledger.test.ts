import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { scratchDirectory } from "../testing/scratch.ts";
import { locateLedger } from "./locate-ledger.ts";

const git = (cwd: string, ...parameters: string[]): string =>
  execFileSync(
    "git",
    [
      "-c",
      "user.name=a",
      "-c",
      "user.email=a@b",
      "-c",
      "protocol.file.allow=always",
      "-c",
      "init.defaultBranch=main",
      ...parameters,
    ],
    { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  ).trim();

const asGitSays = (cwd: string): string =>
  path.join(git(cwd, "rev-parse", "--path-format=absolute", "--git-common-dir"), "mission-ledger");

describe("the ledger's place", () => {
  let root: string;
  let main: string;

  beforeAll(() => {
    root = scratchDirectory();
    main = path.join(root, "main");
    fs.mkdirSync(path.join(main, "deep", "er"), { recursive: true });
    git(main, "init", "-q");
    fs.writeFileSync(path.join(main, "deep", "file"), "");
    git(main, "add", ".");
    git(main, "commit", "-qm", "first");
    git(main, "worktree", "add", "-q", path.join(root, "linked"));
    git(main, "submodule", "add", "-q", main, "sub");
    git(root, "clone", "-q", "--bare", main, path.join(root, "bare.git"));
  });

  test.each([
    "main",
    "main/deep/er",
    "linked",
    "linked/deep",
    "main/sub",
    "main/sub/deep",
    "bare.git",
    "main/.git",
    "bare.git/refs",
  ])("in %s is where git says", (place) => {
    const cwd = path.join(root, place);
    expect(locateLedger(cwd)).toMatchObject({ kind: "git", directory: asGitSays(cwd) });
    expect(
      locateLedger(cwd, { git: { askGit: true, env: { PATH: process.env.PATH ?? "" } } }).directory,
    ).toBe(asGitSays(cwd));
  });

  test("is shared by the worktrees of a repository", () => {
    expect(locateLedger(path.join(root, "linked")).directory).toBe(locateLedger(main).directory);
  });

  test("outside git is the nearest directory that has one, else here", () => {
    const outside = scratchDirectory();
    const below = path.join(outside, "a", "b");
    fs.mkdirSync(below, { recursive: true });
    expect(locateLedger(below)).toMatchObject({
      kind: "directory",
      directory: path.join(below, ".mission-ledger"),
    });
    fs.mkdirSync(path.join(outside, ".mission-ledger"));
    expect(locateLedger(below)).toMatchObject({
      kind: "directory",
      directory: path.join(outside, ".mission-ledger"),
    });
  });

  test("is not misled by a broken pointer", () => {
    const odd = scratchDirectory();
    fs.writeFileSync(path.join(odd, ".git"), "gitdir: /nowhere/at/all\n");
    expect(locateLedger(odd)).toMatchObject({
      kind: "directory",
      directory: path.join(odd, ".mission-ledger"),
    });
  });
});

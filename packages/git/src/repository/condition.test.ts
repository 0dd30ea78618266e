import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { clonedPair, newRepository, type TestRepository, testEnvironment } from "../testing/repositories.ts";
import { readCondition } from "./condition.ts";
import { readRemotes } from "./remotes.ts";

/** Two branches that change the same line. */
const crossed = (): TestRepository => {
  const repository = newRepository();
  repository.commit("one", { "a.txt": "one\n" });
  repository.git("checkout", "--quiet", "-b", "other");
  repository.commit("other", { "a.txt": "other\n" });
  repository.git("checkout", "--quiet", "main");
  repository.commit("two", { "a.txt": "two\n" });
  return repository;
};

/** Git that ends with a conflict. */
const tryGit = ({ folder }: TestRepository, ...args: readonly string[]): void => {
  try {
    execFileSync("git", ["-C", folder, ...args], {
      env: { ...testEnvironment, GIT_EDITOR: "true", GIT_COMMITTER_NAME: "t", GIT_COMMITTER_EMAIL: "t@t" },
      stdio: "ignore",
    });
  } catch {}
};

describe("what is under way in a work tree", () => {
  test("is nothing where nothing was begun", async () => {
    const repository = crossed();
    expect(await readCondition(repository.place)).toEqual({ underWay: [], isSparse: false });
  });

  test.each([
    ["merge", ["merge", "other"]],
    ["rebase", ["rebase", "other"]],
    ["rebase", ["rebase", "--apply", "other"]],
    ["cherry-pick", ["cherry-pick", "other"]],
    ["revert", ["revert", "--no-edit", "HEAD~1"]],
    ["bisect", ["bisect", "start"]],
  ] as const)("a %s that stopped is seen, from git %j", async (operation, args) => {
    const repository = crossed();
    tryGit(repository, ...args);
    expect((await readCondition(repository.place)).underWay).toEqual([operation]);
  });

  test("an am that stopped is no rebase", async () => {
    const repository = crossed();
    const patch = repository.git("format-patch", "--stdout", "other~1..other");
    try {
      repository.gitWith(`${patch}\n`, "am");
    } catch {}
    expect((await readCondition(repository.place)).underWay).toEqual(["am"]);
  });

  test("a sparse checkout is seen", async () => {
    const repository = crossed();
    repository.git("sparse-checkout", "set", "nothing");
    expect((await readCondition(repository.place)).isSparse).toBe(true);
  });
});

describe("the remotes", () => {
  test("are named in order, and none is asked", async () => {
    const [, clone] = clonedPair();
    clone.git("remote", "add", "backup", "/nowhere");
    expect(await readRemotes(clone.place)).toEqual(["backup", "origin"]);
    expect(await readRemotes(newRepository().place)).toEqual([]);
  });
});

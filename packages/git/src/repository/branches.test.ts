import { describe, expect, test } from "vitest";
import { cloneOf, newRepository } from "../testing/repositories.ts";
import { readBranch, readBranches } from "./branches.ts";
import { checkCommitId, isRefName } from "./refs.ts";

describe("branches", () => {
  test("are all named with their upstreams, whatever they are called", async () => {
    const origin = newRepository();
    const commit = origin.commit("one");
    const clone = cloneOf(origin);
    clone.git("branch", "--track", "topic", "main");
    for (const name of ["-x", "--upload-pack=touch", "HEAD", "it's", "日本/ü"])
      clone.git("update-ref", `refs/heads/${name}`, commit);
    const branches = await readBranches(clone.place);
    expect(branches.map(({ branch }) => branch).toSorted()).toEqual(
      ["--upload-pack=touch", "-x", "HEAD", "it's", "main", "topic", "日本/ü"].toSorted(),
    );
    expect(new Set(branches.map((branch) => branch.commit))).toEqual(new Set([commit]));
    expect(branches.find(({ branch }) => branch === "main")?.upstream).toEqual({
      ref: "refs/remotes/origin/main",
      remote: "origin",
      remoteRef: "refs/heads/main",
    });
    expect(branches.find(({ branch }) => branch === "topic")?.upstream).toEqual({
      ref: "refs/heads/main",
      remote: ".",
      remoteRef: "refs/heads/main",
    });
    expect(branches.find(({ branch }) => branch === "-x")).not.toHaveProperty("upstream");
  });

  test("are found by their exact name alone", async () => {
    const repository = newRepository();
    const commit = repository.commit("one");
    repository.git("update-ref", "refs/heads/lane/a", commit);
    repository.git("update-ref", "refs/tags/release", commit);
    expect(await readBranch(repository.place, "main")).toEqual({
      branch: "main",
      ref: "refs/heads/main",
      commit,
    });
    for (const name of ["lane", "release", "heads/main", "refs/heads/main", "MAIN"])
      expect(await readBranch(repository.place, name)).toBeUndefined();
  });

  test.each([
    "",
    "-x",
    "--output=/tmp/x",
    "a b",
    "a\nb",
    "a..b",
    "a~1",
    "@{-1}",
    "*",
    "a:b",
    "a.lock",
    "/a",
    "@",
  ])("are not asked for by %j", async (name) => {
    expect(isRefName(name)).toBe(false);
    await expect(readBranch({ cwd: "/" }, name)).rejects.toMatchObject({ code: "GIT_NAME_INVALID" });
  });
});

describe("a commit id", () => {
  test.each(["HEAD", "abc", "A".repeat(40), "a".repeat(41), `-${"a".repeat(39)}`, `${"a".repeat(40)}\n`])(
    "is not %j",
    (text) => {
      expect(() => checkCommitId(text)).toThrow(expect.objectContaining({ code: "GIT_NAME_INVALID" }));
    },
  );
});

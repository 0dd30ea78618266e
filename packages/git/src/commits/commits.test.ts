import { describe, expect, test } from "vitest";
import { newRepository, repositoryAt, scratchFolder, type TestRepository } from "../testing/repositories.ts";
import { commitsBetween } from "./commits-between.ts";
import { readDistance, readMergeBase } from "./merge-base.ts";
import { hasCommit, resolveCommit } from "./resolve-commit.ts";

const branchAt = (repository: TestRepository, branch: string, at: string, message: string): string => {
  repository.git("checkout", "--quiet", "-B", branch, at);
  return repository.commit(message);
};

const absent = "1".repeat(40);

describe("the commit of a name", () => {
  test("is that of HEAD, a branch, a tag, a remote's branch, a full ref or an id", async () => {
    const repository = newRepository();
    const commit = repository.commit("one");
    repository.git("tag", "-a", "v1", "-m", "one");
    repository.git("tag", "-a", "v1-again", "-m", "two", "v1");
    repository.git("update-ref", "refs/remotes/origin/main", commit);
    repository.git("update-ref", "refs/notes/extra", commit);
    const { place } = repository;
    const main = { commit, ref: "refs/heads/main" };
    expect(await resolveCommit(place, "HEAD")).toEqual(main);
    expect(await resolveCommit(place, "main")).toEqual(main);
    expect(await resolveCommit(place, "refs/heads/main")).toEqual(main);
    expect(await resolveCommit(place, "v1-again")).toEqual({ commit, ref: "refs/tags/v1-again" });
    expect(await resolveCommit(place, "origin/main")).toEqual({ commit, ref: "refs/remotes/origin/main" });
    expect(await resolveCommit(place, "refs/notes/extra")).toEqual({ commit, ref: "refs/notes/extra" });
    expect(await resolveCommit(place, commit)).toEqual({ commit });
    expect(await resolveCommit(place, commit.slice(0, 7))).toEqual({ commit });
    repository.git("checkout", "--quiet", "--detach");
    expect(await resolveCommit(place, "HEAD")).toEqual({ commit });
  });

  test("that may mean two things is refused, with all of them", async () => {
    const repository = newRepository();
    const one = repository.commit("one");
    const two = repository.commit("two");
    const { place } = repository;
    const ambiguous = async (name: string, ...refs: readonly string[]) => {
      for (const ref of refs) repository.git("update-ref", ref, one);
      await expect(resolveCommit(place, name)).rejects.toMatchObject({
        code: "GIT_REVISION_AMBIGUOUS",
        details: { name, meanings: expect.arrayContaining(refs.map((ref) => ({ commit: one, ref }))) },
      });
    };
    await ambiguous("main", "refs/tags/main");
    await ambiguous("HEAD", "refs/heads/HEAD");
    await ambiguous(two, `refs/heads/${two}`);
    await ambiguous(two.slice(0, 8), `refs/tags/${two.slice(0, 8)}`);
    await ambiguous("refs/heads/main", "refs/heads/refs/heads/main");
    expect(await resolveCommit(place, "refs/heads/HEAD")).toEqual({ commit: one, ref: "refs/heads/HEAD" });
  });

  test.each([
    "--output=/tmp/written",
    "-x",
    "",
    "main~1",
    "main^{tree}",
    ":/one",
    "@{-1}",
    "a..b",
    "main\n",
    "@",
    "HEAD:a",
  ])("is not looked for behind %j", async (name) => {
    await expect(resolveCommit({ cwd: "/" }, name)).rejects.toMatchObject({ code: "GIT_NAME_INVALID" });
  });

  test("that is not there, or is no commit, is missing", async () => {
    const repository = newRepository();
    const { place } = repository;
    const gone = expect.objectContaining({ code: "GIT_REVISION_MISSING" });
    await expect(resolveCommit(place, "HEAD")).rejects.toThrow(gone);
    repository.commit("one", { "a.txt": "one\n" });
    const blob = repository.git("rev-parse", "HEAD:a.txt");
    repository.git("tag", "file", blob);
    for (const name of ["none", absent, blob, "file", "1111111"])
      await expect(resolveCommit(place, name)).rejects.toThrow(gone);
    expect(await hasCommit(place, repository.git("rev-parse", "HEAD"))).toBe(true);
    for (const id of [blob, absent]) expect(await hasCommit(place, id)).toBe(false);
    await expect(hasCommit(place, "main")).rejects.toMatchObject({ code: "GIT_NAME_INVALID" });
  });
});

describe("the merge base", () => {
  test("is none, one, or several", async () => {
    const repository = newRepository();
    const { place } = repository;
    const root = repository.commit("root");
    const left = branchAt(repository, "left", root, "left");
    const right = branchAt(repository, "right", root, "right");
    expect(await readMergeBase(place, left, right)).toEqual({ _tag: "One", commit: root });
    expect(await readMergeBase(place, root, right)).toEqual({ _tag: "One", commit: root });

    repository.git("checkout", "--quiet", "-B", "one", left);
    repository.git("merge", "--quiet", "--no-edit", "-s", "ours", right);
    const one = repository.git("rev-parse", "HEAD");
    repository.git("checkout", "--quiet", "-B", "other", right);
    repository.git("merge", "--quiet", "--no-edit", "-s", "ours", left);
    const other = repository.git("rev-parse", "HEAD");
    const several = { _tag: "Several", commits: [left, right].toSorted() };
    expect(await readMergeBase(place, one, other)).toEqual(several);
    expect(await readMergeBase(place, other, one)).toEqual(several);

    repository.git("checkout", "--quiet", "--orphan", "alone");
    expect(await readMergeBase(place, root, repository.commit("alone"))).toEqual({ _tag: "None" });
  });

  test("of commits that are not there, or of names, is refused", async () => {
    const repository = newRepository();
    const one = repository.commit("one");
    await expect(readMergeBase(repository.place, one, absent)).rejects.toMatchObject({
      code: "GIT_REVISION_MISSING",
    });
    await expect(readDistance(repository.place, absent, one)).rejects.toMatchObject({
      code: "GIT_REVISION_MISSING",
    });
    for (const name of ["main", "HEAD", "--all"])
      await expect(readMergeBase(repository.place, one, name)).rejects.toMatchObject({
        code: "GIT_NAME_INVALID",
      });
  });
});

describe("the commits between two points", () => {
  test("come parents first, with everything they say", async () => {
    const repository = newRepository();
    const root = repository.commit("root");
    const two = repository.commit("zwei: füße\n\nmore text", { "a.txt": "a\n" });
    const three = repository.commit("--three\t'quoted'");
    const commits = await commitsBetween(repository.place, { from: root, to: three });
    expect(commits.map(({ commit }) => commit)).toEqual([two, three]);
    expect(commits[0]).toEqual({
      commit: two,
      parents: [root],
      tree: repository.git("rev-parse", `${two}^{tree}`),
      author: { name: "Ada", email: "ada@example.org", at: "2026-01-02T03:04:05.000Z" },
      committer: { name: "Grace", email: "grace@example.org", at: "2026-01-02T03:04:05.000Z" },
      subject: "zwei: füße",
    });
    expect(commits[1]?.subject).toBe("--three\t'quoted'");
    expect(await commitsBetween(repository.place, { to: three })).toHaveLength(3);
    expect(await commitsBetween(repository.place, { from: three, to: three })).toEqual([]);
  });

  test("keep a message of several first lines in one, and one without any empty", async () => {
    const repository = newRepository();
    const tree = repository.gitWith("", "mktree");
    const commit = repository.gitWith("first\nsecond\n\nbody\n", "commit-tree", tree);
    const empty = repository.gitWith("", "commit-tree", tree, "-p", commit);
    const subjects = (await commitsBetween(repository.place, { to: empty })).map(({ subject }) => subject);
    expect(subjects).toEqual(["first second", ""]);
  });

  test("have a time that JavaScript knows, whatever they say", async () => {
    const repository = newRepository();
    const tree = repository.gitWith("", "mktree");
    const text = `tree ${tree}\nauthor A <a> ${2 ** 52} +0000\ncommitter nobody\n\nodd\n`;
    const to = repository.gitWith(text, "hash-object", "-t", "commit", "-w", "--literally", "--stdin");
    expect(await commitsBetween(repository.place, { to })).toMatchObject([
      { author: { at: "+275760-09-13T00:00:00.000Z" }, committer: { at: "1970-01-01T00:00:00.000Z" } },
    ]);
  });

  test("are refused where there are more than wanted, not cut", async () => {
    const repository = newRepository();
    const ids = ["one", "two", "three"].map((message) => repository.commit(message));
    const to = ids[2] as string;
    expect(await commitsBetween(repository.place, { to, maxCount: 3 })).toHaveLength(3);
    await expect(commitsBetween(repository.place, { to, maxCount: 2 })).rejects.toMatchObject({
      code: "GIT_LIMIT_EXCEEDED",
      details: { limit: 2 },
    });
  });

  test("are what their ids say, whatever replaces them locally", async () => {
    const repository = newRepository();
    const one = repository.commit("one");
    const two = repository.commit("two");
    repository.git("replace", two, one);
    expect(
      (await commitsBetween(repository.place, { from: one, to: two })).map(({ subject }) => subject),
    ).toEqual(["two"]);
  });

  test("are read in a repository of long ids", async () => {
    const repository = repositoryAt(scratchFolder());
    repository.git("init", "--quiet", "--object-format=sha256");
    const one = repository.commit("one");
    const two = repository.commit("two");
    expect(one).toHaveLength(64);
    expect(await commitsBetween(repository.place, { from: one, to: two })).toHaveLength(1);
    expect(await readMergeBase(repository.place, one, two)).toEqual({ _tag: "One", commit: one });
  });
});

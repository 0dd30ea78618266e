import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import {
  cloneOf,
  newRepository,
  repositoryAt,
  scratchFolder,
  testEnvironment,
} from "../testing/repositories.ts";
import { readHead } from "./head.ts";
import { readRepository } from "./repository.ts";
import { readWorktrees } from "./worktrees.ts";

const at = (cwd: string) => ({ cwd, env: testEnvironment });

describe("the identity of a repository", () => {
  test("is one for all its worktrees and subfolders", async () => {
    const main = newRepository();
    main.commit("one", { "sub/a.txt": "one\n" });
    const linked = path.join(path.dirname(main.folder), "lane a");
    main.git("worktree", "add", "--quiet", "-b", "lane-a", linked);
    const [here, below, there] = await Promise.all(
      [main.folder, path.join(main.folder, "sub"), path.join(linked, "sub")].map((cwd) =>
        readRepository(at(cwd)),
      ),
    );
    expect(below).toEqual(here);
    expect(there?.id).toBe(here?.id);
    expect(here).toMatchObject({
      workTree: main.folder,
      isLinkedWorktree: false,
      isBare: false,
      isShallow: false,
    });
    expect(there).toMatchObject({
      workTree: linked,
      isLinkedWorktree: true,
      commonDirectory: path.join(main.folder, ".git"),
      gitDirectory: path.join(main.folder, ".git/worktrees/lane-a"),
      head: { _tag: "Branch", branch: "lane-a" },
    });
  });

  test("tells two repositories of the same name apart", async () => {
    const [one, other] = [newRepository("shop"), newRepository("shop")];
    expect(path.basename(one.folder)).toBe(path.basename(other.folder));
    expect((await readRepository(one.place)).id).not.toBe((await readRepository(other.place)).id);
  });

  test.each(["with spaces", "日本 füße", "new\nline", "-C", "tab\there", "quote'\"$(touch x)"])(
    "is read at a path such as %j",
    async (name) => {
      const repository = newRepository(name);
      expect(await readRepository(repository.place)).toMatchObject({
        workTree: repository.folder,
        commonDirectory: path.join(repository.folder, ".git"),
        gitDirectory: path.join(repository.folder, ".git"),
        objectFormat: "sha1",
      });
    },
  );

  test("is that of the folder behind a symbolic link", async () => {
    const repository = newRepository();
    const link = path.join(scratchFolder(), "link");
    fs.symlinkSync(repository.folder, link);
    expect(await readRepository(at(link))).toEqual(await readRepository(repository.place));
  });

  test("is there for a bare repository, which has no work tree", async () => {
    const bare = newRepository("bare.git", "--bare");
    const found = await readRepository(bare.place);
    expect(found).toMatchObject({ isBare: true, commonDirectory: bare.folder, head: { _tag: "Unborn" } });
    expect(found).not.toHaveProperty("workTree");
  });

  test("inside of git's own folder has no work tree and the same id", async () => {
    const repository = newRepository();
    const inside = await readRepository(at(path.join(repository.folder, ".git")));
    expect(inside).not.toHaveProperty("workTree");
    expect(inside).toMatchObject({ isBare: false, id: (await readRepository(repository.place)).id });
  });

  test("of a submodule is its own, and names what it is part of", async () => {
    const [inner, outer] = [newRepository("inner"), newRepository("outer")];
    inner.commit("one", { "a.txt": "one\n" });
    outer.git("submodule", "--quiet", "add", "--", inner.folder, "lib");
    const found = await readRepository(at(path.join(outer.folder, "lib")));
    expect(found).toMatchObject({
      superproject: outer.folder,
      isLinkedWorktree: false,
      gitDirectory: path.join(outer.folder, ".git/modules/lib"),
    });
    expect(found.id).not.toBe((await readRepository(outer.place)).id);
    expect(await readRepository(outer.place)).not.toHaveProperty("superproject");
  });

  test("says that history is shallow, and which format objects have", async () => {
    const origin = newRepository("origin");
    origin.commit("one");
    origin.commit("two");
    const folder = scratchFolder("shallow");
    origin.git("clone", "--quiet", "--depth=1", "--", `file://${origin.folder}`, folder);
    expect(await readRepository(at(folder))).toMatchObject({ isShallow: true });
    expect(await readRepository(newRepository("long", "--object-format=sha256").place)).toMatchObject({
      objectFormat: "sha256",
    });
  });

  test("is a fault where there is no repository", async () => {
    await expect(readRepository(at(scratchFolder()))).rejects.toMatchObject({ code: "GIT_NO_REPOSITORY" });
  });
});

describe("HEAD", () => {
  test("is unborn, on a branch, or detached", async () => {
    const repository = newRepository();
    expect(await readHead(repository.place)).toEqual({
      _tag: "Unborn",
      branch: "main",
      ref: "refs/heads/main",
    });
    const commit = repository.commit("one");
    const onMain = { _tag: "Branch", branch: "main", ref: "refs/heads/main", commit };
    expect(await readHead(repository.place)).toEqual(onMain);
    repository.git("checkout", "--quiet", "--detach");
    expect(await readHead(repository.place)).toEqual({ _tag: "Detached", commit });
  });

  test("is not led astray by branches that are called HEAD or like a ref", async () => {
    const repository = newRepository();
    const one = repository.commit("one");
    const commit = repository.commit("two");
    for (const name of ["HEAD", "refs/heads/main", "heads/main"])
      repository.git("update-ref", `refs/heads/${name}`, one);
    repository.git("update-ref", "refs/tags/main", one);
    expect(await readHead(repository.place)).toMatchObject({ branch: "main", commit });
    repository.git("checkout", "--quiet", "--detach");
    expect(await readHead(repository.place)).toEqual({ _tag: "Detached", commit });
  });
});

describe("the worktrees of a repository", () => {
  test("are all named, with branch, lock and what is gone", async () => {
    const main = newRepository();
    const commit = main.commit("one");
    const [kept, gone, detached] = ["kept\nhere", "gone", "detached"].map((name) =>
      path.join(path.dirname(main.folder), name),
    ) as [string, string, string];
    main.git("worktree", "add", "--quiet", "-b", "lane-a", kept);
    main.git("worktree", "add", "--quiet", "-b", "lane-b", gone);
    main.git("worktree", "add", "--quiet", "--detach", detached);
    main.git("worktree", "lock", "--reason", "on a stick", kept);
    fs.rmSync(gone, { recursive: true });
    const worktrees = await readWorktrees(at(detached));
    expect(worktrees[0]).toEqual({ path: main.folder, isMain: true, isBare: false, commit, branch: "main" });
    const byPath = (wanted: string) => worktrees.find(({ path: found }) => found === wanted);
    expect(byPath(kept)).toMatchObject({ isMain: false, branch: "lane-a", locked: "on a stick", commit });
    expect(byPath(gone)).toMatchObject({ branch: "lane-b", prunable: expect.any(String) });
    expect(byPath(detached)).toEqual({ path: detached, isMain: false, isBare: false, commit });
  });

  test("begin with the bare repository, and with a branch that has no commit", async () => {
    const origin = newRepository();
    expect(await readWorktrees(origin.place)).toEqual([
      { path: origin.folder, isMain: true, isBare: false, branch: "main" },
    ]);
    const bare = cloneOf(origin, "--bare");
    expect(await readWorktrees(repositoryAt(bare.folder).place)).toEqual([
      { path: bare.folder, isMain: true, isBare: true },
    ]);
  });
});

import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { treeChanges } from "../changes/tree-changes.ts";
import { readRawCommits } from "../commits/raw-commit.ts";
import { newRepository, type TestRepository } from "../testing/repositories.ts";
import { createBranch, indexOfCommit, readBranchPlace, withScratch, writeCommit } from "./index.ts";

const objectsOf = ({ git }: TestRepository): string => git("count-objects");
const indexOf = ({ folder }: TestRepository): string =>
  fs.readFileSync(path.join(folder, ".git", "index")).toString("base64");

describe("a scratch place", () => {
  test.each(["sha1", "sha256"])(
    "makes a tree and a commit of a %s repository, and leaves nothing behind",
    async (format) => {
      const repository = newRepository("repository", `--object-format=${format}`);
      const base = repository.commit("one", { "a.txt": "a\n", "b/c.txt": "c\n" });
      const blob = repository.gitWith("new\n", "hash-object", "-w", "--stdin");
      const raw = (await readRawCommits(repository.place, [base])).get(base);
      const before = [objectsOf(repository), indexOf(repository), repository.git("status", "--porcelain")];
      const changes = await withScratch(repository.place, async (scratch) => {
        const index = await indexOfCommit(scratch, base);
        const tree = await index.writeTree([
          { path: "a.txt", content: null },
          { path: "a.txt/below", content: { mode: "100755", object: blob } },
        ]);
        if (raw === undefined) throw new Error("no commit");
        const commit = await writeCommit(scratch, { ...raw, tree, parents: [base] });
        return treeChanges(scratch, { from: base, to: commit });
      });
      expect(changes.map(({ path: name, after }) => [name, after?.mode ?? null])).toEqual([
        ["a.txt", null],
        ["a.txt/below", "100755"],
      ]);
      expect([objectsOf(repository), indexOf(repository), repository.git("status", "--porcelain")]).toEqual(
        before,
      );
    },
  );

  test("keeps objects where it is told to, and is gone when the work fails", async () => {
    const repository = newRepository('a place: with "quotes" and \\ slashes');
    const base = repository.commit("one", { "a.txt": "a\n" });
    const raw = (await readRawCommits(repository.place, [base])).get(base);
    if (raw === undefined) throw new Error("no commit");
    const other = { ...raw, parents: [base], message: Buffer.from("other\n") };
    const make = (keepObjects: boolean) =>
      withScratch(repository.place, (scratch) => writeCommit(scratch, other), { keepObjects });
    const id = await make(false);
    expect(() => repository.git("cat-file", "-e", id)).toThrow();
    expect(await make(true)).toBe(id);
    expect(repository.git("log", "-1", "--format=%an %s", id)).toBe("Ada other");
    const folders: string[] = [];
    await expect(
      withScratch(repository.place, async (scratch) => {
        folders.push(path.dirname(scratch.env?.GIT_INDEX_FILE ?? ""));
        throw new Error("failed");
      }),
    ).rejects.toThrow("failed");
    expect(fs.existsSync(folders[0] as string)).toBe(false);
  });
});

describe("a commit read as it is stored and written again", () => {
  test("is the same commit, whatever its encoding and its people are", async () => {
    const repository = newRepository();
    repository.git("config", "i18n.commitEncoding", "ISO-8859-1");
    repository.write({ "a.txt": "a\n" });
    repository.git("add", "--all");
    repository.gitWith(Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x0a]), "commit", "--quiet", "-F", "-");
    const id = repository.git("rev-parse", "HEAD");
    const raw = (await readRawCommits(repository.place, [id])).get(id);
    if (raw === undefined) throw new Error("no commit");
    expect(raw.encoding?.toString()).toBe("ISO-8859-1");
    expect(raw.message).toEqual(Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x0a]));
    expect(await withScratch(repository.place, (scratch) => writeCommit(scratch, raw))).toBe(id);
  });

  test("a signature and what else it has on its own is left out", async () => {
    const repository = newRepository();
    const base = repository.commit("one", { "a.txt": "a\n" });
    const text = repository.git("cat-file", "commit", base);
    const signed = repository.gitWith(
      `${text.replace("\n\n", "\ngpgsig -----BEGIN\n body\n -----END\nextra x\n\n")}\n`,
      "hash-object",
      "-t",
      "commit",
      "-w",
      "--stdin",
    );
    const raw = (await readRawCommits(repository.place, [base, signed])).get(signed);
    if (raw === undefined) throw new Error("no commit");
    expect(await withScratch(repository.place, (scratch) => writeCommit(scratch, raw))).toBe(base);
  });
});

describe("a new branch", () => {
  const reason = "for the test";

  test("is made once, and never moved", async () => {
    const repository = newRepository();
    const one = repository.commit("one", { "a.txt": "a\n" });
    const two = repository.commit("two", { "a.txt": "b\n" });
    const made = await createBranch(repository.place, { branch: "x/y", commit: one, reason });
    expect(made).toEqual({ isNew: true, stands: { _tag: "Taken", commit: one } });
    expect(repository.git("log", "--walk-reflogs", "--format=%gs", "x/y")).toBe(reason);
    const again = await createBranch(repository.place, { branch: "x/y", commit: two, reason });
    expect(again).toEqual({ isNew: false, stands: { _tag: "Taken", commit: one } });
  });

  test("of eight that try at once one is made, and all are told where it stands", async () => {
    const repository = newRepository();
    const one = repository.commit("one", { "a.txt": "a\n" });
    const all = await Promise.all(
      Array.from({ length: 8 }, () => createBranch(repository.place, { branch: "x", commit: one, reason })),
    );
    expect(all.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(new Set(all.map(({ stands }) => JSON.stringify(stands)))).toEqual(
      new Set([JSON.stringify({ _tag: "Taken", commit: one })]),
    );
  });

  test("a dangling symbolic ref of that name is neither written through nor replaced", async () => {
    const repository = newRepository();
    const one = repository.commit("one", { "a.txt": "a\n" });
    repository.git("symbolic-ref", "refs/heads/x", "refs/heads/victim");
    expect(await createBranch(repository.place, { branch: "x", commit: one, reason })).toEqual({
      isNew: false,
      stands: { _tag: "Symbolic", to: "refs/heads/victim" },
    });
    expect(repository.git("symbolic-ref", "refs/heads/x")).toBe("refs/heads/victim");
    expect(repository.git("for-each-ref", "--format=%(refname)")).toBe("refs/heads/main");
  });

  test("on which a work tree stands without a commit is not free", async () => {
    const repository = newRepository();
    const one = repository.commit("one", { "a.txt": "a\n" });
    repository.git("checkout", "--quiet", "--orphan", "x");
    expect(await readBranchPlace(repository.place, "x")).toEqual({
      _tag: "Unborn",
      worktree: repository.folder,
    });
    expect((await createBranch(repository.place, { branch: "x", commit: one, reason })).isNew).toBe(false);
  });
});

import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { pathBytes } from "../path-text.ts";
import {
  cloneOf,
  lines,
  newRepository,
  programOf,
  scratchFolder,
  testEnvironment,
} from "../testing/repositories.ts";
import { changedFiles, stagedFiles } from "./changed-files.ts";
import { type FileChange, isSubmodule, pathsTouched } from "./file-change.ts";
import { workTreeFiles } from "./work-tree.ts";

const named = (changes: readonly FileChange[], wanted: string): FileChange | undefined =>
  changes.find((change) => change.path === wanted);

describe("changed files between commits", () => {
  test("have both sides, modes, and say what is binary", async () => {
    const repository = newRepository();
    const from = repository.commit("one", {
      "gone.txt": "gone\n",
      "kept.txt": "one\n",
      "old/name.txt": lines(0, 50),
      "run.sh": "echo\n",
      "source.txt": lines(100, 150),
      "turned.txt": "text\n",
      "picture.png": Buffer.from([0, 1, 2]),
    });
    fs.rmSync(path.join(repository.folder, "gone.txt"));
    fs.rmSync(path.join(repository.folder, "old/name.txt"));
    fs.rmSync(path.join(repository.folder, "turned.txt"));
    fs.chmodSync(path.join(repository.folder, "run.sh"), 0o755);
    fs.symlinkSync("kept.txt", path.join(repository.folder, "turned.txt"));
    const to = repository.commit("two", {
      "added.bin": Buffer.from([0, 1, 2, 3]),
      "copy.txt": lines(100, 150),
      "kept.txt": "two\n",
      "new/name.txt": `${lines(0, 50)}more\n`,
      "source.txt": `${lines(100, 150)}more\n`,
      "picture.png": Buffer.from([0, 1, 2, 4]),
    });
    const changes = await changedFiles(repository.place, { from, to });
    expect(changes.map(({ _tag, path: at, isBinary }) => [_tag, at, isBinary])).toEqual([
      ["Added", "added.bin", true],
      ["Copied", "copy.txt", false],
      ["Deleted", "gone.txt", false],
      ["Modified", "kept.txt", false],
      ["Renamed", "new/name.txt", false],
      ["Modified", "picture.png", true],
      ["Modified", "run.sh", false],
      ["Modified", "source.txt", false],
      ["TypeChanged", "turned.txt", false],
    ]);
    expect(named(changes, "new/name.txt")).toEqual({
      _tag: "Renamed",
      path: "new/name.txt",
      from: "old/name.txt",
      isBinary: false,
      similarity: expect.any(Number),
      before: { mode: "100644", object: repository.git("rev-parse", `${from}:old/name.txt`) },
      after: { mode: "100644", object: repository.git("rev-parse", `${to}:new/name.txt`) },
    });
    expect(named(changes, "copy.txt")).toMatchObject({ from: "source.txt" });
    expect(named(changes, "run.sh")).toMatchObject({ before: { mode: "100644" }, after: { mode: "100755" } });
    expect(named(changes, "turned.txt")).toMatchObject({ after: { mode: "120000" } });
    expect(changes.flatMap(pathsTouched)).toContain("old/name.txt");
    expect(pathsTouched(named(changes, "copy.txt") as FileChange)).toEqual(["copy.txt"]);
    expect(await changedFiles(repository.place, { from: to, to })).toEqual([]);
    const all = await changedFiles(repository.place, { to: from });
    expect(all).toHaveLength(7);
    expect(new Set(all.map(({ _tag }) => _tag))).toEqual(new Set(["Added"]));
  });

  test("are found under any name, and none is taken for a pattern or an option", async () => {
    const repository = newRepository();
    const names = [
      "--output=written",
      "-x",
      ":(glob)**",
      ":!x",
      "*",
      "a\nb",
      "a\tb",
      ' "quoted" ',
      "back\\slash",
      ":100644 100644 a b M",
      "1\t1\tname",
      "日本",
      "e\u0301",
    ];
    const from = repository.commit("none");
    const to = repository.commit("all", Object.fromEntries(names.map((name) => [name, `${name}\n`])));
    const changes = await changedFiles(repository.place, { from, to });
    expect(changes.map(({ path: at }) => at).toSorted()).toEqual(names.toSorted());
    for (const name of names) repository.git("mv", "--", name, `moved ${name}`);
    expect((await stagedFiles(repository.place)).flatMap(pathsTouched).toSorted()).toEqual(
      names.flatMap((name) => [name, `moved ${name}`]).toSorted(),
    );
    expect(fs.existsSync(path.join(repository.folder, "written"))).toBe(false);
  });

  test("whose names are no UTF-8 are told apart, and lead back to their bytes", async () => {
    const repository = newRepository();
    const from = repository.commit("none");
    const blob = repository.gitWith("text\n", "hash-object", "-w", "--stdin");
    const names = [Buffer.from([0x61, 0xff]), Buffer.from([0x61, 0xfe]), Buffer.from("a\ufffd")];
    const lines = names.map((name) => Buffer.concat([Buffer.from(`100644 ${blob}\t`), name, Buffer.of(0)]));
    repository.gitWith(Buffer.concat(lines), "update-index", "-z", "--index-info");
    const staged = await stagedFiles(repository.place);
    expect(new Set(staged.map(({ path: at }) => at)).size).toBe(3);
    expect(staged.map(({ path: at }) => pathBytes(at).toString("hex")).toSorted()).toEqual(
      names.map((name) => name.toString("hex")).toSorted(),
    );
    repository.git("commit", "--quiet", "-m", "two");
    const to = repository.git("rev-parse", "HEAD");
    expect((await changedFiles(repository.place, { from, to })).map(({ path: at }) => at)).toEqual(
      staged.map(({ path: at }) => at),
    );
  });

  test("are the same whatever the user has configured, from every folder", async () => {
    const repository = newRepository();
    const from = repository.commit("one", { "a/old.txt": lines(0, 20), "a/two.txt": lines(50, 70) });
    repository.git("mv", "a/old.txt", "a/new.txt");
    repository.git("mv", "a/two.txt", "a/too.txt");
    const to = repository.commit("two", {
      "a/new.txt": `${lines(0, 20)}more\n`,
      "a/too.txt": `${lines(50, 70)}more\n`,
    });
    const before = await changedFiles(repository.place, { from, to });
    expect(before.map(({ _tag }) => _tag)).toEqual(["Renamed", "Renamed"]);
    for (const [key, value] of [
      ["diff.renames", "false"],
      ["diff.renameLimit", "1"],
      ["diff.noPrefix", "true"],
      ["diff.relative", "true"],
      ["core.quotePath", "true"],
      ["diff.wordRegex", "."],
      ["status.renames", "false"],
      ["core.abbrev", "4"],
      ["color.ui", "always"],
    ] as const)
      repository.git("config", key, value);
    const place = { ...repository.place, cwd: path.join(repository.folder, "a") };
    expect(await changedFiles(place, { from, to })).toEqual(before);
    fs.mkdirSync(path.join(repository.folder, "b"));
    expect(await changedFiles({ ...place, cwd: path.join(repository.folder, "b") }, { from, to })).toEqual(
      before,
    );
  });

  test("are asked for by full ids that are there alone", async () => {
    const repository = newRepository();
    const to = repository.commit("one");
    for (const from of ["main", "--cached", "HEAD"])
      await expect(changedFiles(repository.place, { from, to })).rejects.toMatchObject({
        code: "GIT_NAME_INVALID",
      });
    await expect(changedFiles(repository.place, { from: "1".repeat(40), to })).rejects.toMatchObject({
      code: "GIT_REVISION_MISSING",
    });
  });

  test("of a partial clone are missing where their content is, and nobody is asked for it", async () => {
    const origin = newRepository("origin");
    origin.git("config", "uploadpack.allowFilter", "true");
    const from = origin.commit("one", { "a.txt": "one\n" });
    const to = origin.commit("two", { "a.txt": "two\n" });
    const clone = cloneOf(origin, "--no-checkout", "--filter=blob:none", "--no-local");
    const mark = path.join(scratchFolder(), "ran");
    clone.git("config", "protocol.ext.allow", "always");
    clone.git("config", "remote.origin.url", `ext::${programOf(`touch '${mark}'`)}`);
    await expect(changedFiles(clone.place, { from, to })).rejects.toMatchObject({ code: "GIT_FAILED" });
    expect(fs.existsSync(mark)).toBe(false);
    expect(() => clone.git("diff", from, to)).toThrow();
    expect(fs.existsSync(mark)).toBe(true);
  });

  test("of an answer that is not understood are a fault, not fewer files", async () => {
    const ids = { from: "1".repeat(40), to: "2".repeat(40) };
    const answers = [
      ":100644 100644 1 2 M\\0",
      ":100644 100644 1 2 Q\\0a\\0",
      ":10\\0a\\0",
      "one\\ttwo\\0",
      "1\\t1\\ta",
    ];
    for (const answer of answers) {
      const program = programOf(`printf '${answer}'`);
      await expect(
        changedFiles({ cwd: scratchFolder(), env: testEnvironment, program }, ids),
      ).rejects.toMatchObject({ code: "GIT_OUTPUT_UNREADABLE" });
    }
  });
});

describe("staged files", () => {
  test("are all added before the first commit", async () => {
    const repository = newRepository();
    expect(await stagedFiles(repository.place)).toEqual([]);
    repository.write({ "a.txt": "a\n" });
    repository.git("add", "a.txt");
    expect(await stagedFiles(repository.place)).toMatchObject([{ _tag: "Added", path: "a.txt" }]);
  });

  test("are those of the index, not of the work tree, and of the index that the environment names", async () => {
    const repository = newRepository();
    repository.commit("one", { "a.txt": "a\n", "b.txt": "b\n" });
    repository.write({ "a.txt": "staged\n" });
    repository.git("add", "a.txt");
    repository.write({ "a.txt": "a\n", "b.txt": "only here\n" });
    expect(await stagedFiles(repository.place)).toMatchObject([{ _tag: "Modified", path: "a.txt" }]);
    const other = path.join(scratchFolder(), "index");
    fs.copyFileSync(path.join(repository.folder, ".git/index"), other);
    repository.git("reset", "--quiet");
    expect(await stagedFiles(repository.place)).toEqual([]);
    const env = { ...testEnvironment, GIT_INDEX_FILE: other };
    expect(await stagedFiles({ ...repository.place, env })).toMatchObject([{ path: "a.txt" }]);
    fs.copyFileSync(other, path.join(repository.folder, ".git/next"));
    const inHook = { ...testEnvironment, GIT_DIR: ".git", GIT_INDEX_FILE: ".git/next" };
    expect(await stagedFiles({ ...repository.place, env: inHook })).toMatchObject([{ path: "a.txt" }]);
  });

  test("in conflict are unmerged", async () => {
    const repository = newRepository();
    repository.commit("one", { "a.txt": "one\n" });
    repository.git("branch", "other");
    repository.commit("two", { "a.txt": "two\n" });
    repository.git("checkout", "--quiet", "other");
    repository.commit("three", { "a.txt": "three\n" });
    expect(() => repository.git("merge", "--quiet", "main")).toThrow();
    expect(await stagedFiles(repository.place)).toEqual([
      { _tag: "Unmerged", path: "a.txt", isBinary: false },
    ]);
    expect(await workTreeFiles(repository.place)).toEqual([{ _tag: "Unmerged", path: "a.txt", sides: "UU" }]);
  });

  test("name a submodule whose commit moved, also where it asks to be ignored", async () => {
    const [inner, outer] = [newRepository("inner"), newRepository("outer")];
    inner.commit("one", { "a.txt": "one\n" });
    const moved = inner.commit("two", { "a.txt": "two\n" });
    outer.git("submodule", "--quiet", "add", "--", inner.folder, "lib");
    outer.git("-C", "lib", "checkout", "--quiet", "HEAD~1");
    outer.git("config", "-f", ".gitmodules", "submodule.lib.ignore", "all");
    outer.git("config", "submodule.lib.ignore", "all");
    outer.commit("add it");
    outer.git("-C", "lib", "checkout", "--quiet", moved);
    const inWorkTree = await workTreeFiles(outer.place);
    expect(inWorkTree).toMatchObject([
      { path: "lib", inWorkTree: "modified", submodule: { hasOtherCommit: true, hasChanges: false } },
    ]);
    outer.git("update-index", "--cacheinfo", `160000,${moved},lib`);
    const [change] = await stagedFiles(outer.place);
    expect(change).toMatchObject({ _tag: "Modified", path: "lib", after: { mode: "160000", object: moved } });
    expect(isSubmodule(change as FileChange)).toBe(true);
  });
});

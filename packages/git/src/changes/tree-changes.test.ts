import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { pathText } from "../path-text.ts";
import { newRepository } from "../testing/repositories.ts";
import { changesOfCommits, treeChanges } from "./tree-changes.ts";

const shown = (changes: Awaited<ReturnType<typeof treeChanges>>) =>
  changes.map(({ path: name, before, after }) => [name, before?.mode ?? null, after?.mode ?? null]);

describe("what two commits hold at each path", () => {
  test("both sides of a rename are paths of their own, and modes, links and bytes count", async () => {
    const repository = newRepository();
    const from = repository.commit("one", { "a.txt": "a\n".repeat(20), "run.sh": "x\n", "b.txt": "b\n" });
    repository.git("mv", "a.txt", "moved.txt");
    repository.git("update-index", "--chmod=+x", "run.sh");
    fs.rmSync(path.join(repository.folder, "b.txt"));
    fs.symlinkSync("moved.txt", path.join(repository.folder, "b.txt"));
    fs.writeFileSync(
      Buffer.concat([Buffer.from(`${repository.folder}/caf`), Buffer.from([0xe9])]),
      "not UTF-8\n",
    );
    fs.chmodSync(path.join(repository.folder, "run.sh"), 0o755);
    const to = repository.commit("two");
    expect(shown(await treeChanges(repository.place, { from, to }))).toEqual([
      ["a.txt", "100644", null],
      ["b.txt", "100644", "120000"],
      [pathText(Buffer.concat([Buffer.from("caf"), Buffer.from([0xe9])])), null, "100644"],
      ["moved.txt", null, "100644"],
      ["run.sh", "100644", "100755"],
    ]);
    expect(await treeChanges(repository.place, { from: to, to })).toEqual([]);
    expect((await treeChanges(repository.place, { to: from })).map(({ path: name }) => name)).toEqual([
      "a.txt",
      "b.txt",
      "run.sh",
    ]);
  });

  test("of many commits against the first parent of each, a root against nothing", async () => {
    const repository = newRepository();
    const root = repository.commit("root", { "a.txt": "a\n" });
    repository.git("checkout", "--quiet", "-b", "side");
    const side = repository.commit("side", { "side.txt": "s\n" });
    repository.git("checkout", "--quiet", "main");
    const empty = repository.commit("empty");
    repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "side");
    const merge = repository.git("rev-parse", "HEAD");
    const changes = await changesOfCommits(repository.place, [root, side, empty, merge]);
    expect([...changes].map(([commit, found]) => [commit, found.map(({ path: name }) => name)])).toEqual([
      [root, ["a.txt"]],
      [side, ["side.txt"]],
      [merge, ["side.txt"]],
    ]);
    expect(await changesOfCommits(repository.place, [])).toEqual(new Map());
  });

  test("a name that is no whole commit id is refused, and so is a commit that is not there", async () => {
    const repository = newRepository();
    const one = repository.commit("one", { "a.txt": "a\n" });
    await expect(treeChanges(repository.place, { from: "main", to: one })).rejects.toMatchObject({
      code: "GIT_NAME_INVALID",
    });
    await expect(changesOfCommits(repository.place, ["--output=x"])).rejects.toMatchObject({
      code: "GIT_NAME_INVALID",
    });
    await expect(treeChanges(repository.place, { from: "1".repeat(40), to: one })).rejects.toMatchObject({
      code: "GIT_REVISION_MISSING",
    });
  });
});

import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { lines, newRepository, programOf, scratchFolder } from "../testing/repositories.ts";
import { workTreeFiles } from "./work-tree.ts";

describe("files of a work tree", () => {
  test("are tracked, renamed or unknown, with both steps of each", async () => {
    const repository = newRepository();
    repository.commit("one", {
      "both.txt": "one\n",
      "gone.txt": "gone\n",
      "old name.txt": lines(0, 50),
      ".gitignore": "*.log\n",
    });
    repository.git("mv", "old name.txt", "new\nname.txt");
    repository.write({ "both.txt": "two\n" });
    repository.git("add", "both.txt");
    repository.write({ "both.txt": "three\n", "sub/unknown file": "?", "a.log": "ignored" });
    fs.rmSync(path.join(repository.folder, "gone.txt"));
    const files = await workTreeFiles(repository.place);
    expect(files).toEqual([
      {
        _tag: "Tracked",
        path: "both.txt",
        inIndex: "modified",
        inWorkTree: "modified",
        modes: { head: "100644", index: "100644", workTree: "100644" },
      },
      {
        _tag: "Tracked",
        path: "gone.txt",
        inIndex: "unchanged",
        inWorkTree: "deleted",
        modes: { head: "100644", index: "100644", workTree: "000000" },
      },
      {
        _tag: "Tracked",
        path: "new\nname.txt",
        from: "old name.txt",
        inIndex: "renamed",
        inWorkTree: "unchanged",
        modes: { head: "100644", index: "100644", workTree: "100644" },
      },
      { _tag: "Untracked", path: "sub/unknown file" },
    ]);
    const below = { ...repository.place, cwd: path.join(repository.folder, "sub") };
    expect(await workTreeFiles(below)).toEqual(files);
  });

  test("are a fault where there is no work tree", async () => {
    const bare = newRepository("bare.git", "--bare");
    await expect(workTreeFiles(bare.place)).rejects.toMatchObject({ code: "GIT_NO_WORK_TREE" });
  });

  test("of a submodule are looked at without running what it has configured", async () => {
    const [inner, outer] = [newRepository("inner"), newRepository("outer")];
    inner.commit("one", { "a.txt": "one\n" });
    outer.git("submodule", "--quiet", "add", "--", inner.folder, "lib");
    outer.commit("add it");
    const mark = path.join(scratchFolder(), "ran");
    outer.git("-C", "lib", "config", "core.fsmonitor", programOf(`touch '${mark}'`));
    outer.write({ "lib/a.txt": "two\n", "lib/new.txt": "new\n" });
    expect(await workTreeFiles(outer.place)).toMatchObject([
      { path: "lib", submodule: { hasOtherCommit: false, hasChanges: true, hasUntracked: true } },
    ]);
    expect(fs.existsSync(mark)).toBe(false);
  });
});

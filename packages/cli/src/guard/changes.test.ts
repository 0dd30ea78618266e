/** Which changes the guard is asked about, and what of them counts: with real repositories. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type Ground, gitRepository, handOver, threePackages } from "../testing/worktrees.ts";

const pathsIn = ({ data }: { data: { paths: readonly { path: string }[] } }): readonly string[] =>
  data.paths.map(({ path: at }) => at);

describe("changes", () => {
  /** With `p/WP01` under way in the lane. */
  const working = async (): Promise<Ground> => {
    const ground = await threePackages();
    ground.lane.commit("there before", {
      "src/login/old.ts": `${"line\n".repeat(20)}login\n`,
      "src/auth/old.ts": `${"line\n".repeat(20)}auth\n`,
      "run.sh": "echo\n",
      "kept.txt": "kept\n",
    });
    await ground.lane.begin("p/WP01");
    return ground;
  };

  test("the old side of a staged rename is checked, and the new one", async () => {
    const { lane } = await working();
    lane.git("mv", "src/auth/old.ts", "src/login/taken.ts");
    expect((await lane.json("guard", "--staged")).data.paths).toMatchObject([
      {
        path: "src/auth/old.ts",
        change: "Renamed",
        side: "old",
        otherSide: "src/login/taken.ts",
        ownedBy: ["WP02"],
      },
    ]);
    lane.git("reset", "--quiet", "--hard");
    lane.git("mv", "src/login/old.ts", "src/auth/given.ts");
    expect((await lane.json("guard")).data.paths).toMatchObject([{ path: "src/auth/given.ts", side: "new" }]);
  });

  test("a copy touches only its new side", async () => {
    const { lane } = await working();
    fs.copyFileSync(path.join(lane.folder, "src/auth/old.ts"), path.join(lane.folder, "src/login/copy.ts"));
    lane.git("add", "--all");
    expect((await lane.json("guard", "--staged")).code).toBe(0);
  });

  test("deletions, modes, links, and files that git does not know are changes", async () => {
    const { lane } = await working();
    fs.rmSync(path.join(lane.folder, "src/auth/old.ts"));
    fs.chmodSync(path.join(lane.folder, "run.sh"), 0o755);
    fs.rmSync(path.join(lane.folder, "kept.txt"));
    fs.symlinkSync("readme", path.join(lane.folder, "kept.txt"));
    lane.write({ "deep/new/file": "x\n" });
    const answer = await lane.json("guard");
    expect(answer.code).toBe(20);
    expect(
      answer.data.paths.map(({ path: at, change }: { path: string; change: string }) => [at, change]),
    ).toEqual([
      ["kept.txt", "TypeChanged"],
      ["run.sh", "Modified"],
      ["src/auth/old.ts", "Deleted"],
      ["deep/new/file", "Untracked"],
    ]);
  });

  test("what is ignored is no change, and what is staged is told apart from what is not", async () => {
    const { lane } = await working();
    lane.write({ "src/login/.gitignore": "*.log\n", "src/login/x.log": "x\n", "outside.txt": "x\n" });
    lane.git("add", "src");
    expect((await lane.json("guard", "--staged")).code).toBe(0);
    expect(pathsIn(await lane.json("guard"))).toEqual(["outside.txt"]);
  });

  test("in a git hook are what is staged, as the hook's own index has it", async () => {
    const { lane } = await working();
    lane.write({ "outside.txt": "x\n" });
    const index = path.join(lane.folder, "..", "index");
    fs.copyFileSync(lane.git("rev-parse", "--path-format=absolute", "--git-path", "index"), index);
    const inHook = { ...lane.env, GIT_INDEX_FILE: index };
    expect((await lane.runWith(inHook, "guard")).code).toBe(0);
    expect((await lane.runWith(inHook, "guard", "--worktree")).code).toBe(20);
    expect((await lane.json("guard")).code).toBe(20);
  });

  test("committed since the claim count, also after they are committed; with --base, since a branch was left", async () => {
    const { lane } = await working();
    lane.git("switch", "--quiet", "--detach");
    lane.git("switch", "--quiet", "lane-a");
    const id = lane.git("rev-parse", "HEAD");
    lane.commit("sneaked in", { "src/auth/new.ts": "x\n" });
    expect(pathsIn(await lane.json("guard"))).toEqual(["src/auth/new.ts"]);
    expect((await lane.json("guard", "--staged")).code).toBe(0);
    expect(pathsIn(await lane.json("guard", "--base", id))).toEqual(["src/auth/new.ts"]);
    expect(pathsIn(await lane.json("guard", "--base", "main"))).toContain("run.sh");
    lane.git("reset", "--quiet", "--hard", id);
  });

  test("an asterisk does not cross a slash, and src/* does not own all of src", async () => {
    const { repository } = await working();
    const tree = repository.worktree("globs");
    await repository.must("wp", "add", "p", "Flat", "--id", "WP06", "--owns", "flat/*");
    await tree.begin("p/WP06");
    tree.write({ "flat/a": "x\n", "flat/deep/a": "x\n", flatter: "x\n" });
    expect(pathsIn(await tree.json("guard"))).toEqual(["flat/deep/a", "flatter"]);
  });

  test("with names that no shell would like are told as they are, and change nothing", async () => {
    const { lane } = await working();
    const names = ["-x", "--staged", "a\nb", 'a"b', "a'b", "$(touch owned)", "a\\b", "日本", "é", "e\u0301"];
    for (const name of names) {
      fs.writeFileSync(path.join(lane.folder, name), "x\n");
      fs.mkdirSync(path.join(lane.folder, "src/login"), { recursive: true });
      fs.writeFileSync(path.join(lane.folder, "src/login", name), "x\n");
    }
    const text = await lane.run("guard");
    expect(text.out).toContain("a\\nb");
    expect(text.out.split("\n").filter((line) => line.startsWith("not owned"))).toHaveLength(names.length);
    const answer = await lane.json("guard", "--worktree");
    expect([...pathsIn(answer)].sort()).toEqual([...names].sort());
    expect(fs.existsSync(path.join(lane.folder, "owned"))).toBe(false);
  });

  test("that are staged can be left out by what the hint says to type, whatever they are called", async () => {
    const { lane } = await working();
    for (const name of ["a*", "a b", "it's", "$(touch owned)", "a\\b", "-x"]) {
      lane.write({ [name]: "x\n", "a-other": "x\n" });
      lane.git("add", "--", `:(top,literal)${name}`);
      const { error } = await lane.json("guard", "--staged");
      const [, command = ""] =
        /^Leave it out: (git restore [\s\S]*), or have the plan/.exec(error.hint) ?? [];
      execFileSync("sh", ["-c", command], { cwd: path.join(lane.folder, "src"), env: lane.env });
      expect((await lane.json("guard", "--staged")).code).toBe(0);
    }
  });

  test("with names that are no UTF-8 come with their bytes", async () => {
    const { lane } = await working();
    const name = Buffer.concat([Buffer.from(`${lane.folder}/`), Buffer.from([0x61, 0xff])]);
    fs.writeFileSync(name, "x\n");
    lane.git("add", "--all");
    const { code, data } = await lane.json("guard", "--staged");
    expect([code, data.paths]).toMatchObject([20, [{ bytes: "61ff" }]]);
  });

  test("a submodule is its path: a new commit in it counts, and so does what is not committed there", async () => {
    const { repository } = await working();
    const inner = await gitRepository();
    const tree = repository.worktree("with-submodule");
    tree.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "--", inner.folder, "lib");
    tree.commit("with a submodule");
    await repository.must("wp", "add", "p", "Below", "--id", "WP07", "--owns", "lib/**");
    await tree.begin("p/WP07");
    tree.write({ "lib/new": "x\n" });
    expect((await tree.json("guard")).data.paths).toMatchObject([{ path: "lib", change: "Modified" }]);
    const moved = repository.at(path.join(tree.folder, "lib")).commit("two", { new: "x\n" });
    tree.git("add", "lib");
    expect((await tree.json("guard", "--staged")).data.paths).toMatchObject([{ path: "lib" }]);
    expect(moved).toMatch(/^[0-9a-f]{40}$/);
  });

  test("of the ledger alone need no package, and stand in nobody's way", async () => {
    const { repository, lane } = await working();
    const log = { ".mission-ledger/log/mission-x.jsonl": "{}\n" };
    const free = repository.worktree("ledger-only");
    free.write(log);
    expect((await free.json("guard")).data).toMatchObject({ verdict: "ok", mission: null, ofLedger: 1 });
    free.write({ other: "x\n" });
    expect((await free.json("guard")).code).toBe(21);
    lane.write(log);
    expect((await lane.json("guard")).data).toMatchObject({ verdict: "ok", checked: 0, ofLedger: 1 });
  });
});

describe("what comes from elsewhere", () => {
  /** The lane and `main` have both gone on since `p/WP01` was claimed. */
  const apart = async (): Promise<Ground> => {
    const ground = await threePackages();
    const { repository, lane } = ground;
    repository.commit("both know", {
      "src/login/a.ts": "one\n",
      "src/auth/a.ts": "one\n",
      "src/auth/gone.ts": "x\n",
    });
    lane.git("merge", "--quiet", "main");
    await lane.begin("p/WP01");
    lane.commit("ours", { "src/login/a.ts": "ours\n" });
    fs.rmSync(path.join(repository.folder, "src/auth/gone.ts"));
    repository.commit("theirs", {
      "src/login/a.ts": "theirs\n",
      "src/auth/a.ts": "theirs\n",
      "docs/x.md": "theirs\n",
    });
    return ground;
  };

  test("is not taken for the work of who concludes a merge, as long as it stays as it came", async () => {
    const { lane } = await apart();
    expect(lane.tryGit("merge", "--quiet", "main").code).toBe(1);
    expect((await lane.json("guard", "--staged")).data.paths).toEqual([]);
    lane.write({ "src/login/a.ts": "both\n" });
    lane.git("add", "--all");
    expect((await lane.json("guard", "--staged")).data).toMatchObject({ verdict: "ok", checked: 1 });
    lane.write({ "docs/x.md": "theirs and more\n" });
    lane.git("add", "--all");
    expect(pathsIn(await lane.json("guard", "--staged"))).toEqual(["docs/x.md"]);
    lane.write({ "docs/x.md": "theirs\n", "src/auth/gone.ts": "x\n" });
    lane.git("add", "--all");
    expect((await lane.json("guard", "--staged")).code).toBe(0);
  });

  test("is not taken for work after a merge or a rebase either, where the mission names its target", async () => {
    const { repository, lane } = await apart();
    lane.tryGit("merge", "--quiet", "main");
    lane.commit("merged", { "src/login/a.ts": "both\n" });
    expect(pathsIn(await lane.json("guard"))).toEqual(["docs/x.md", "src/auth/a.ts", "src/auth/gone.ts"]);
    expect((await lane.json("guard", "--base", "main")).data).toMatchObject({ verdict: "ok", checked: 1 });
    await repository.must("mission", "set", "p", "--target", "main");
    expect((await lane.json("guard")).data).toMatchObject({ verdict: "ok", checked: 1 });
    lane.commit("not ours", { "docs/x.md": "theirs and more\n" });
    expect(pathsIn(await lane.json("guard"))).toEqual(["docs/x.md"]);
    lane.git("reset", "--quiet", "--hard", "main");
    lane.commit("as if rebased", { "src/login/a.ts": "ours again\n" });
    expect((await lane.json("guard")).data).toMatchObject({ verdict: "ok", checked: 1 });
    await repository.must("mission", "set", "p", "--target", "not-here");
    expect((await lane.json("guard")).code).toBe(20);
  });

  test("is never what was committed on the target branch itself, or is all that the target holds", async () => {
    const { repository, lane } = await threePackages();
    await repository.must("mission", "set", "p", "--target", "main");
    repository.commit("first", { "src/login/a.ts": "one\n" });
    lane.git("merge", "--quiet", "main");
    await lane.begin("p/WP01");
    lane.commit("not ours", { "src/auth/a.ts": "x\n" });
    repository.git("merge", "--quiet", "--ff-only", "lane-a");
    expect(pathsIn(await lane.json("guard"))).toEqual(["src/auth/a.ts"]);
    await lane.must("wp", "release", "p/WP01", "--reason", "goes on elsewhere");
    await repository.must("wp", "claim", "p/WP01", "--worktree", repository.folder);
    repository.commit("not ours either", { "docs/a.md": "x\n" });
    expect(pathsIn(await repository.json("guard"))).toEqual(["docs/a.md"]);
  });

  test("does not hide what packages before this one have done in the lane", async () => {
    const { repository, lane } = await apart();
    await repository.must("mission", "set", "p", "--target", "main");
    await handOver(lane, "p/WP01");
    await lane.begin("p/WP03");
    expect((await lane.json("guard")).data).toMatchObject({ verdict: "ok", checked: 0 });
    lane.commit("a line of WP01's", { "src/login/a.ts": "ours, changed by another\n" });
    expect(pathsIn(await lane.json("guard"))).toEqual(["src/login/a.ts"]);
  });
});

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, inject, test } from "vitest";
import { commands } from "../commands/index.ts";
import type { GuardOptions } from "../library/guard.ts";
import { openLedger } from "../library/open-ledger.ts";
import { exitCodeOf } from "../output/exit-codes.ts";
import { gitRepository, type TestRepository, type WorkTree } from "../testing/worktrees.ts";

interface Ground {
  readonly repository: TestRepository;
  /** The shared worktree of the execution lane `lane-a`. */
  readonly lane: WorkTree;
}

/** Three packages with disjoint files in one execution lane, and one beside it. */
const threePackages = async (): Promise<Ground> => {
  const repository = await gitRepository();
  await repository.must("mission", "create", "p", "Passkeys");
  for (const [id, owns] of [
    ["WP01", "src/login/**"],
    ["WP02", "src/auth/**"],
    ["WP03", "docs/*.md"],
  ] as const)
    await repository.must("wp", "add", "p", id, "--id", id, "--owns", owns, "--execution-lane", "lane-a");
  await repository.must("wp", "add", "p", "Beside", "--id", "WP04", "--owns", "beside/**");
  return { repository, lane: repository.worktree("lane-a") };
};

const handOver = async (lane: WorkTree, ref: string): Promise<void> => {
  await lane.must("wp", "move", ref, "for_review", "--evidence", `commit=${lane.git("rev-parse", "HEAD")}`);
};

const pathsIn = ({ data }: { data: { paths: readonly { path: string }[] } }): readonly string[] =>
  data.paths.map(({ path: at }) => at);

describe("a shared lane that moves through three packages with disjoint files", () => {
  test("checks each time against the package that is worked on, and tells a stale context from a violation", async () => {
    const { lane } = await threePackages();
    const files = { WP01: "src/login/a.ts", WP02: "src/auth/a.ts", WP03: "docs/a.md" } as const;
    const ids = ["WP01", "WP02", "WP03"] as const;
    for (const [index, id] of ids.entries()) {
      await lane.begin(`p/${id}`);
      for (const other of ids) {
        lane.write({ [files[other]]: `${id} was here\n` });
        lane.git("add", "--all");
        const answer = await lane.json("guard", "--staged");
        if (other === id) expect([answer.code, answer.data.verdict]).toEqual([0, "ok"]);
        else {
          expect([answer.code, answer.error.code]).toEqual([20, "OWNERSHIP_VIOLATED"]);
          expect(answer.data.paths).toMatchObject([{ path: files[other], ownedBy: [other] }]);
        }
        lane.git("reset", "--quiet", "--hard");
      }
      const before = ids[index - 1];
      if (before !== undefined) {
        const stale = await lane.json("guard", "--package", `p/${before}`);
        expect([stale.code, stale.error.code]).toEqual([22, "CONTEXT_STALE"]);
        expect(stale.data).toMatchObject({
          verdict: "context_stale",
          paths: [],
          active: [{ workPackageId: id }],
        });
      }
      lane.commit(`work on ${id}`, { [files[id]]: `${id}\n` });
      expect((await lane.json("guard")).data).toMatchObject({ verdict: "ok", workPackageId: id, checked: 1 });
      await handOver(lane, `p/${id}`);
    }
  });

  test("is asked for by the lane's name as well, from its worktree", async () => {
    const { repository, lane } = await threePackages();
    await lane.begin("p/WP02");
    lane.write({ "src/login/a.ts": "x\n" });
    expect((await lane.run("guard", "--lane", "lane-a")).code).toBe(20);
    const elsewhere = await repository.json("guard", "--lane", "lane-a", "--mission", "p");
    expect([elsewhere.code, elsewhere.data.inactive[0].reason]).toEqual([22, "elsewhere"]);
    expect((await lane.run("guard", "--lane", "lane-b", "--mission", "p")).code).toBe(22);
  });
});

describe("the guard", () => {
  test("blocks by default and has no mode that only warns: every verdict but one ends with a code of its own", async () => {
    const { lane } = await threePackages();
    lane.write({ "docs/a.md": "x\n" });
    const flags = commands.find(({ name }) => name === "guard")?.flags.map(({ name }) => name);
    expect(flags).toEqual(["staged", "worktree", "base", "mission", "executionLane", "package"]);
    expect((await lane.run("guard")).code).toBe(21);
    await lane.begin("p/WP01");
    for (const name of ["GUARD", "MISSION_LEDGER_GUARD", "SKIP"])
      expect((await lane.runWith({ ...lane.env, [name]: "warn" }, "guard")).code).toBe(20);
    const codes = [
      "OWNERSHIP_VIOLATED",
      "CONTEXT_MISSING",
      "CONTEXT_STALE",
      "CONTEXT_AMBIGUOUS",
      "OWNERSHIP_INVALID",
    ];
    expect(codes.map(exitCodeOf)).toEqual([20, 21, 22, 23, 24]);
  });

  test.skipIf(!inject("sqlite"))(
    "answers the same for a ledger in a database, and keeps its index beside it",
    async () => {
      const { repository, lane } = await threePackages();
      const file = path.join(path.dirname(repository.folder), "plan.db");
      await repository.must(
        "copy",
        `file:${path.join(repository.folder, ".git/mission-ledger")}`,
        `sqlite:${file}`,
      );
      for (const tree of [repository, lane])
        Object.assign(tree.env, { MISSION_LEDGER_STORE: `sqlite:${file}` });
      await lane.begin("p/WP02");
      lane.write({ "docs/a.md": "x\n" });
      const [first, second] = [await lane.json("guard"), await lane.json("guard")];
      expect([first, second].map(({ code, data }) => [code, data.foundBy])).toEqual([
        [20, "search"],
        [20, "index"],
      ]);
      expect(fs.readdirSync(`${file}-worktrees`)).toContain("complete");
      expect((await lane.run("rebuild")).code).toBe(0);
      expect((await lane.json("guard")).data.foundBy).toBe("index");
    },
  );
});

describe("the exit code", () => {
  test("of a missing context is 21: nothing passes without a package, whatever the branch is called", async () => {
    const { repository } = await threePackages();
    for (const name of ["lane-planning", "no-lane-at-all"]) {
      const tree = repository.worktree(name);
      tree.write({ "src/login/a.ts": "x\n" });
      const { code, data, error } = await tree.json("guard");
      expect([code, data.verdict, error.code]).toEqual([21, "context_missing", "CONTEXT_MISSING"]);
      expect(error.hint).toContain("mled ready");
    }
  });

  test("of a package in review is 21 as well, with the commands that take it back, which do", async () => {
    const { repository } = await threePackages();
    const tree = repository.worktree("in-review");
    await tree.begin("p/WP04");
    tree.commit("done", { "beside/a": "x\n" });
    await handOver(tree, "p/WP04");
    tree.write({ "beside/a": "a fix\n" });
    const { code, error, data } = await tree.json("guard");
    expect([code, error.code, error.details.workPackageId]).toEqual([21, "CONTEXT_MISSING", "WP04"]);
    expect(error.hint).toBe("next: mled wp move p/WP04 in_progress      then: mled wp claim p/WP04");
    expect(data.inactive).toMatchObject([{ lane: "for_review", reason: "in_review" }]);
    await tree.must("wp", "move", "p/WP04", "in_progress");
    expect((await tree.json("guard")).data.inactive).toMatchObject([{ reason: "unheld" }]);
  });

  test("of a stale context is 22, and its hint names the way: another branch, a lease that is over", async () => {
    const { repository, lane } = await threePackages();
    await lane.begin("p/WP01");
    lane.git("switch", "--quiet", "-c", "other");
    const branch = await lane.json("guard");
    expect([branch.code, branch.data.inactive[0].reason]).toEqual([22, "branch_differs"]);
    expect(branch.error.hint).toContain("git switch lane-a");
    expect(branch.error.details).toMatchObject({ mission: "p", workPackageId: "WP01" });
    lane.git("switch", "--quiet", "lane-a");
    expect((await lane.json("guard")).code).toBe(0);
    repository.pass(3_600_000);
    const over = await lane.json("guard");
    expect([over.code, over.error.hint]).toEqual([22, "next: mled wp renew p/WP01"]);
    await lane.must("wp", "renew", "p/WP01");
    expect((await lane.json("guard")).code).toBe(0);
  });

  test("of an ambiguous context is 23, and naming a package decides it", async () => {
    const { lane } = await threePackages();
    await lane.begin("p/WP01");
    await lane.begin("p/WP04");
    const { code, data, error } = await lane.json("guard");
    expect([code, data.verdict, error.details.mission]).toEqual([23, "context_ambiguous", "p"]);
    expect(data.active.map((one: { workPackageId: string }) => one.workPackageId)).toEqual(["WP01", "WP04"]);
    expect(error.hint).toContain("mled guard --package p/WP01");
    expect((await lane.json("guard", "--package", "WP04")).data).toMatchObject({ verdict: "ok" });
  });

  test("of a plan without globs is 24", async () => {
    const { repository, lane } = await threePackages();
    await repository.must("wp", "add", "p", "Nothing", "--id", "WP05");
    await lane.begin("p/WP05");
    const { code, data, error } = await lane.json("guard");
    expect([code, error.code, data.problems]).toEqual([
      24,
      "OWNERSHIP_INVALID",
      [{ glob: null, problem: "it owns nothing" }],
    ]);
  });

  test("of a question that cannot be asked is neither of these", async () => {
    const { repository, lane } = await threePackages();
    for (const [code, ...argv] of [
      [2, "--staged", "--worktree"],
      [2, "--package", "p/WP01", "--lane", "lane-a"],
      [2, "--package", "p/WP01", "--mission", "p"],
      [3, "--package", "p/WP09"],
      [3, "--mission", "q"],
      [3, "--package", "p/WP01", "--base", "nowhere"],
    ] as const)
      expect([argv, (await lane.run("guard", ...argv)).code]).toEqual([argv, code]);
    const outside = repository.at(path.dirname(repository.folder));
    expect(
      (await outside.run("guard", "--ledger", path.join(repository.folder, ".git/mission-ledger"))).code,
    ).toBe(3);
  });
});

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

test("a program asks the same and gets the verdict as a union", async () => {
  const { repository, lane } = await threePackages();
  await using ledger = await openLedger({
    cwd: repository.folder,
    actor: "ada",
    clock: { now: () => Date.parse("2026-03-01T10:00:00.000Z") },
  });
  const ask = (options: GuardOptions = {}) => ledger.guard({ cwd: lane.folder, env: lane.env, ...options });
  expect((await ask()).verdict._tag).toBe("ContextMissing");
  await lane.begin("p/WP01");
  expect((await ask()).verdict).toMatchObject({ _tag: "Ok", active: { workPackage: { id: "WP01" } } });
  lane.write({ "docs/a.md": "x\n" });
  const { verdict, foundBy } = await ask();
  expect([foundBy, verdict]).toMatchObject([
    "index",
    { _tag: "Violated", violations: [{ path: "docs/a.md", ownedBy: ["WP03"] }] },
  ]);
  expect((await ask({ changes: "staged" })).verdict._tag).toBe("Ok");
  expect((await ask({ changes: { base: "main" } })).verdict._tag).toBe("Ok");
  expect((await ask({ workPackage: "p/WP02" })).verdict._tag).toBe("ContextStale");
  expect((await ask({ executionLane: "lane-a", mission: "p" })).verdict._tag).toBe("Violated");
});

import fs from "node:fs";
import path from "node:path";
import { describe, expect, inject, test } from "vitest";
import { commands } from "../commands/index.ts";
import type { GuardOptions } from "../library/guard.ts";
import { openLedger } from "../library/open-ledger.ts";
import { exitCodeOf } from "../output/exit-codes.ts";
import { handOver, threePackages } from "../testing/worktrees.ts";

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
    expect(error.hint).toBe("Name its files: mled wp revise p/WP05 --owns <glob>");
  });

  test("of a plan that names no file is mended by what the guard says to type", async () => {
    const { repository, lane } = await threePackages();
    await repository.must(
      "wp",
      "add",
      "p",
      "Docs",
      "--id",
      "WP05",
      "--owns",
      "/notes/**",
      "--owns",
      "a/../b",
    );
    await lane.begin("p/WP05");
    lane.write({ "notes/a.md": "x\n" });
    const { code, error } = await lane.json("guard");
    expect([code, error.hint]).toEqual([
      24,
      "Name its files: mled wp revise p/WP05 --not-owns '/notes/**' --not-owns a/../b --owns <glob>",
    ]);
    const revised = await lane.json(
      ...[
        "wp",
        "revise",
        "p/WP05",
        "--not-owns",
        "/notes/**",
        "--not-owns",
        "a/../b",
        "--owns",
        "src/notes/**",
      ],
    );
    expect(revised.data).toMatchObject({ owns: ["src/notes/**"], readback: "verified" });
    const violated = await lane.json("guard");
    expect([violated.code, violated.error.hint]).toEqual([
      20,
      "Take those changes out, or have the plan of p/WP05 revised: mled wp revise p/WP05 --owns <glob>",
    ]);
    expect((await lane.run("wp", "revise", "p/WP05", "--owns", "notes/**")).out).toMatch(
      /^revised p\/WP05 {3}owns src\/notes\/\*\*, notes\/\*\* /,
    );
    expect((await lane.run("guard")).code).toBe(0);
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

import { describe, expect, test } from "vitest";
import { type Clone, clone, cloneEnvironment } from "../testing/clones.ts";
import { targetHolds } from "./target-holds.ts";

const owned = { owns: (path: string) => path.startsWith("src/login/") };

const holds = (at: Clone, work: string, target = "main") =>
  targetHolds(
    { cwd: at.folder, env: cloneEnvironment },
    { target: at.git("rev-parse", target), work, owned },
  );

/** Work on a branch: two owned files, one of them taken away, and one file that is not owned. */
const workOn = (at: Clone): string => {
  at.git("checkout", "--quiet", "-b", "lane");
  at.commit("first", { "src/login/form.ts": "draft\n", "notes.txt": "mine\n" });
  const work = at.commit("second", { "src/login/form.ts": "better\n", "src/login/token.ts": "token\n" });
  at.git("checkout", "--quiet", "main");
  return work;
};

describe("what a target holds of a piece of work", () => {
  test("is the commit itself after a merge", async () => {
    const at = await clone();
    const work = workOn(at);
    expect(await holds(at, work)).toEqual({
      _tag: "Missing",
      missing: ["src/login/form.ts", "src/login/token.ts"],
      held: [],
    });
    at.git("merge", "--quiet", "--no-ff", "-m", "merge", "lane");
    expect(await holds(at, work)).toEqual({ _tag: "Commit" });
  });

  test("is its owned content after a squash without what is not owned, also when the target goes on", async () => {
    const at = await clone();
    const work = workOn(at);
    at.commit("squash", { "src/login/form.ts": "better\n", "src/login/token.ts": "token\n" });
    expect(await holds(at, work)).toEqual({
      _tag: "Content",
      paths: ["src/login/form.ts", "src/login/token.ts"],
      changedSince: [],
    });
    at.commit("later", { "src/login/form.ts": "even better\n" });
    expect(await holds(at, work)).toMatchObject({ _tag: "Content", changedSince: ["src/login/form.ts"] });
  });

  test("lacks a path that came with other content, and one that was left out", async () => {
    const at = await clone();
    const work = workOn(at);
    at.commit("other", { "src/login/form.ts": "draft\n" });
    expect(await holds(at, work)).toMatchObject({
      _tag: "Missing",
      missing: ["src/login/form.ts", "src/login/token.ts"],
    });
    at.commit("half", { "src/login/form.ts": "better\n" });
    expect(await holds(at, work)).toEqual({
      _tag: "Missing",
      missing: ["src/login/token.ts"],
      held: ["src/login/form.ts"],
    });
  });

  test("a deletion and a mode count as content", async () => {
    const at = await clone({ files: { "src/login/gone.ts": "x\n", "src/login/run.sh": "#!/bin/sh\n" } });
    at.git("checkout", "--quiet", "-b", "lane");
    at.git("update-index", "--chmod=+x", "src/login/run.sh");
    at.git("rm", "--quiet", "src/login/gone.ts");
    at.git("commit", "--quiet", "-m", "work");
    const work = at.git("rev-parse", "HEAD");
    at.git("checkout", "--quiet", "--force", "main");
    at.git("rm", "--quiet", "src/login/gone.ts");
    at.git("commit", "--quiet", "-m", "half");
    expect(await holds(at, work)).toMatchObject({ _tag: "Missing", missing: ["src/login/run.sh"] });
    at.git("update-index", "--chmod=+x", "src/login/run.sh");
    at.git("commit", "--quiet", "-m", "whole");
    expect(await holds(at, work)).toMatchObject({ _tag: "Content" });
  });

  test("says so where the work touches nothing that is owned, and where histories have nothing in common", async () => {
    const at = await clone();
    at.git("checkout", "--quiet", "-b", "lane");
    const notes = at.commit("notes", { "notes.txt": "mine\n" });
    at.git("checkout", "--quiet", "--orphan", "island");
    at.git("rm", "--quiet", "-rf", ".");
    const island = at.commit("island", { "src/login/island.ts": "x\n" });
    at.git("checkout", "--quiet", "main");
    expect(await holds(at, notes)).toEqual({ _tag: "NothingOwned" });
    expect(await holds(at, island)).toMatchObject({ _tag: "Missing", missing: ["src/login/island.ts"] });
  });

  test("a focused branch that was merged brings the work, whatever its commits are called", async () => {
    const at = await clone();
    await at.shell.run("wp", "force", "p/WP01", "done", "--reason", "test");
    at.commit("mine", { "notes.txt": "mine\n" });
    const work = at.commit("login", { "src/login/form.ts": "better\n", "lib/mixed.ts": "x\n" });
    expect((await at.shell.run("focus", "p", "--apply")).code).toBe(0);
    at.git("push", "--quiet", "origin", "focus/p-to-main:main");
    at.git("fetch", "--quiet");
    expect(await holds(at, work, "origin/main")).toMatchObject({
      _tag: "Content",
      paths: ["src/login/form.ts"],
      changedSince: [],
    });
  });
});

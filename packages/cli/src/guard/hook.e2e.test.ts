/** The built program as the hook of real commits, in worktrees that share it. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { buildFirst, mledWith } from "../testing/built-program.ts";
import type { Ran } from "../testing/session.ts";
import { gitRepository, type TestRepository, type WorkTree } from "../testing/worktrees.ts";

buildFirst();

const mled = (tree: WorkTree, ...args: readonly string[]): Ran => {
  const { status, stdout, stderr } = mledWith(tree.env)(tree.folder, ...args);
  return { code: status ?? -1, out: stdout, err: stderr };
};

const tryCommit = (
  tree: WorkTree,
  files: Readonly<Record<string, string>>,
  ...more: readonly string[]
): Ran => {
  tree.write(files);
  tree.git("add", "--all");
  return tree.tryGit("commit", "-m", "work", ...more);
};

/** Clocks of the program are real here, so is the lease. */
const guarded = async (): Promise<{ readonly repository: TestRepository; readonly lane: WorkTree }> => {
  const repository = await gitRepository({ clock: { now: () => Date.now() } });
  await repository.must("mission", "create", "p", "Passkeys");
  for (const [id, owns] of [
    ["WP01", "src/login/**"],
    ["WP02", "src/auth/**"],
    ["WP03", "docs/**"],
  ] as const)
    await repository.must("wp", "add", "p", id, "--id", id, "--owns", owns, "--execution-lane", "lane-a");
  expect(mled(repository, "hook", "install").code).toBe(0);
  return { repository, lane: repository.worktree("lane-a") };
};

describe("commits under the guard", () => {
  test("pass for each of three packages of a lane in turn, and are refused for the others' files", async () => {
    const { lane } = await guarded();
    const files = { WP01: "src/login/a", WP02: "src/auth/a", WP03: "docs/a" } as const;
    expect(tryCommit(lane, { [files.WP01]: "early\n" })).toMatchObject({
      code: 1,
      err: expect.stringContaining("CONTEXT_MISSING"),
    });
    for (const [id, file] of Object.entries(files)) {
      await lane.begin(`p/${id}`);
      for (const other of Object.values(files).filter((one) => one !== file)) {
        const refused = tryCommit(lane, { [other]: `by ${id}\n` });
        expect(refused.code).toBe(1);
        expect(refused.err).toContain(`OWNERSHIP_VIOLATED: p/${id} does not own ${other}`);
        lane.git("reset", "--quiet", "--hard");
      }
      expect(tryCommit(lane, { [file]: `by ${id}\n` }).code).toBe(0);
      await lane.must(
        "wp",
        "move",
        `p/${id}`,
        "for_review",
        "--evidence",
        `commit=${lane.git("rev-parse", "HEAD")}`,
      );
      expect(tryCommit(lane, { [file]: `late by ${id}\n` }).err).toContain(
        `mled wp move p/${id} in_progress`,
      );
      lane.git("reset", "--quiet", "--hard");
    }
    expect(lane.git("rev-list", "--count", "main..lane-a")).toBe("3");
  });

  test("of part of a file's changes, by name or after an amend are asked about by what they hold", async () => {
    const { lane } = await guarded();
    await lane.begin("p/WP01");
    lane.commit("both there", { "src/login/a": "one\n", "src/auth/a": "one\n" });
    lane.write({ "src/login/a": "two\n", "src/auth/a": "two\n" });
    expect(lane.tryGit("commit", "-m", "own", "--", "src/login/a").code).toBe(0);
    expect(lane.tryGit("commit", "-m", "all", "--all").code).toBe(1);
    lane.git("checkout", "--", "src/auth/a");
    expect(lane.tryGit("commit", "--amend", "--no-edit").code).toBe(0);
  });

  test("from a folder below, of names that no shell would like, run nothing", async () => {
    const { lane } = await guarded();
    await lane.begin("p/WP01");
    const names = ["$(touch owned)", "a\nb", "-x", "'", '"', "`touch owned`"];
    expect(tryCommit(lane, Object.fromEntries(names.map((name) => [`src/login/${name}`, "x\n"]))).code).toBe(
      0,
    );
    const below = path.join(lane.folder, "src", "login");
    lane.write(Object.fromEntries(names.map((name) => [`out ${name}`, "x\n"])));
    lane.git("add", "--all");
    const refused = spawnSync("git", ["commit", "-m", "work"], {
      cwd: below,
      env: lane.env,
      encoding: "utf8",
    });
    expect([refused.status, refused.stderr]).toEqual([
      1,
      expect.stringContaining("not owned  out $(touch owned)"),
    ]);
    for (const folder of [lane.folder, below]) expect(fs.existsSync(path.join(folder, "owned"))).toBe(false);
  });

  test("in a worktree without a package are refused, in another one they pass: one hook, one question each", async () => {
    const { repository, lane } = await guarded();
    await lane.begin("p/WP02");
    expect(tryCommit(lane, { "src/auth/a": "x\n" }).code).toBe(0);
    expect(tryCommit(repository, { "src/auth/b": "x\n" }).err).toContain("CONTEXT_MISSING");
    expect(tryCommit(repository, {}, "--no-verify").code).toBe(0);
  });
});

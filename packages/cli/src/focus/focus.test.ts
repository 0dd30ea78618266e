import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { runCommand } from "../cli.ts";
import { approve, type Clone, clone, cloneEnvironment, type Files } from "../testing/clones.ts";
import { buildFocus } from "./build.ts";
import { planFocus } from "./plan.ts";

const focus = (at: Clone, ...more: readonly string[]) => at.shell.json("focus", "p", ...more);

/** Mode and object of each path, by its bytes. */
const treeOf = (at: Pick<Clone, "folder">, commit: string): ReadonlyMap<string, string> => {
  const out = execFileSync("git", ["-C", at.folder, "ls-tree", "-r", "-z", "--full-tree", commit], {
    env: cloneEnvironment,
    maxBuffer: 1 << 28,
  });
  return new Map(
    out
      .toString("latin1")
      .split("\0")
      .filter(Boolean)
      .map((line) => {
        const tab = line.indexOf("\t");
        return [line.slice(tab + 1), line.slice(0, tab)];
      }),
  );
};

/** Paths in which two trees differ. */
const differing = (one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): readonly string[] =>
  [...new Set([...one.keys(), ...other.keys()])].filter((path) => one.get(path) !== other.get(path)).sort();

/** Everything of a person's that must not move: index, status, files with their times, refs but for focused branches, HEAD. */
const untouched = (at: Clone): string => {
  // By find, because names may be no UTF-8.
  const files = execFileSync(
    "find",
    [at.folder, "-name", ".git", "-prune", "-o", "-printf", "%P %T@ %C@ %s %i %m\n"],
    { env: { PATH: cloneEnvironment.PATH ?? "" } },
  ).toString("latin1");
  return JSON.stringify([
    fs.readFileSync(path.join(at.folder, ".git", "index")).toString("base64"),
    at.git("status", "--porcelain=v2", "--untracked-files=all"),
    at
      .git("for-each-ref")
      .split("\n")
      .filter((line) => !line.includes("refs/heads/focus/")),
    fs.readFileSync(path.join(at.folder, ".git", "HEAD"), "utf8"),
    at.git("stash", "list"),
    at.git("config", "--list", "--local"),
    fs
      .readdirSync(path.join(at.folder, ".git"))
      .filter((name) => name !== "logs")
      .sort(),
    files.split("\n").sort(),
  ]);
};

const isOwned = (path: string): boolean => path.startsWith("src/login/");

/** What the acceptance of a focused branch is: owned paths as here, all others as on the upstream. */
const expectExact = (at: Clone, commit: string, base: string, source: string): void => {
  const [result, upstream, here] = [commit, base, source].map((one) => treeOf(at, one)) as [
    ReadonlyMap<string, string>,
    ReadonlyMap<string, string>,
    ReadonlyMap<string, string>,
  ];
  expect(differing(result, here).filter(isOwned)).toEqual([]);
  expect(differing(result, upstream).filter((path) => !isOwned(path))).toEqual([]);
};

/** Commits on main that nobody asked for, in one run of git. */
const addNoise = (at: Clone, count: number): void => {
  if (count === 0) return;
  const commits = Array.from({ length: count }, (_, index) => {
    const begin = index === 0 ? "from refs/heads/main^0\n" : "";
    const name = `noise ${index}`;
    return `commit refs/heads/main\ncommitter Eve <eve@example.org> 1767323045 +0000\ndata ${name.length}\n${name}\n${begin}M 644 inline noise/${index % 7}.txt\ndata ${name.length}\n${name}\n`;
  });
  execFileSync("git", ["-C", at.folder, "fast-import", "--quiet"], {
    input: commits.join("\n"),
    env: cloneEnvironment,
  });
  at.git("reset", "--quiet", "--hard");
};

/** A main with unrelated commits, renames inside and across the border, a binary file, modes, links and names that are no UTF-8. */
const crowded = async (unrelated: number): Promise<Clone> => {
  const binary = Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 7) % 256));
  const seed: Files = {
    "readme.md": "shop\n",
    "src/login/form.ts": "form\n".repeat(20),
    "src/login/old.ts": "old\n".repeat(30),
    "src/login/leaving.ts": "leaving\n".repeat(30),
    "src/login/gone.ts": "gone\n",
    "src/login/run.sh": "#!/bin/sh\n",
    "src/login/logo.png": binary,
    "lib/arriving.ts": "arriving\n".repeat(30),
    "lib/other.ts": "other\n",
  };

  const at = await clone({ files: seed });
  await approve(at);
  addNoise(at, unrelated / 2);
  at.git("mv", "src/login/old.ts", "src/login/new.ts");
  at.commit("rename inside", {});
  at.git("mv", "src/login/leaving.ts", "lib/left.ts");
  at.git("mv", "lib/arriving.ts", "src/login/arrived.ts");
  at.commit("rename across the border", {});
  at.commit("mixed", {
    "src/login/logo.png": Buffer.concat([binary, Buffer.from([0, 1, 2])]),
    "lib/other.ts": "mixed\n",
  });
  at.commit("noise", { "noise/0.txt": "again\n" });
  addNoise(at, unrelated / 2);
  fs.rmSync(path.join(at.folder, "src/login/gone.ts"));
  fs.chmodSync(path.join(at.folder, "src/login/run.sh"), 0o755);
  fs.symlinkSync("form.ts", path.join(at.folder, "src/login/link.ts"));
  fs.writeFileSync(
    Buffer.concat([Buffer.from(`${at.folder}/src/login/caf`), Buffer.from([0xe9]), Buffer.from(".ts")]),
    "not UTF-8\n",
  );
  at.git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},src/login/module`);
  fs.mkdirSync(path.join(at.folder, "src/login/module"));
  at.git("add", "src/login/gone.ts", "src/login/run.sh", "src/login/link.ts", "src/login/caf*");
  at.git(
    "commit",
    "--quiet",
    "--no-verify",
    "-m",
    "deletion, mode, link, module, bytes",
    "--author",
    "Bob <bob@example.org>",
    "--date",
    "2026-01-05T06:07:08+02:00",
  );
  at.commitThere("upstream goes on", { "lib/there.ts": "there\n", "src/login/theirs.ts": "theirs\n" });
  at.git("fetch", "--quiet");
  // What nobody committed stays with whoever left it there.
  at.write({ "src/login/form.ts": "unsaved\n", "untracked.txt": "mine\n", "lib/other.ts": "staged\n" });
  at.git("add", "lib/other.ts");
  at.git("status");
  return at;
};

describe("a focused branch from 200 unrelated local commits, renames and a binary file", () => {
  test("holds exactly the owned changes, touches neither work tree nor index, and is the same commit the second time", async () => {
    const at = await crowded(200);
    const before = untouched(at);
    const objects = at.git("count-objects");
    const plan = await focus(at);
    expect(plan.envelope.error).toBeNull();
    expect(plan.data).toMatchObject({
      outcome: "planned",
      applied: false,
      branch: "focus/p-to-main",
      strategy: "commits",
    });
    expect(at.git("for-each-ref", "refs/heads/focus")).toBe("");
    expect(at.git("count-objects")).toBe(objects);
    expect(untouched(at)).toBe(before);

    const made = await focus(at, "--apply");
    expect(made.envelope.error).toBeNull();
    expect(made.data).toMatchObject({ outcome: "created", applied: true, commit: plan.data.commit });
    expect(untouched(at)).toBe(before);
    const [base, source] = [at.git("rev-parse", "origin/main"), at.git("rev-parse", "main")];
    expect(at.git("rev-parse", "focus/p-to-main")).toBe(plan.data.commit);
    expect(treeOf(at, plan.data.commit).get("src/login/theirs.ts")).toBeDefined();
    const result = treeOf(at, plan.data.commit);
    const here = treeOf(at, source);
    expect(differing(result, here).filter(isOwned)).toEqual(["src/login/theirs.ts"]);
    expect(differing(result, treeOf(at, base))).toEqual([
      "src/login/arrived.ts",
      "src/login/caf\u00e9.ts",
      "src/login/gone.ts",
      "src/login/leaving.ts",
      "src/login/link.ts",
      "src/login/logo.png",
      "src/login/module",
      "src/login/new.ts",
      "src/login/old.ts",
      "src/login/run.sh",
    ]);

    const again = await focus(at, "--apply");
    expect(again.code).toBe(0);
    expect(again.data).toMatchObject({ outcome: "there", applied: true, commit: plan.data.commit });
    at.git("branch", "-D", "focus/p-to-main");
    const anew = await focus(at, "--apply");
    expect(anew.data).toMatchObject({ outcome: "created", commit: plan.data.commit });
    expect(at.git("fsck", "--no-dangling")).not.toMatch(/missing|error/);
  });

  test("its commits are the four that touch what is owned, with their authors, dates and words", async () => {
    const at = await crowded(6);
    const { data } = await focus(at);
    expect(data.commits.map(({ subject, how }: { subject: string; how: string }) => [subject, how])).toEqual([
      ["rename inside", "whole"],
      ["rename across the border", "part"],
      ["mixed", "part"],
      ["deletion, mode, link, module, bytes", "whole"],
    ]);
    await focus(at, "--apply");
    const log = at.git("log", "--format=%an|%ae|%aD|%s", "origin/main..focus/p-to-main").split("\n");
    expect(log[0]).toBe(
      "Bob|bob@example.org|Mon, 5 Jan 2026 06:07:08 +0200|deletion, mode, link, module, bytes",
    );
    expect(log[1]).toBe("Ada|ada@example.org|Fri, 2 Jan 2026 03:04:05 +0000|mixed");
    expect(at.git("log", "-1", "--format=%B", "focus/p-to-main~1")).toMatch(
      /^mixed\n\nPart-of-commit: [0-9a-f]{40}$/,
    );
    expect(data.leftOut).toMatchObject({ commitCount: 7 });
    expect(data.leftOut.paths).toContain("lib/other.ts");
    expect(data.upstreamOnly).toEqual(["src/login/theirs.ts"]);
  });

  test("renames across the border are said, since only one side of them goes along", async () => {
    const at = await crowded(0);
    const { data } = await focus(at);
    expect(data.crossings).toEqual([
      { from: "src/login/leaving.ts", to: "lib/left.ts", owned: "from" },
      { from: "lib/arriving.ts", to: "src/login/arrived.ts", owned: "to" },
    ]);
    expect((await at.shell.run("focus", "p")).out).toContain(
      "src/login/leaving.ts was renamed to lib/left.ts, which the mission does not own",
    );
  });
});

describe("a focused branch", () => {
  test("is the very same commits where nothing has to be left out", async () => {
    const at = await clone();
    await approve(at);
    at.commit("one", { "src/login/form.ts": "1\n" });
    const head = at.commit("two", { "src/login/form.ts": "2\n" });
    const { data } = await focus(at, "--apply");
    expect(data).toMatchObject({ outcome: "created", commit: head });
    expect(data.commits.map(({ how }: { how: string }) => how)).toEqual(["as_it_is", "as_it_is"]);
  });

  test("a name that is taken by something else is never overwritten", async () => {
    const at = await clone();
    await approve(at);
    at.commit("one", { "src/login/form.ts": "1\n" });
    at.git("branch", "focus/p-to-main", "origin/main");
    const stood = at.git("rev-parse", "focus/p-to-main");
    for (const flags of [[], ["--apply"]]) {
      const { code, envelope } = await focus(at, ...flags);
      expect(code).toBe(6);
      expect(envelope.error).toMatchObject({ code: "FOCUS_TAKEN", details: { mission: "p" } });
    }
    expect(at.git("rev-parse", "focus/p-to-main")).toBe(stood);
    expect((await focus(at, "--apply", "--branch", "pr/p")).data.outcome).toBe("created");
  });

  test("a name that a work tree stands on without a commit is taken", async () => {
    const at = await clone();
    await approve(at);
    at.commit("one", { "src/login/form.ts": "1\n" });
    at.git("checkout", "--quiet", "--orphan", "focus/p-to-main");
    const { envelope } = await focus(at, "--apply");
    expect(envelope.error).toMatchObject({ code: "FOCUS_TAKEN" });
    expect(at.git("for-each-ref", "refs/heads/focus")).toBe("");
  });

  test("a name that cannot stand beside another branch is refused, and nothing is made", async () => {
    const at = await clone();
    await approve(at);
    at.commit("one", { "src/login/form.ts": "1\n" });
    at.git("branch", "focus", "origin/main");
    const { code, envelope } = await focus(at, "--apply");
    expect(code).toBe(7);
    expect(envelope.error).toMatchObject({ code: "GIT_FAILED" });
    expect((await focus(at, "--apply", "--branch=-x")).code).toBe(2);
    expect((await focus(at, "--apply", "--branch", "refs/heads/x")).code).toBe(2);
  });

  test("a path that was changed on both sides is a conflict that is named, and nothing is made", async () => {
    const at = await clone();
    await approve(at);
    at.commit("here", {
      "src/login/form.ts": "here\n",
      "src/login/same.ts": "same\n",
      "src/login/more.ts": "m\n",
    });
    at.commitThere("there", { "src/login/form.ts": "there\n", "src/login/same.ts": "same\n" });
    at.git("fetch", "--quiet");
    const objects = at.git("count-objects");
    const { code, envelope, data } = await focus(at, "--apply");
    expect(code).toBe(6);
    expect(envelope.error).toMatchObject({
      code: "FOCUS_CONFLICT",
      details: { mission: "p", invariant: expect.any(String) },
    });
    expect(data.conflicts).toEqual([
      { kind: "both_changed", path: "src/login/form.ts", with: "src/login/form.ts" },
    ]);
    expect(at.git("for-each-ref", "refs/heads/focus")).toBe("");
    expect(at.git("count-objects")).toBe(objects);
  });

  test("a conflict that was resolved by merging the upstream is one commit, which takes nothing back", async () => {
    const at = await clone();
    await approve(at);
    at.commit("here", { "src/login/form.ts": "here\n", "notes.txt": "mine\n" });
    at.commitThere("there", { "src/login/form.ts": "there\n" });
    at.git("fetch", "--quiet");
    at.git("merge", "--quiet", "--strategy=ours", "-m", "merge", "origin/main");
    const source = at.commit("both", { "src/login/form.ts": "here and there\n" });
    const { data } = await focus(at, "--apply");
    expect(data).toMatchObject({ outcome: "created", strategy: "one_commit" });
    expect(at.git("log", "--format=%P", "focus/p-to-main", "-1")).toBe(at.git("rev-parse", "origin/main"));
    expect(at.git("log", "-1", "--format=%B", "focus/p-to-main")).toMatch(
      /^Passkeys\n\n- [0-9a-f]{12} here\n- [0-9a-f]{12} both\n\nMission: p$/,
    );
    expectExact(at, data.commit, at.git("rev-parse", "origin/main"), source);
  });

  test("what only a merge took away is taken away, in the merge's name", async () => {
    const at = await clone();
    await approve(at);
    at.commit("notes", { "notes.txt": "mine\n" });
    at.commitThere("there", { "src/login/theirs.ts": "theirs\n" });
    at.git("fetch", "--quiet");
    at.git("merge", "--quiet", "--strategy=ours", "-m", "merge without theirs", "origin/main");
    const { data } = await focus(at, "--apply");
    expect(data).toMatchObject({
      outcome: "created",
      strategy: "one_commit",
      paths: [{ path: "src/login/theirs.ts", change: "deleted" }],
    });
    expect(at.git("log", "-1", "--format=%B", "focus/p-to-main")).toContain("merge without theirs");
    expectExact(at, data.commit, at.git("rev-parse", "origin/main"), at.git("rev-parse", "main"));
  });

  test("a file where the upstream has a folder that is not owned is a conflict, and none of it is let go", async () => {
    const at = await clone({ files: { "readme.md": "shop\n", "src/login": "a file\n" } });
    await approve(at);
    at.git("rm", "--quiet", "src/login");
    at.commit("folder", { "src/login/form.ts": "form\n" });
    const { envelope, data } = await focus(at, "--apply");
    expect(envelope.error).toMatchObject({ code: "FOCUS_CONFLICT" });
    expect(data.conflicts).toEqual([{ kind: "in_the_way", path: "src/login/form.ts", with: "src/login" }]);
  });

  test("side branches stay side branches, and merges of what is not owned fall away", async () => {
    const at = await clone();
    await approve(at);
    at.commit("noise", { "notes.txt": "0\n" });
    at.git("checkout", "--quiet", "-b", "side");
    at.commit("side", { "src/login/side.ts": "side\n" });
    at.git("checkout", "--quiet", "main");
    at.commit("trunk", { "src/login/trunk.ts": "trunk\n" });
    at.git("merge", "--quiet", "-m", "merge side", "side");
    at.git("checkout", "--quiet", "-b", "unrelated");
    at.commit("unrelated", { "notes.txt": "1\n" });
    at.git("checkout", "--quiet", "main");
    at.git("merge", "--quiet", "--no-ff", "-m", "merge unrelated", "unrelated");
    const { data } = await focus(at, "--apply");
    expect(
      at.git("log", "--topo-order", "--format=%s|%p", "origin/main..focus/p-to-main").split("\n"),
    ).toHaveLength(3);
    expect(at.git("log", "-1", "--format=%s", "focus/p-to-main")).toBe("merge side");
    expect(at.git("rev-list", "--count", "--merges", "focus/p-to-main")).toBe("1");
    expectExact(at, data.commit, at.git("rev-parse", "origin/main"), at.git("rev-parse", "main"));
  });

  test("takes what approved and done packages own, and with --packages all that of every one", async () => {
    const at = await clone();
    at.commit("one", { "src/login/form.ts": "1\n" });
    const closed = await focus(at);
    expect(closed.code).toBe(6);
    expect(closed.envelope.error).toMatchObject({ code: "FOCUS_EMPTY" });
    expect(closed.envelope.error?.hint).toContain("mled focus p --packages all");
    expect((await focus(at, "--packages", "all")).data).toMatchObject({
      outcome: "planned",
      packages: { counted: "all", ids: ["WP01"], owns: ["src/login/**"] },
    });
  });

  test("comes from another branch where the work is there", async () => {
    const at = await clone();
    await approve(at);
    at.git("checkout", "--quiet", "-b", "lane-a");
    const head = at.commit("one", { "src/login/form.ts": "1\n" });
    at.git("checkout", "--quiet", "main");
    expect((await focus(at)).envelope.error).toMatchObject({ code: "FOCUS_EMPTY" });
    expect((await focus(at, "--from", "lane-a", "--apply")).data).toMatchObject({
      outcome: "created",
      commit: head,
    });
  });

  test("does not depend on who runs it, when, with which hooks and which signing", async () => {
    const at = await clone();
    await approve(at);
    at.commit("noise", { "notes.txt": "1\n" });
    at.commit("one", { "src/login/form.ts": "1\n" });
    const { data } = await focus(at);
    for (const [name, value] of [
      ["user.name", "Mallory"],
      ["user.email", "mallory@example.org"],
      ["commit.gpgSign", "true"],
      ["gpg.program", "/nonexistent"],
      ["core.splitIndex", "true"],
      ["core.autocrlf", "true"],
      ["i18n.commitEncoding", "ISO-8859-1"],
    ])
      at.git("config", name as string, value as string);
    const hook = path.join(at.folder, ".git", "hooks", "reference-transaction");
    fs.writeFileSync(hook, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    at.shell.pass(86_400_000);
    const later = await focus(at, "--apply");
    expect(later.data).toMatchObject({ outcome: "created", commit: data.commit });
    fs.rmSync(hook);
    expect(
      fs.readdirSync(path.join(at.folder, ".git")).filter((name) => name.startsWith("sharedindex")),
    ).toEqual([]);
  });

  test("of six that are made at once one makes it, and all say that it is there; nothing is left that blocks the next", async () => {
    const at = await clone();
    await approve(at);
    at.commit("noise", { "notes.txt": "1\n" });
    at.commit("one", { "src/login/form.ts": "1\n" });
    const outcomes = (await Promise.all(Array.from({ length: 6 }, () => focus(at, "--apply")))).map(
      ({ data }) => data.outcome,
    );
    expect(outcomes.toSorted()).toEqual(["created", "there", "there", "there", "there", "there"]);
    const abort = new AbortController();
    abort.abort();
    const cut = await runCommand(
      "focus",
      { mission: "p", apply: true, branch: "cut-off" },
      {
        cwd: at.folder,
        env: cloneEnvironment,
        signal: abort.signal,
      },
    );
    expect(cut.envelope.error).toMatchObject({ code: "INTERRUPTED" });
    expect((await focus(at, "--apply", "--branch", "cut-off")).data.outcome).toBe("created");
  });

  test("what was built is compared with the trees before anybody can see it: a wrong one is never made", async () => {
    const at = await clone();
    at.commit("noise", { "notes.txt": "1\n" });
    at.commit("one", { "src/login/form.ts": "1\n", "src/login/new.ts": "2\n" });
    const place = { cwd: at.folder, env: cloneEnvironment };
    const [base, source] = [at.git("rev-parse", "origin/main"), at.git("rev-parse", "main")];
    const owned = { counted: "all", workPackages: ["WP01"], globs: ["src/login/**"], owns: isOwned } as const;
    const plan = await planFocus(place, { mission: { slug: "p", title: "Passkeys" }, base, source, owned });
    expect((await buildFocus(place, plan, { keep: false })).commits).toHaveLength(1);
    const [recipe] = plan.recipes;
    if (recipe === undefined) throw new Error("nothing to do");
    const [path, blob] = [...recipe.overlay][0] as [string, { mode: string; object: string }];
    const wrong = [
      new Map([[path, blob]]),
      new Map([...recipe.overlay, [path, null]]),
      new Map([...recipe.overlay, [path, { ...blob, mode: "100755" }]]),
      new Map([...recipe.overlay, ["notes.txt", blob]]),
    ];
    for (const overlay of wrong)
      await expect(
        buildFocus(place, { ...plan, recipes: [{ ...recipe, overlay }] }, { keep: false }),
      ).rejects.toMatchObject({ code: "FOCUS_UNVERIFIED", outcome: "not_written" });
  });

  test("is the same from a folder of another worktree, and in a hook of it", async () => {
    const at = await clone();
    await approve(at);
    at.commit("noise", { "notes.txt": "1\n" });
    at.commit("one", { "src/login/form.ts": "1\n" });
    const { data } = await focus(at);
    const tree = path.join(path.dirname(at.folder), "tree");
    at.git("worktree", "add", "--quiet", "-b", "other", tree);
    const gitDirectory = path.join(at.folder, ".git", "worktrees", "tree");
    const index = fs.readFileSync(path.join(gitDirectory, "index"));
    const { envelope } = await runCommand(
      "focus",
      { mission: "p", apply: true },
      {
        cwd: path.join(tree, "src", "login"),
        env: {
          ...cloneEnvironment,
          GIT_DIR: gitDirectory,
          GIT_INDEX_FILE: path.join(gitDirectory, "index"),
          GIT_PREFIX: "src/login/",
        },
      },
    );
    expect(envelope.data).toMatchObject({ outcome: "created", commit: data.commit });
    expect(fs.readFileSync(path.join(gitDirectory, "index"))).toEqual(index);
    expect(at.git("-C", tree, "status", "--porcelain")).toBe("");
  });

  test("without an upstream it says what the preflight says", async () => {
    const at = await clone();
    at.git("branch", "--unset-upstream", "main");
    const { code, envelope } = await focus(at);
    expect(code).toBe(25);
    expect(envelope.error).toMatchObject({
      code: "TARGET_NOT_IN_SYNC",
      details: { state: "upstream_not_configured" },
    });
  });

  test("is what the preflight of a diverged target leads to", async () => {
    const at = await clone();
    await approve(at);
    at.commit("mine", { "notes.txt": "mine\n" });
    const source = at.commit("login", { "src/login/form.ts": "login\n" });
    at.commitThere("theirs", { "readme.md": "theirs\n" });
    at.git("fetch", "--quiet");
    const { data } = await at.shell.json("preflight", "p");
    expect(data.remediation[0].command).toBe("mled focus p --apply");
    for (const { command } of data.remediation) expect((await at.type(command)).code).toBe(0);
    expect((await at.shell.json("preflight", "p")).data).toMatchObject({ state: "in_sync" });
    expectExact(at, at.git("rev-parse", "focus/p-to-main"), at.git("rev-parse", "main"), source);
  });
});

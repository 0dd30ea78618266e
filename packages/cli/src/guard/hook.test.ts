/** The hook itself, run by real git; in place of the program stands a script that says how it was asked. */
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { gitRepository, type TestRepository, type WorkTree } from "../testing/worktrees.ts";
import { hookText } from "./hook.ts";

interface Ground extends TestRepository {
  readonly hook: string;
  readonly chained: string;
  /** What the program was asked, one line each time. */
  asked(): readonly string[];
  /** How it ends from now on. */
  answer(code: number): void;
}

/** `mled` is found on the path and writes down how it was called; `PATH` without it has git and sh alone. */
const hooked = async (folder = ".git/hooks"): Promise<Ground> => {
  const repository = await gitRepository();
  const bin = path.join(path.dirname(repository.folder), "it's a bin");
  fs.mkdirSync(bin);
  const [log, code] = [path.join(bin, "asked"), path.join(bin, "code")];
  fs.writeFileSync(code, "0");
  fs.writeFileSync(
    path.join(bin, "mled"),
    `#!/bin/sh\nprintf '%s|' "$PWD" "$@" >>"${log}"\necho >>"${log}"\necho told\nexit "$(cat "${code}")"\n`,
    { mode: 0o755 },
  );
  Object.assign(repository.env, { PATH: `${bin}:${repository.env.PATH}` });
  return {
    ...repository,
    hook: path.join(repository.folder, folder, "pre-commit"),
    chained: path.join(repository.folder, folder, "pre-commit.before-mission-ledger"),
    asked: () => (fs.existsSync(log) ? fs.readFileSync(log, "utf8").trimEnd().split("\n") : []),
    answer: (next) => fs.writeFileSync(code, String(next)),
  };
};

const tryCommit = (tree: WorkTree, ...more: readonly string[]) =>
  tree.tryGit("commit", "--allow-empty", "-m", "work", ...more);

/** A hook of somebody else that says that it ran. */
const foreign = (file: string, code = 0): string => {
  const text = `#!/bin/sh\necho "theirs $*" >&2\nexit ${code}\n`;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text, { mode: 0o755 });
  return text;
};

describe("the pre-commit hook", () => {
  test("asks the guard about what is staged, in whichever worktree the commit is made", async () => {
    const ground = await hooked();
    const lane = ground.worktree("lane-a");
    await lane.must("hook", "install");
    expect(tryCommit(ground).code).toBe(0);
    expect(tryCommit(lane).code).toBe(0);
    expect(ground.asked()).toEqual([`${ground.folder}|guard|--staged|`, `${lane.folder}|guard|--staged|`]);
  });

  test("refuses the commit when the guard does, and --no-verify goes past it", async () => {
    const ground = await hooked();
    await ground.must("hook", "install");
    for (const code of [20, 21, 22, 23, 24, 1, 8]) {
      ground.answer(code);
      const refused = tryCommit(ground);
      expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("told")]);
    }
    expect(ground.git("rev-list", "--count", "HEAD")).toBe("1");
    expect(tryCommit(ground, "--no-verify").code).toBe(0);
  });

  test("put in place twice is the same hook, and taken away leaves nothing", async () => {
    const ground = await hooked();
    const { data } = await ground.json("hook", "install", "--dry-run");
    expect(data).toMatchObject({ hook: ground.hook, state: "missing", done: null });
    expect(fs.existsSync(ground.hook)).toBe(false);
    expect((await ground.json("hook", "install")).data.done).toBe("installed");
    expect(fs.readFileSync(ground.hook, "utf8")).toBe(data.text);
    const before = fs.statSync(ground.hook);
    expect((await ground.json("hook", "install")).data.done).toBe("unchanged");
    expect(fs.statSync(ground.hook)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
    expect((await ground.json("hook", "uninstall")).data.done).toBe("removed");
    expect((await ground.json("hook", "uninstall")).data.done).toBe("missing");
    expect(fs.readdirSync(path.dirname(ground.hook)).filter((name) => !name.endsWith(".sample"))).toEqual([]);
  });

  test("runs the hook that was there before first, loses nothing of it, and gives it its place back", async () => {
    const ground = await hooked();
    const text = foreign(ground.hook);
    await ground.must("hook", "install");
    await ground.must("hook", "install");
    expect(fs.readFileSync(ground.chained, "utf8")).toBe(text);
    const passed = tryCommit(ground);
    expect([passed.code, passed.err]).toEqual([0, expect.stringMatching(/theirs.*told/s)]);
    expect((await ground.json("hook", "uninstall")).data.done).toBe("restored");
    expect(fs.readFileSync(ground.hook, "utf8")).toBe(text);
    expect(fs.statSync(ground.hook).mode & 0o111).toBe(0o111);
    expect(fs.existsSync(ground.chained)).toBe(false);
  });

  test("does not ask when the hook before it refuses, nor run one that git would not have run", async () => {
    const ground = await hooked();
    foreign(ground.hook, 3);
    await ground.must("hook", "install");
    expect(tryCommit(ground).code).toBe(1);
    expect(ground.asked()).toEqual([]);
    fs.chmodSync(ground.chained, 0o644);
    expect(tryCommit(ground).code).toBe(0);
    expect(ground.asked()).toHaveLength(1);
  });

  test("keeps a hook that is a link, and the file it leads to", async () => {
    const ground = await hooked();
    const text = foreign(path.join(ground.folder, "tools", "check"));
    fs.mkdirSync(path.dirname(ground.hook), { recursive: true });
    fs.symlinkSync("../../tools/check", ground.hook);
    await ground.must("hook", "install");
    expect(tryCommit(ground).err).toMatch(/theirs.*told/s);
    await ground.must("hook", "uninstall");
    expect(fs.readlinkSync(ground.hook)).toBe("../../tools/check");
    expect(fs.readFileSync(path.join(ground.folder, "tools", "check"), "utf8")).toBe(text);
  });

  test("never takes the place of two hooks of somebody else, and never removes one", async () => {
    const ground = await hooked();
    foreign(ground.hook);
    await ground.must("hook", "install");
    const text = foreign(ground.hook, 5);
    const refused = await ground.json("hook", "install");
    expect([refused.code, refused.error.code]).toEqual([2, "USAGE"]);
    expect(refused.error.message).toContain(ground.chained);
    expect((await ground.json("hook", "uninstall")).data.done).toBe("not_ours");
    expect(fs.readFileSync(ground.hook, "utf8")).toBe(text);
    expect(fs.existsSync(ground.chained)).toBe(true);
  });

  test("goes on with an installation that was killed after the first hook got its second name", async () => {
    const ground = await hooked();
    const text = foreign(ground.hook);
    fs.linkSync(ground.hook, ground.chained);
    expect((await ground.json("hook", "install")).data.done).toBe("installed");
    expect(fs.readFileSync(ground.chained, "utf8")).toBe(text);
  });

  test("is written anew when the program moved, and made executable when it was not", async () => {
    const ground = await hooked();
    await ground.must("hook", "install");
    fs.appendFileSync(ground.hook, "# older\n");
    expect((await ground.json("hook", "install")).data.done).toBe("updated");
    fs.chmodSync(ground.hook, 0o644);
    expect((await ground.json("hook", "install")).data.done).toBe("updated");
    expect(tryCommit(ground).code).toBe(0);
    expect(ground.asked()).toHaveLength(1);
  });

  test("lies where core.hooksPath of the repository says, and never in a folder of all repositories", async () => {
    const ground = await hooked(".hooks");
    ground.git("config", "core.hooksPath", ".hooks");
    fs.appendFileSync(path.join(ground.folder, ".git/info/exclude"), ".hooks\n");
    await ground.must("hook", "install");
    expect(fs.existsSync(ground.hook)).toBe(true);
    expect(tryCommit(ground).code).toBe(0);
    expect(ground.asked()).toHaveLength(1);
    ground.git("config", "--unset", "core.hooksPath");
    const [shared, config] = ["everybody", "config"].map((name) =>
      path.join(path.dirname(ground.folder), name),
    ) as [string, string];
    fs.writeFileSync(config, `[core]\n\thooksPath = ${shared}\n`);
    // The command line asks git with a home alone, in which this is git's own file.
    fs.renameSync(config, path.join(path.dirname(ground.folder), ".gitconfig"));
    const refused = await ground.json("hook", "install");
    expect([refused.code, refused.error.code]).toEqual([2, "USAGE"]);
    expect(refused.error.message).toContain("global");
    expect(fs.existsSync(shared)).toBe(false);
  });

  test("is not put where commits carry it to people who do not have the program", async () => {
    const ground = await hooked(".hooks");
    ground.git("config", "core.hooksPath", ".hooks");
    const refused = await ground.json("hook", "install");
    expect([refused.code, refused.error.code]).toEqual([2, "USAGE"]);
    expect(fs.existsSync(ground.hook)).toBe(false);
    const [, command = ""] = /: (git config .*)$/.exec(refused.error.hint) ?? [];
    const lane = ground.worktree("lane-a");
    execFileSync("sh", ["-c", command], { cwd: lane.folder, env: ground.env });
    await lane.must("hook", "install");
    expect([tryCommit(ground).code, tryCommit(lane).code]).toEqual([0, 0]);
    expect(ground.asked()).toHaveLength(2);
  });

  test("holds the commit up, in words, when the program is found no more", async () => {
    const ground = await hooked();
    await ground.must("hook", "install");
    const bare = {
      ...ground.env,
      PATH: path.dirname(execFileSync("which", ["git"], { encoding: "utf8" }).trim()),
    };
    const { status, stderr } = spawnSync("git", ["commit", "--allow-empty", "-m", "work"], {
      cwd: ground.folder,
      env: bare,
      encoding: "utf8",
    });
    expect(status).toBe(1);
    expect(stderr).toContain("its program is not found");
    expect(stderr).toContain("npm i -g mission-ledger");
  });

  test("runs the very program it was made by while that is there, whatever its path holds", async () => {
    const ground = await hooked();
    const folder = path.join(path.dirname(ground.folder), "a 'quoted' $(touch x) `touch y`");
    fs.mkdirSync(folder);
    const script = path.join(folder, "mled.cjs");
    fs.writeFileSync(script, `console.error("ran", ...process.argv.slice(2)); process.exit(20);\n`);
    const text = hookText({
      program: [process.execPath, script],
      command: ["mled", "guard"],
      place: ["--ledger", "/a b/$(x)'"],
    });
    fs.mkdirSync(path.dirname(ground.hook), { recursive: true });
    fs.writeFileSync(ground.hook, text, { mode: 0o755 });
    const refused = tryCommit(ground);
    expect([refused.code, refused.err]).toEqual([1, "ran guard --staged --ledger /a b/$(x)'\n"]);
    fs.rmSync(script);
    expect(tryCommit(ground).code).toBe(0);
    expect(ground.asked().at(-1)).toContain("|guard|--staged|--ledger|/a b/$(x)'|");
    expect(fs.readdirSync(ground.folder).sort()).toEqual([".git", "readme"]);
  });

  test("of a program that has our commands under a name of its own asks that program", async () => {
    const text = hookText({ program: undefined, command: ["acme", "mission", "guard"], place: [] });
    expect(text).toContain("if command -v acme >/dev/null");
    expect(text).toContain("exec acme mission guard --staged >&2");
    expect(text).not.toContain("exec mled");
  });

  test("passes no name of a file to a shell", async () => {
    const ground = await hooked();
    await ground.must("hook", "install");
    for (const name of ["$(touch owned)", "`touch owned`", "-x", "a\nb", ";touch owned", "'"])
      ground.write({ [name]: "x\n" });
    ground.git("add", "--all");
    expect(tryCommit(ground).code).toBe(0);
    expect(ground.asked()).toEqual([`${ground.folder}|guard|--staged|`]);
    expect(fs.existsSync(path.join(ground.folder, "owned"))).toBe(false);
  });

  test("names the ledger it was installed for, but no server", async () => {
    const ground = await hooked();
    const other = path.join(path.dirname(ground.folder), "plan");
    await ground.must("init", "--ledger", other);
    const { data } = await ground.json("hook", "install", "--dry-run", "--ledger", other);
    expect(data.text).toContain(`guard --staged --ledger '${other}'`);
    const refused = await ground.json("hook", "install", "--store", "esdb://127.0.0.1:1?tls=false");
    expect([refused.code, refused.error.code]).toEqual([2, "USAGE"]);
  });

  test("outside of a repository is nowhere", async () => {
    const ground = await hooked();
    const outside = ground.at(path.dirname(ground.folder));
    for (const name of ["install", "uninstall"])
      expect((await outside.json("hook", name)).error.code).toBe("NOT_FOUND");
  });
});

import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { changedFiles, stagedFiles } from "../changes/changed-files.ts";
import { workTreeFiles } from "../changes/work-tree.ts";
import { commitsBetween } from "../commits/commits-between.ts";
import { readRepository } from "../repository/repository.ts";
import { newRepository, programOf, scratchFolder, testEnvironment } from "../testing/repositories.ts";
import { gitEnvironment } from "./environment.ts";
import { faultOfEnd, printableLine } from "./faults.ts";
import { fieldsOf } from "./fields.ts";
import { runGit } from "./run-git.ts";

const at = (program: string) => ({ cwd: scratchFolder(), env: testEnvironment, program });
/** What would keep this process alive. */
const held = () => process.getActiveResourcesInfo().filter((name) => /Pipe|Process/.test(name)).length;
const heldBefore = held();
const hangs = () => programOf("exec sleep 60");

describe("a run of git", () => {
  test("that does not end is ended at its time limit", async () => {
    await expect(runGit({ ...at(hangs()), timeoutMs: 50 }, ["status"])).rejects.toMatchObject({
      code: "GIT_TIMEOUT",
      retryable: true,
      outcome: "not_written",
      details: { command: "status", timeoutMs: 50 },
    });
  });

  test("that leaves a helper behind on its pipes is ended all the same", async () => {
    const program = programOf("sleep 150 & exec sleep 150");
    await expect(runGit({ ...at(program), timeoutMs: 50 }, ["status"])).rejects.toMatchObject({
      code: "GIT_TIMEOUT",
    });
    await expect.poll(held).toBe(heldBefore);
  });

  test("ends with the caller's signal, and does not begin after it", async () => {
    const caller = new AbortController();
    const running = runGit({ ...at(hangs()), signal: caller.signal }, ["status"]);
    setImmediate(() => caller.abort());
    await expect(running).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
    const mark = path.join(scratchFolder(), "mark");
    const place = { ...at(programOf(`touch '${mark}'`)), signal: caller.signal };
    await expect(runGit(place, ["status"])).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
    expect(fs.existsSync(mark)).toBe(false);
  });

  test("that answers more than is allowed fails instead of being cut", async () => {
    const place = at(programOf("printf 0123456789"));
    expect((await runGit({ ...place, maxOutputBytes: 10 }, ["status"])).stdout.toString()).toBe("0123456789");
    await expect(runGit({ ...place, maxOutputBytes: 9 }, ["status"])).rejects.toMatchObject({
      code: "GIT_LIMIT_EXCEEDED",
      details: { limit: 9 },
    });
  });

  test("of a program that is not there says so, also where the folder is not there either", async () => {
    const place = { cwd: "/no/such/folder", env: testEnvironment };
    await expect(runGit({ ...place, program: "/no/such/git" }, ["status"])).rejects.toMatchObject({
      code: "GIT_MISSING",
    });
    await expect(runGit(place, ["status"])).rejects.toMatchObject({ code: "GIT_NO_REPOSITORY" });
  });

  test("that was killed is no answer", async () => {
    await expect(runGit(at(programOf("kill -9 $$")), ["status"], { answers: [0, 1] })).rejects.toMatchObject({
      code: "GIT_FAILED",
      details: { status: -1, said: "killed by SIGKILL" },
    });
  });

  test("takes an absolute folder and words without NUL only", async () => {
    await expect(runGit({ cwd: "here" }, ["status"])).rejects.toThrow(TypeError);
    await expect(runGit({ cwd: "/" }, ["status", "a\0b"])).rejects.toThrow(TypeError);
  });

  test("sees of the environment only what it needs", async () => {
    const env = {
      PATH: process.env.PATH,
      HOME: "/home/ada",
      GIT_EXTERNAL_DIFF: "evil",
      GIT_CONFIG_COUNT: "1",
      GIT_SSH_COMMAND: "ssh -v",
      LD_PRELOAD: "evil",
      GIT_TRACE: "/tmp/trace",
      LC_ALL: "de_DE.UTF-8",
    };
    const { stdout } = await runGit({ ...at(programOf("/usr/bin/env")), env }, ["status"]);
    const seen = stdout.toString().split("\n");
    expect(seen.filter((line) => /evil|TRACE|COUNT|SSH|de_DE/.test(line))).toEqual([]);
    for (const line of ["HOME=/home/ada", "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0"])
      expect(seen).toContain(line);
    expect(gitEnvironment(env, "remote")).toMatchObject({ GIT_SSH_COMMAND: "ssh -v", GIT_ASKPASS: "" });
    expect(gitEnvironment({}, "repository")).toMatchObject({ GIT_ALLOW_PROTOCOL: "none" });
  });
});

describe("a repository whose configuration names programs", () => {
  test("runs none of them while facts are read", async () => {
    const repository = newRepository("hostile");
    const mark = path.join(scratchFolder(), "ran");
    const evil = programOf(`touch '${mark}'; cat`);
    const from = repository.commit("one", { "a.txt": "one\n", ".gitattributes": "* diff=evil\n" });
    const to = repository.commit("two", { "a.txt": "two\n" });
    for (const key of [
      "core.fsmonitor",
      "core.pager",
      "core.editor",
      "core.sshCommand",
      "diff.external",
      "diff.evil.command",
      "diff.evil.textconv",
      "gpg.program",
      "core.askPass",
      "alias.status",
      "alias.rev-parse",
    ])
      repository.git("config", key, key.startsWith("alias") ? `!${evil}` : evil);
    repository.git("config", "log.showSignature", "true");
    repository.git("config", "pager.status", "true");
    repository.git("config", "core.hooksPath", path.dirname(evil));
    for (const hook of ["post-index-change", "reference-transaction", "fsmonitor-watchman"])
      fs.copyFileSync(evil, path.join(path.dirname(evil), hook));
    repository.write({ "a.txt": "three\n" });
    await readRepository(repository.place);
    await changedFiles(repository.place, { from, to });
    await stagedFiles(repository.place);
    expect(await workTreeFiles(repository.place)).toHaveLength(1);
    await commitsBetween(repository.place, { to });
    expect(fs.existsSync(mark)).toBe(false);
  });

  test("writes nothing while facts are read, not even the index", async () => {
    const repository = newRepository();
    repository.commit("one", { "a.txt": "one\n" });
    const file = path.join(repository.folder, "a.txt");
    fs.utimesSync(file, 1, 1);
    const index = path.join(repository.folder, ".git/index");
    const before = fs.readFileSync(index);
    expect(await workTreeFiles(repository.place)).toEqual([]);
    await stagedFiles(repository.place);
    expect(fs.readFileSync(index).equals(before)).toBe(true);
  });
});

describe("what git said", () => {
  test("of a repository that somebody else owns is a fault of its own", async () => {
    const repository = newRepository();
    const program = programOf('GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec git "$@"');
    await expect(readRepository({ ...repository.place, program })).rejects.toMatchObject({
      code: "GIT_UNTRUSTED",
      hint: expect.stringContaining("safe.directory"),
    });
  });

  test.each([
    ["fatal: detected dubious ownership in repository at '/r'", "GIT_UNTRUSTED"],
    ["fatal: unsafe repository ('/r' is owned by someone else)", "GIT_UNTRUSTED"],
    ["fatal: cannot use bare repository '/r' (safe.bareRepository is 'explicit')", "GIT_UNTRUSTED"],
    ["fatal: not a git repository (or any of the parent directories): .git", "GIT_NO_REPOSITORY"],
    ["fatal: cannot change to '/r': No such file or directory", "GIT_NO_REPOSITORY"],
    ["fatal: this operation must be run in a work tree", "GIT_NO_WORK_TREE"],
    ["fatal: bad object 1111", "GIT_REVISION_MISSING"],
    ["fatal: Invalid symmetric difference expression 1...2", "GIT_REVISION_MISSING"],
    ["error: unknown option `z'\nusage: git worktree list [<options>]", "GIT_TOO_OLD"],
  ])("as %j has a code of its own", (said, code) => {
    expect(faultOfEnd({ cwd: "/r", command: "status", status: 128, said })).toMatchObject({
      code,
      outcome: "not_written",
      details: { cwd: "/r", command: "status" },
    });
  });

  test("that nobody foresaw stays readable, in one line and without passwords", () => {
    const said = "fatal: \u001b[31mno\u202e\nway to https://ada:secret@host/x";
    expect(faultOfEnd({ cwd: "/r", command: "status", status: 7, said })).toMatchObject({
      code: "GIT_FAILED",
      message: "git status ended with 7: fatal: ?[31mno? way to https://host/x",
    });
    expect(printableLine("x".repeat(1_000))).toHaveLength(501);
  });
});

describe("fields that end with NUL", () => {
  test("hold anything else, and are refused where the last one has no end", () => {
    const fields = fieldsOf(Buffer.from("a\n\0\0"), "status");
    expect([fields.peek(), fields.text(), fields.text(), fields.isAtEnd()]).toEqual(["a\n", "a\n", "", true]);
    expect(() => fields.next()).toThrow(expect.objectContaining({ code: "GIT_OUTPUT_UNREADABLE" }));
    expect(() => fieldsOf(Buffer.from("a\0b"), "status")).toThrow("does not end with NUL");
  });
});
